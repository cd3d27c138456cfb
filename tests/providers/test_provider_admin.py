"""Providers in the admin: lists without secrets, actions that do what they say."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from providers import monitored, recording
from providers.admin.chain import moved
from providers.demo.site import Site
from providers.exceptions import ConnectionFailed
from providers.models import ChainPlace, Provider, ProviderStatus, RequestLog
from tests.providers.costs import queries_of
from tests.providers.rows import provider, status


@pytest.fixture
def browser(providers: Site) -> Browser:
    admin = get_user_model().objects.create_superuser("admin", password="long enough 12")
    found = Browser()
    found.force_login(admin)
    return found


def test_lists_show_state_and_no_secrets(browser: Browser) -> None:
    row = Provider.objects.get(name="voe")
    row.custom_headers = {"Authorization": "Bearer s3cret"}
    row.save()
    monitored.record_download(
        "voe", successful=False, seconds=1, size=5, language="", error=ConnectionFailed("<script>alert(1)</script>")
    )
    recording.flush()
    for name in ("provider", "providerstatus", "requestlog"):
        for query in ("", "?q=voe", "?q=%00", "?o=1.2.3"):
            answer = browser.get(reverse(f"admin:providers_{name}_changelist") + query)
            text = answer.content.decode()
            assert answer.status_code == 200
            assert "s3cret" not in text
            assert "<script>alert(1)" not in text


def test_the_forms_open(browser: Browser) -> None:
    row = Provider.objects.get(name="demo")
    for model, key in (("provider", row.pk), ("providerstatus", ProviderStatus.objects.get(provider=row).pk)):
        assert browser.get(reverse(f"admin:providers_{model}_change", args=[key])).status_code == 200
    assert browser.get(reverse("admin:providers_provider_add")).status_code == 403


def act(browser: Browser, action: str, *names: str) -> str:
    keys = list(Provider.objects.filter(name__in=names).values_list("pk", flat=True))
    data: dict[str, Any] = {"action": action, "confirmed": "yes", "_selected_action": keys}
    answer = browser.post(reverse("admin:providers_provider_changelist"), data, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_actions(browser: Browser, providers: Site) -> None:
    act(browser, "disable", "voe", "vidoza")
    switched_off = set(Provider.objects.filter(enabled=False, kind="host").values_list("name", flat=True))
    assert switched_off == {"voe", "vidoza"}
    act(browser, "enable", "voe")
    assert Provider.objects.get(name="voe").enabled
    text = act(browser, "check_now", "demo", "aniworld", "filemoon")
    assert "Aniworld is not enabled" in text
    assert ProviderStatus.objects.get(provider__name="demo").status == "active"
    assert "no address" in text


def test_a_reset_forgives_and_forgets(browser: Browser) -> None:
    ProviderStatus.objects.filter(provider__name="voe").update(breaker="open", breaker_level=3, status="down")
    RequestLog.objects.create(provider=provider("voe"), action="resolve", successful=False, response_time_ms=5)
    act(browser, "reset", "voe")
    assert (status("voe").breaker, status("voe").status) == ("closed", "unknown")
    assert not RequestLog.objects.filter(provider__name="voe").exists()


def test_a_test_that_runs_already_is_told(browser: Browser) -> None:
    assert status("demo").begin_testing()
    assert "Demo is being checked already." in act(browser, "check_now", "demo")


@pytest.mark.parametrize("word", ["active", "down", "testing", "blocked", "unknown"])
def test_each_light_is_a_shape_and_a_word_too(browser: Browser, word: str) -> None:
    ProviderStatus.objects.filter(provider__name="voe").update(status=word)
    text = browser.get(reverse("admin:providers_provider_changelist") + "?q=voe").content.decode()
    shown = re.search(rf'<span class="light light--{word}"><svg .*?</svg>(\w+)</span>', text, re.DOTALL)
    assert shown
    assert shown[1].lower() == word


def test_the_list_costs_the_same_however_long(browser: Browser) -> None:
    address = reverse("admin:providers_provider_changelist")
    before = queries_of(lambda: browser.get(address))
    for number in range(6):
        row = Provider.objects.create(name=f"extra{number}", kind="host", display_name=f"Extra {number}")
        ProviderStatus.objects.create(provider=row)
    assert queries_of(lambda: browser.get(address)) <= before


def form_of(row: Provider, **changed: Any) -> dict[str, Any]:
    """What the browser sends of a provider's form."""
    record = status(row.name)
    names: tuple[str, ...] = ("display_name", "priority", "base_url", "timeout_seconds", "max_retries", "retry_delay")
    names += ("max_concurrent_downloads", "bandwidth_limit_mbps", "requests_per_minute")
    shown = {name: getattr(row, name) for name in names}
    checks: dict[str, Any] = {
        "TOTAL_FORMS": 1,
        "INITIAL_FORMS": 1,
        "MIN_NUM_FORMS": 0,
        "MAX_NUM_FORMS": 0,
        "0-id": record.pk,
        "0-provider": row.pk,
        "0-is_enabled": "on",
        "0-check_interval": record.check_interval,
        "0-max_consecutive_failures": record.max_consecutive_failures,
    }
    data = {name: "" if value is None else value for name, value in shown.items()}
    data |= {"enabled": "on", "custom_headers": "{}", "custom_params": "{}"}
    return {**data, **{f"status_record-{name}": value for name, value in checks.items()}, **changed}


