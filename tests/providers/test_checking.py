"""Checks: which are due, how many at once, what they say while they run and after, and what they never do."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol

import pytest
from django.db import connections
from django.utils import timezone
from django.utils.module_loading import import_string
from pytest_django import Settings

from aniworld import schedules
from aniworld.accounts.models import Preferences, User
from aniworld.alerts.models import Alert
from aniworld.configuration import store
from aniworld.live.models import Event
from aniworld.refusals import Conflict, Invalid
from providers import asking, checking, registry
from providers.demo.site import Site
from providers.exceptions import TimedOut
from providers.models import Provider, ProviderStatus
from providers.monitored import MonitoredCatalogue
from tests.providers.conftest import Script, Scripted, answer
from tests.providers.rows import demo_sources, provider, requests_of, status
from tests.running import eventually

Servers = Callable[[Script | bytes], Scripted]
pytestmark = pytest.mark.django_db(transaction=True)


class Place(Protocol):
    """Says where hosts are; every other provider is left out of checks."""

    def __call__(self, *names: str, address: str) -> None: ...


@pytest.fixture
def place(providers: Site, settings: Settings) -> Place:

    settings.ALLOWED_PRIVATE_HOSTS = ["127.0.0.1"]

    def put(*names: str, address: str) -> None:
        ProviderStatus.objects.exclude(provider__name__in=names).update(is_enabled=False)
        for name in names:
            row = provider(name)
            row.base_url = address
            row.save()

    return put


def _events(name: str) -> list[tuple[str, str]]:
    rows = Event.objects.filter(room="providers", data__provider_id=name).order_by("id")
    return [(row.type, row.data["status"]) for row in rows]


def test_all_are_checked_and_say_so(providers: Site) -> None:
    assert checking.check_all() == "4 providers checked"
    assert {name: status(name).status for name in ("demo", "demo-file", "demo-hls", "voe")} == {
        "demo": "active",
        "demo-file": "active",
        "demo-hls": "active",
        "voe": "unknown",
    }
    assert _events("demo") == [("provider_status", "testing"), ("provider_status", "active")]
    assert _events("voe") == []
    record = Event.objects.filter(data__provider_id="demo").latest("id").data
    assert (record["provider_name"], record["breaker"], record["total_checks"]) == ("Demo", "closed", 1)
    assert record["uptime_percentage"] == 100
    assert [line.action for line in requests_of("demo")] == ["check"]
    assert checking.check_due() == "0 providers checked"


def test_what_is_disabled_or_not_wanted_is_not_checked(providers: Site) -> None:
    provider("demo").disable()
    status("demo-file").set_checking(is_enabled=False)
    checking.check_all()
    assert (status("demo").last_check, status("demo-file").last_check) == (None, None)
    assert status("demo-hls").last_check is not None


def test_one_is_due_at_the_shortest_interval_anybody_asks_for(providers: Site) -> None:
    checking.check_all()

    def last_check(**ago: float) -> None:
        ProviderStatus.objects.update(last_check=timezone.now() - timedelta(**ago))

    last_check(minutes=59)
    assert checking.check_due() == "0 providers checked"
    user = User.objects.create_user("somebody", password="x")
    Preferences.objects.create(user=user, check_interval=30)
    status("demo").set_checking(check_interval=43200)
    last_check(minutes=31)
    assert checking.check_due() == "4 providers checked"
    user.is_active = False
    user.save()
    last_check(minutes=61)
    assert checking.check_due() == "3 providers checked"
    for wrong in (0, 31, 45, -60):
        with pytest.raises(Invalid):
            status("demo").set_checking(check_interval=wrong)
    with pytest.raises(Invalid):
        status("demo").set_checking(max_consecutive_failures=0)


def test_the_work_is_regular_and_begins_by_itself(providers: Site) -> None:
    regular = {task.function: task.minutes for task in schedules.REGULAR}
    assert regular["providers.tasks.check_due"] == 1
    assert import_string("providers.tasks.check_due")() == "4 providers checked"
    assert import_string("providers.tasks.check_all")() == "4 providers checked"


def test_what_has_no_address_is_never_called_checked(providers: Site) -> None:
    checking.check_all()
    record = status("voe")
    assert record.last_check is None
    assert "no address" in record.error_message
    checking.check_all()
    assert status("voe").updated_at == record.updated_at


def test_a_check_that_hangs_is_given_up_and_no_more_than_allowed_run(place: Place, scripted: Servers) -> None:
    lock, running, most = threading.Lock(), 0, 0
    over = threading.Event()

    def script(_head: str, to: socket.socket) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        over.wait(20)
        to.sendall(answer(b"late"))

    names = ("voe", "vidoza", "vidmoly", "filemoon")
    Provider.objects.update(timeout_seconds=60, max_retries=1)
    store.change({"providers": {"check_timeout_seconds": 1, "check_concurrency": 2}})
    place(*names, address=scripted(script).address)
    began = time.monotonic()
    assert checking.check_all() == "4 providers checked"
    assert time.monotonic() - began < 15
    assert most == 4, "the server still holds those that were given up"
    over.set()
    assert [status(name).consecutive_failures for name in names] == [1, 1, 1, 1]
    assert all("within 1 seconds" in status(name).error_message for name in names)
    testing = Event.objects.filter(type="provider_status").order_by("id").values_list("data__status", flat=True)
    at_once = 0
    for state in testing:
        at_once += 1 if state == "testing" else -1
        assert at_once <= 2


def test_a_check_that_is_given_up_asks_nobody_again(place: Place, scripted: Servers) -> None:
    over = threading.Event()

    def script(_head: str, _to: socket.socket) -> None:
        over.wait(20)

    server = scripted(script)
    Provider.objects.update(timeout_seconds=60, max_retries=5, retry_delay=0)
    store.change({"providers": {"check_timeout_seconds": 1}})
    place("voe", address=server.address)
    assert "within 1 seconds" in checking.check("voe").error_message
    over.set()
    eventually(lambda: all(thread.name != "check-voe" for thread in threading.enumerate()), 10, "the end of the check")
    assert len(server.heads) == 1


def test_a_round_that_reaches_nobody_blames_nobody(place: Place, scripted: Servers) -> None:
    names = ("voe", "vidoza", "vidmoly", "filemoon", "loadx")
    server = scripted(answer(b"fine"))
    place(*names, address=server.address)
    Provider.objects.update(max_retries=1)
    store.change({"providers": {"check_concurrency": 2}})
    server.close()
    for _round in range(4):
        assert checking.check_all() == "5 providers checked"
    for name in names:
        record = status(name)
        assert (record.status, record.consecutive_failures, record.breaker_level) == ("unknown", 0, 0)
        assert record.last_check is not None


def test_it_is_testing_meanwhile_and_who_else_asks_waits_for_the_outcome(place: Place, scripted: Servers) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def script(_head: str, to: socket.socket) -> None:
        asked.set()
        go_on.wait(20)
        to.sendall(answer(b"fine"))

    server = scripted(script)
    place("voe", address=server.address)
    outcomes: list[str] = []
    queries = [0, 0, 0]

    def work(number: int) -> None:
        def counted(execute: Any, *rest: Any) -> Any:
            queries[number] += 1
            return execute(*rest)

        with connections["default"].execute_wrapper(counted):
            outcomes.append(checking.check("voe").status)
        connections.close_all()

    threads = [threading.Thread(target=work, args=[number]) for number in range(3)]
    for thread in threads:
        thread.start()
    assert asked.wait(10)
    assert (status("voe").status, status("voe").known_status) == ("testing", "unknown")
    assert checking.check_due() == "0 providers checked"
    # Who waits looks again and again; who asks holds still.
    eventually(lambda: sum(count > 12 for count in queries) == 2, 20, "two that wait")
    go_on.set()
    for thread in threads:
        thread.join()
    assert outcomes == ["active"] * 3
    assert len(server.heads) == 1


def test_a_check_whose_process_was_killed_is_taken_back(providers: Site) -> None:
    record = status("demo")
    record.begin_testing()
    ProviderStatus.objects.filter(pk=record.pk).update(
        testing_since=timezone.now() - timedelta(minutes=10), is_enabled=False
    )
    checking.check_due()
    assert (status("demo").status, _events("demo")[-1]) == ("unknown", ("provider_status", "unknown"))


def test_one_that_was_killed_during_its_check_can_be_tested_without_any_worker(providers: Site) -> None:
    record = status("demo")
    record.begin_testing()
    with pytest.raises(Conflict):
        asking.check_now(provider("demo"))
    ProviderStatus.objects.filter(pk=record.pk).update(testing_since=timezone.now() - timedelta(minutes=10))
    assert asking.check_now(provider("demo")).status == "active"


def test_an_error_of_this_program_leaves_no_check_behind(providers: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_given: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(MonitoredCatalogue, "check", broken)
    with pytest.raises(RuntimeError):
        checking.check("demo")
    assert (status("demo").status, status("demo").testing_since) == ("unknown", None)
    checking.check_all()
    assert status("demo").status == "unknown"


def test_going_down_and_coming_back_are_told_once(providers: Site) -> None:
    checking.check("demo")
    providers.faults.set("demo", {"fault": 500})
    for _number in range(5):
        checking.check("demo")
    providers.faults.set("demo", {"fault": "login"})
    checking.check("demo")
    providers.faults.clear()
    checking.check("demo")
    kinds = [event for event, _status in _events("demo")]
    assert (kinds.count("provider_down"), kinds.count("provider_recovered")) == (1, 1)
    down = Event.objects.get(type="provider_down").data
    assert (down["status"], down["consecutive_failures"]) == ("down", 3)
    assert list(Alert.objects.order_by("id").values_list("kind", flat=True)) == ["provider_down", "provider_recovered"]


def test_the_last_host_of_a_language_is_told_of(providers: Site) -> None:
    sources = demo_sources()
    for source in sources:
        registry.host(source.host).resolve(source.link, source.language)
        requests_of(source.host)
    for name in ("demo-file", "demo-hls", "demo-aes"):
        assert not Alert.objects.filter(kind="language_down").exists()
        providers.faults.set(name, {"fault": 500, "stage": "page"})
        ProviderStatus.objects.filter(provider__name=name).update(status="active", settled_status="active")
        provider(name).save()
        record = status(name)
        record.set_checking(max_consecutive_failures=1)
        record.record_check(TimedOut("No answer."), 1)
    told = Alert.objects.filter(kind="language_down")
    assert {alert.about for alert in told} == {source.language.value for source in sources}


def test_a_host_without_an_address_is_asked_where_it_was_last_found(
    providers: Site, scripted: Servers, settings: Settings
) -> None:
    page = b'<video src="/film.mp4"></video>'

    def script(head: str, to: socket.socket) -> None:
        path = head.split(" ")[1]
        if path == "/e/1":
            to.sendall(answer(page, "200 OK", "Content-Type: text/html"))
        elif path == "/film.mp4":
            to.sendall(answer(b"\0\0\0\x18ftypmp42" + bytes(100), "200 OK", "Content-Type: video/mp4"))
        else:
            to.sendall(answer(b"", "404 Not Found"))

    server = scripted(script)
    assert checking.check("voe").status == "unknown"
    settings.ALLOWED_PRIVATE_HOSTS = ["127.0.0.1"]
    registry.host("voe").resolve(f"{server.address}/e/1")
    assert status("voe").seen_at == server.address
    record = checking.check("voe")
    assert (record.status, record.successful_checks) == ("active", 1)
    server.close()
    assert checking.check("voe").consecutive_failures == 1
    assert len(requests_of("voe")) == 3
