"""Webhooks: retries, their order and end, what is remembered, and that nobody is disturbed."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from aniworld import clock
from aniworld.alerts.models import Alert
from aniworld.alerts.models import Delivery as AlertDelivery
from aniworld.audit.models import Change
from aniworld.live.models import LogReader
from aniworld.live.publish import publish
from aniworld.retried import Retried
from integrations import outgoing, rounds
from integrations.media_servers.models import Notice
from integrations.tasks import prune
from integrations.webhooks import delivering
from integrations.webhooks.models import Delivery, Webhook
from tests.aniworld.people import Api, signed_in, user
from tests.integrations.conftest import webhook
from tests.integrations.receiving import Receiver, plain

pytestmark = pytest.mark.django_db


def tell() -> None:
    """What `up` and a worker do one after the other."""
    delivering.look()
    delivering.deliver()


def happen(count: int = 1) -> None:
    for _ in range(count):
        publish("download_complete", {"key": "show", "name": "Show", "season": 1, "episode": 2})


def due_now() -> None:
    """As if every pause were over."""
    Delivery.objects.filter(state="waiting").update(next_attempt_at=timezone.now())
    Webhook.objects.update(rests_until=None)


def answers(status: int, **headers: str) -> Callable[[Any], Any]:
    return lambda _request: (status, headers, b"no")


def test_only_what_was_asked_for_is_sent(other: Receiver) -> None:
    webhook(other, events=["series_added"])
    happen()
    publish("series_added", {"key": "show", "name": "Show"})
    publish("download_progress", {"key": "show"})
    tell()
    assert [one.json["event"] for one in other.received] == ["series_added"]


def test_one_that_fails_is_tried_for_a_day_with_growing_delay(other: Receiver) -> None:
    webhook(other)
    other.answer = answers(500)
    happen()
    waits: list[timedelta] = []
    while True:
        tell()
        row = Delivery.objects.get()
        if row.state != "waiting":
            break
        waits.append(row.next_attempt_at - timezone.now())
        # Time passes for it, too.
        Delivery.objects.update(begun_at=row.begun_at - waits[-1])
        due_now()
    minutes = [round(wait.total_seconds() / 60, 1) for wait in waits]
    assert minutes == sorted(minutes)
    assert minutes == pytest.approx([pause.total_seconds() / 60 for pause in Delivery.PAUSES], abs=0.2)
    assert timedelta(hours=23) < sum(waits, timedelta()) <= timedelta(days=1)
    assert (row.state, len(other.received)) == ("failed", len(waits) + 1)
    assert [one["status"] for one in row.tries] == [500] * len(row.tries)
    assert row.tries[-1]["answer"] == "no"


def test_every_try_is_the_same_message(other: Receiver) -> None:
    webhook(other)
    other.answer = answers(503)
    happen()
    tell()
    due_now()
    other.answer = plain
    tell()
    first, second = other.received
    assert first.body == second.body
    assert first.headers["X-Aniworld-Delivery"] == second.headers["X-Aniworld-Delivery"]
    assert Delivery.objects.get().state == "sent"


@pytest.mark.parametrize("trouble", ["refused", "silent", "endless", "500"])
def test_each_kind_of_trouble_ends_and_is_said(other: Receiver, trouble: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "TIME_LIMIT", 0.7)
    hook = webhook(other, address=f"{other.url}/services/T0/t0ken")
    if trouble == "refused":
        other.go_away()
    elif trouble == "500":
        other.answer = answers(500)
    else:
        other.fault = trouble
    happen()
    began = time.monotonic()
    tell()
    assert time.monotonic() - began < 5
    row = Delivery.objects.get()
    if trouble == "endless":
        # It took the message, and said so; what it says beyond that nobody waits for.
        assert row.state == "sent"
        return
    said = {"refused": "No connection", "silent": "did not answer in time", "500": "HTTP status 500"}
    assert said[trouble] in row.reason
    assert "t0ken" not in row.reason, "the path of its address may be what opens it"
    hook.refresh_from_db()
    assert (hook.last_error, hook.failures) == (row.reason, 1)
    assert hook.rests_until is not None


def test_one_that_refuses_a_single_message_still_gets_the_others(other: Receiver) -> None:
    webhook(other)
    other.answer = lambda request: (400 if request.json["data"].get("bad") else 200, {}, b"")
    publish("download_complete", {"bad": True})
    happen(2)
    tell()
    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["sent", "sent", "waiting"]


def test_429_says_when_to_come_again(other: Receiver) -> None:
    webhook(other)
    other.answer = answers(429, **{"Retry-After": "600"})
    happen()
    tell()
    wait = Delivery.objects.get().next_attempt_at - timezone.now()
    assert timedelta(seconds=590) < wait <= timedelta(seconds=600)


def test_410_is_an_end(other: Receiver) -> None:
    webhook(other)
    other.answer = answers(410)
    happen()
    tell()
    assert Delivery.objects.get().state == "failed"


def test_one_that_is_back_gets_what_waited(other: Receiver) -> None:
    hook = webhook(other)
    other.answer = answers(500)
    happen(3)
    tell()
    other.answer = plain
    assert delivering.try_out(hook).ok
    tell()
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}


def test_one_that_fails_for_days_is_switched_off_with_an_alert(other: Receiver) -> None:
    hook = webhook(other)
    other.answer = answers(500)
    happen()
    tell()
    Webhook.objects.update(failing_since=timezone.now() - timedelta(days=4), failures=5)
    due_now()
    tell()
    hook.refresh_from_db()
    assert hook.enabled
    assert not Alert.objects.exists()
    Webhook.objects.update(failures=20)
    due_now()
    tell()
    assert not Webhook.objects.get(pk=hook.pk).enabled
    alert = Alert.objects.get()
    assert (alert.kind, alert.body) == ("integration_failed", "It answered with HTTP status 500.")
    assert "hook" in alert.title
    asked = len(other.received)
    happen()
    due_now()
    tell()
    assert len(other.received) == asked
    other.answer = plain
    Webhook.objects.get().switch(on=True)
    hook = Webhook.objects.get()
    assert (hook.failures, hook.failing_since) == (0, None)
    tell()
    assert Delivery.objects.get().state == "sent"


def test_send_again_sends_it_once_more(other: Receiver, admin: Api) -> None:
    hook = webhook(other)
    happen()
    tell()
    row = Delivery.objects.get()
    address = f"/api/integrations/webhooks/{hook.pk}/deliveries"
    again = admin.call("post", f"{address}/{row.pk}/send-again")
    assert (again.status_code, again.json()["state"]) == (202, "waiting")
    tell()
    assert len(other.received) == 2
    [shown] = admin.call("get", address).json()["items"]
    assert [one["status"] for one in shown["tries"]] == [200, 200]
    assert admin.call("post", f"{address}/999/send-again").status_code == 404


def test_what_can_t_be_begun_within_the_lease_is_left_to_another_round(
    other: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook(other)
    happen(3)
    with monkeypatch.context() as slow:
        slow.setattr(rounds, "BEGUN_WITHIN", -1.0)
        tell()
    assert other.received == []
    assert set(Delivery.objects.values_list("state", "attempts", "lease_until")) == {("waiting", 0, None)}
    tell()
    assert len(other.received) == 3


@pytest.mark.parametrize("kind", [Delivery, Notice, AlertDelivery])
def test_what_is_written_down_is_due_by_the_clock_that_is_asked(kind: type[Retried]) -> None:
    """A machine whose own clock is ahead would have what it writes down sent later."""
    names = {"next_attempt_at", "begun_at"}
    defaults = [field.default for field in kind._meta.concrete_fields if field.name in names]
    assert defaults
    assert all(default is clock.now for default in defaults)


def test_an_event_is_not_noted_twice(other: Receiver) -> None:
    webhook(other)
    happen()
    delivering.look()
    # As after a restore: the place in the log is an older one.
    LogReader.objects.update(position=0)
    delivering.look()
    assert Delivery.objects.count() == 1


def test_what_is_remembered_is_bounded(other: Receiver) -> None:
    hook = webhook(other)
    other.answer = lambda _request: (200, {}, b"x" * 100_000)
    publish("download_complete", {"name": "N" * 100_000, "key": "k", "list": ["y" * 9000] * 500})
    tell()
    row = Delivery.objects.get()
    assert len(row.tries[0]["answer"]) == outgoing.LONGEST_KEPT
    assert len(other.received[0].body) < 250_000
    old = timezone.now() - timedelta(days=31)
    Delivery.objects.update(updated_at=old)
    happen()
    tell()
    prune()
    assert Delivery.objects.count() == 1
    Delivery.objects.bulk_create(Delivery(receiver=hook, event="x", happened_at=old, state="sent") for _ in range(1005))
    prune()
    assert Delivery.objects.count() == 1000


def test_neither_address_nor_secret_is_ever_told(other: Receiver, admin: Api, client: Any) -> None:
    body = {"name": "h", "address": f"{other.url}/t0ken", "secret": "s1gn", "events": ["scan_failed"]}
    made = admin.call("post", "/api/integrations/webhooks", body)
    assert made.status_code == 201, made.content
    pk = made.json()["id"]
    assert made.json()["place"] == other.host
    admin.call("patch", f"/api/integrations/webhooks/{pk}", {"secret": "s1gn2", "address": f"{other.url}/t0ken2"})
    client.force_login(user("boss"))
    pages = [f"/admin/webhooks/webhook/{pk}/change/", "/admin/webhooks/webhook/", "/admin/audit/change/"]
    shown = [client.get(page).content.decode() for page in pages]
    shown += [made.content.decode(), str([row.changes for row in Change.objects.all()])]
    assert Change.objects.count() == 2
    assert not [text for text in shown if "t0ken" in text or "s1gn" in text]
    kept = {"name": "h2", "format": "json", "address": "", "secret": "", "events": ["scan_failed"], "enabled": "on"}
    assert client.post(pages[0], kept).status_code == 302
    row = Webhook.objects.get()
    assert (row.name, row.secret, row.address) == ("h2", "s1gn2", f"{other.url}/t0ken2")
    assert client.post(pages[0], {**kept, "secret": "-"}).status_code == 302
    assert Webhook.objects.get().secret == ""


def test_the_admin_tests_and_switches(other: Receiver, client: Any) -> None:
    hook = webhook(other)
    client.force_login(user("boss"))
    chosen = {"_selected_action": [hook.pk]}
    page = client.post("/admin/webhooks/webhook/", {"action": "test", **chosen}, follow=True).content.decode()
    assert "It arrived." in page
    assert other.received[0].json["event"] == "test"
    other.answer = answers(500)
    page = client.post("/admin/webhooks/webhook/", {"action": "test", **chosen}, follow=True).content.decode()
    assert "It answered with HTTP status 500." in page
    client.post("/admin/webhooks/webhook/", {"action": "disable", **chosen})
    hook.refresh_from_db()
    assert not hook.enabled


def test_only_administrators_see_any_of_it(other: Receiver) -> None:
    hook = webhook(other)
    member = signed_in(user("member", staff=False))
    for method, path in (("get", ""), ("post", f"/{hook.pk}/test"), ("get", f"/{hook.pk}/deliveries")):
        assert member.call(method, f"/api/integrations/webhooks{path}").status_code == 403
    assert member.call("get", "/api/integrations/media-servers").status_code == 403
    assert other.received == []


@pytest.mark.parametrize(
    "wrong", [{"events": ["nothing"]}, {"events": []}, {"format": "x"}, {"address": "file:///etc"}, {"name": " "}]
)
def test_a_wrong_webhook_is_refused_with_its_reason(admin: Api, wrong: dict[str, Any]) -> None:
    body = {"name": "h", "address": "https://example.org/", "events": ["scan_failed"], **wrong}
    answer = admin.call("post", "/api/integrations/webhooks", body)
    assert answer.status_code == 422
    assert next(iter(wrong)) in str(answer.json()["detail"])