def test_the_form_changes_what_was_changed_in_it_and_nothing_else(browser: Browser) -> None:
    row = provider("voe")
    data = form_of(
        row, max_concurrent_downloads=3, bandwidth_limit_mbps=12.5, **{"status_record-0-check_interval": 1440}
    )
    # Both come from elsewhere while the form is open.
    Provider.objects.filter(pk=row.pk).update(priority=7)
    ProviderStatus.objects.filter(provider=row).update(breaker="open", breaker_level=2)
    data["priority"] = 7
    answer = browser.post(reverse("admin:providers_provider_change", args=[row.pk]), data)
    assert answer.status_code == 302, answer.content.decode()
    row = provider("voe")
    assert (row.max_concurrent_downloads, row.bandwidth_limit_mbps, row.priority) == (3, 12.5, 7)
    assert (status("voe").check_interval, status("voe").breaker, status("voe").breaker_level) == (1440, "open", 2)


def test_wrong_values_in_the_form_are_told(browser: Browser) -> None:
    row = provider("voe")
    data = form_of(row, timeout_seconds=0, base_url="ftp://x", **{"status_record-0-check_interval": 7})
    answer = browser.post(reverse("admin:providers_provider_change", args=[row.pk]), data)
    assert answer.status_code == 200
    assert "Allowed is 1 to 600" in answer.content.decode()
    assert provider("voe").timeout_seconds is None


def test_a_provider_s_page_draws_and_tells_how_it_does(browser: Browser) -> None:
    row = provider("voe")
    for successful in (True, True, False):
        RequestLog.objects.create(
            provider=row, action="resolve", successful=successful, response_time_ms=120, error_message="<b>gone</b>"
        )
    ProviderStatus.objects.filter(provider=row).update(
        breaker="open", breaker_level=4, open_until=timezone.now() + timedelta(hours=1)
    )
    text = browser.get(reverse("admin:providers_provider_change", args=[row.pk])).content.decode()
    assert text.count('<svg class="drawing') == 4
    assert "Please correct the error" not in text
    assert "66.6 % of 3 requests succeeded" in text
    assert "Rests after failures (step 4) until" in text
    assert "&lt;b&gt;gone&lt;/b&gt;" in text
    assert "<b>gone</b>" not in text


CHAIN = "/admin/providers/provider/chain/"


def hosts(browser: Browser, query: str = "") -> list[str]:
    """The hosts in the order in which the page shows them."""
    answer = browser.get(CHAIN + query)
    assert answer.status_code == 200
    return re.findall(r'name="names" value="([^"]+)"', answer.content.decode())


def test_the_order_of_hosts_is_changed_by_dragging_and_by_buttons(browser: Browser) -> None:
    first, second, *others = hosts(browser)
    browser.post(CHAIN, {"names": [second, first, *others]})
    assert hosts(browser)[:2] == [second, first]
    browser.post(CHAIN, {"names": hosts(browser), "move": f"down:{second}"})
    assert hosts(browser)[:2] == [first, second]
    browser.post(CHAIN, {"leave_out": first})
    assert first not in hosts(browser)
    browser.post(CHAIN, {"take_in": first})
    assert first in hosts(browser)


def test_a_language_has_an_order_of_its_own(browser: Browser) -> None:
    before = hosts(browser)
    wanted = list(reversed(before))
    answer = browser.post(CHAIN, {"names": wanted, "language": "German Dub"})
    assert "language=German+Dub" in answer["Location"]
    assert hosts(browser, "?language=German Dub") == wanted
    assert hosts(browser) == before
    assert ChainPlace.objects.filter(language="German Dub").count() == len(wanted)


@pytest.mark.parametrize(
    "data", [{}, {"names": ["nobody"]}, {"names": ["demo"]}, {"leave_out": "x\x00"}, {"move": "up"}]
)
def test_odd_orders_change_nothing(browser: Browser, data: dict[str, Any]) -> None:
    before = hosts(browser)
    assert browser.post(CHAIN, data, follow=True).status_code == 200
    assert hosts(browser) == before


def test_only_administrators_of_providers_see_the_order(browser: Browser, django_user_model: Any) -> None:
    django_user_model.objects.create_user("clerk", password="long enough 12", is_staff=True)
    clerk = Browser()
    clerk.login(username="clerk", password="long enough 12")
    assert clerk.get(CHAIN).status_code == 403
    assert clerk.post(CHAIN, {"names": ["voe"]}).status_code == 403


@pytest.mark.parametrize(
    ("step", "order"),
    [
        ("up:b", "bac"),
        ("down:b", "acb"),
        ("up:a", "abc"),
        ("down:c", "abc"),
        ("", "abc"),
        ("up:x", "abc"),
        ("a", "abc"),
    ],
)
def test_one_step_at_a_time(step: str, order: str) -> None:
    assert "".join(moved(list("abc"), step)) == order
