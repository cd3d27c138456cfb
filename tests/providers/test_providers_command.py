"""`manage.py providers`: what it prints, what it changes, and its exit codes."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from aniworld.configuration import store
from aniworld.live.models import Event
from providers import monitored, recording
from providers.demo.site import Site
from providers.exceptions import ConnectionFailed
from providers.models import Provider, ProviderStatus
from tests.providers.rows import provider, status


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("providers", *arguments, stdout=out)
    return out.getvalue()


def lines(*arguments: str) -> dict[str, Any]:
    return {line["name"]: line for line in json.loads(run(*arguments, "--json"))}


def code_of(*arguments: str) -> int:
    with pytest.raises(CommandError) as error:
        run(*arguments)
    return error.value.returncode


def test_the_list_tells_all_or_one(providers: Site) -> None:
    found = lines("list")
    assert set(found) == set(Provider.objects.values_list("name", flat=True))
    assert found["demo"]["health"]["total_requests"] == 0
    assert set(lines("list", "voe")) == {"voe"}
    assert "Unknown" in run("list", "voe")


def test_enable_and_disable(providers: Site) -> None:
    assert lines("disable", "voe")["voe"]["light"] == "off"
    assert not provider("voe").enabled
    assert lines("enable", "voe")["voe"]["enabled"] is True


@pytest.mark.django_db(transaction=True)
def test_a_check_asks_and_its_exit_code_tells(providers: Site) -> None:
    assert lines("check", "demo")["demo"]["status"] == "active"
    Provider.objects.exclude(name__startswith="demo").update(enabled=False)
    Provider.forget()
    assert {line["status"] for line in lines("check").values()} == {"active"}
    providers.faults.set("demo", {"fault": 500})
    assert code_of("check", "demo") == 1


@pytest.mark.django_db(transaction=True)
def test_a_check_of_all_asks_several_at_a_time(providers: Site) -> None:
    Provider.objects.exclude(name__startswith="demo").update(enabled=False)
    Provider.forget()
    providers.faults.set("demo", {"fault": "timeout"})
    store.change({"providers": {"timeout_seconds": 60, "check_timeout_seconds": 1}})
    assert code_of("check") == 1
    assert "within 1 seconds" in status("demo-aes").error_message
    told = Event.objects.filter(type="provider_status").order_by("id").values_list("data__status", flat=True)
    assert list(told)[:4] == ["testing"] * 4, "one after the other"


def test_a_reset_forgives_and_forgets(providers: Site) -> None:
    monitored.record_download("voe", successful=False, seconds=1, size=5, language="", error=ConnectionFailed("gone"))
    recording.flush()
    ProviderStatus.objects.filter(provider__name="voe").update(
        breaker="open", breaker_level=4, consecutive_failures=3, error_message="gone", status="down"
    )
    shown = lines("reset", "voe")["voe"]
    assert (shown["status"], shown["breaker"], shown["error"]) == ("unknown", "closed", "")
    assert shown["health"]["total_requests"] == 0
    assert (status("voe").breaker_level, status("voe").consecutive_failures) == (0, 0)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("enable",), 2),
        (("disable",), 2),
        (("reset",), 2),
        (("fly",), 1),
        (("list", "nobody"), 1),
        (("check", "aniworld"), 1),
        (("check", "voe"), 1),
        (("reset", "nobody"), 1),
    ],
)
def test_wrong_use_and_failures_have_their_exit_codes(providers: Site, arguments: tuple[str, ...], code: int) -> None:
    assert code_of(*arguments) == code


def test_what_providers_say_is_not_taken_for_markup(providers: Site) -> None:
    ProviderStatus.objects.filter(provider__name="voe").update(error_message="[red]odd[/nonsense]")
    assert "[red]" in run("list", "voe").replace("\n", "")
