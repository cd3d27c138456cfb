"""The verbs of `/api/queue`: switches, cancelling, clearing, retrying, ordering, and undoing them."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from aniworld.live.models import Event
from downloads import queue
from downloads.models import QueueItem, Undo
from library.models import Series
from tests.aniworld.people import Api
from tests.downloads.queue_api.calls import NOTHING, SWITCHES, Status, ended, queued, status_of, told


@pytest.mark.parametrize(
    ("verb", "switches", "event"),
    [
        ("stop", {"is_running": False, "is_paused": False}, "queue_stopped"),
        ("pause", {"is_running": True, "is_paused": True}, "queue_paused"),
    ],
)
def test_switches_are_idempotent_and_told_of_once(api: Api, verb: str, switches: dict[str, bool], event: str) -> None:
    for _time in range(2):
        assert api.call("post", f"/api/queue/{verb}").json() == switches
    back, told = {"stop": ("start", "queue_started"), "pause": ("resume", "queue_resumed")}[verb]
    for _time in range(2):
        assert api.call("post", f"/api/queue/{back}").json() == SWITCHES
    assert list(Event.objects.order_by("id").values_list("type", flat=True)) == [event, told]


def test_start_after_a_pause_begins_new_downloads(api: Api) -> None:
    for verb in ("pause", "stop"):
        api.call("post", f"/api/queue/{verb}")
    assert api.call("post", "/api/queue/start").json() == SWITCHES == {"is_running": True, "is_paused": False}
    assert list(Event.objects.order_by("id").values_list("type", flat=True))[-2:] == ["queue_started", "queue_resumed"]


def test_stop_puts_what_downloads_back_with_its_bytes(api: Api, series: Series) -> None:
    [pk] = queued(api, series, 1)
    item = QueueItem.objects.claim_next("one:1", limit=1, own_limit=1)
    assert item
    item.report(downloaded=70, total=100, speed=5, percent=70)
    api.call("post", "/api/queue/stop")
    row = QueueItem.objects.get(pk=pk)
    assert (row.status, row.downloaded_bytes, row.token, row.download_speed) == ("pending", 70, "", 0)
    assert not item.is_leased()


def test_cancelling_is_told_of_and_can_be_undone(api: Api, series: Series) -> None:
    first, second = queued(api, series, 1, 2)
    answer = api.call("delete", "/api/queue/", {"item_ids": [second, 4711, second]})
    assert (answer.status_code, answer.json()["removed"], answer.json()["missing"]) == (200, 1, [4711])
    assert status_of(second) == "cancelled"
    assert told("items_removed")["removed_ids"] == [second]
    assert Event.objects.get(type="download_cancelled").data["item_id"] == second
    undone = api.call("post", f"/api/undo/{answer.json()['undo_id']}").json()
    redo_id = undone.pop("redo_id")
    assert undone == {"status": "ok", "action": "removal", "restored": 1}
    pending = api.call("get", "/api/queue/status").json()["status"]["pending_queue"]
    assert [row["id"] for row in pending] == [first, second]
    assert api.call("post", f"/api/undo/{answer.json()['undo_id']}").status_code == 410
    assert api.call("post", f"/api/undo/{redo_id}").json()["action"] == "remove_again"
    assert status_of(second) == "cancelled"


def test_an_undo_that_comes_too_late_or_is_unknown(api: Api, series: Series) -> None:
    [pk] = queued(api, series, 1)
    undo_id = api.call("delete", "/api/queue", {"item_ids": [pk]}).json()["undo_id"]
    Undo.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert api.call("post", f"/api/undo/{undo_id}").status_code == 410
    assert api.call("post", "/api/undo/no-such").status_code == 404
    assert status_of(pk) == "cancelled"


def test_an_undo_is_refused_when_the_episode_was_queued_anew(api: Api, series: Series) -> None:
    [pk] = queued(api, series, 1)
    undo_id = api.call("delete", "/api/queue", {"item_ids": [pk]}).json()["undo_id"]
    queued(api, series, 1)
    assert api.call("post", f"/api/undo/{undo_id}").status_code == 409
    assert status_of(pk) == "cancelled"


def test_one_item_is_removed(api: Api, series: Series) -> None:
    [pk] = queued(api, series, 1)
    assert api.call("delete", f"/api/queue/{pk}").status_code == 204
    assert status_of(pk) == "cancelled"
    assert api.call("delete", f"/api/queue/{pk}").status_code == 204
    assert api.call("get", "/api/queue/items").json()["total"] == 0
    assert api.call("delete", "/api/queue/999999").status_code == 404


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.FAILED])
def test_clearing_is_told_of_and_can_be_undone(api: Api, series: Series, status: str) -> None:
    ids = queued(api, series, 1, 2, 3)
    for pk in ids[:2]:
        ended(pk, status)
    answer = api.call("delete", f"/api/queue/{status}").json()
    assert answer["cleared_count"] == 2
    assert told(f"{status}_cleared")["cleared_count"] == 2
    assert api.call("get", f"/api/queue/items?status={status}").json()["total"] == 0
    assert api.call("delete", f"/api/queue/{status}").json()["cleared_count"] == 0
    assert api.call("post", f"/api/undo/{answer['undo_id']}").json()["restored"] == 2
    assert api.call("get", f"/api/queue/items?status={status}").json()["total"] == 2


def test_all_failed_items_are_retried_but_those_past_their_tries(api: Api, series: Series) -> None:
    first, tired, pending = queued(api, series, 1, 2, 3)
    ended(first, retry_count=3, error_message="x")
    ended(tired, retry_count=9)
    assert api.call("post", "/api/queue/retry", {"item_ids": []}).json() == {
        "retried_count": 1,
        "skipped": [{"id": tired, "reason": "max_retries"}],
    }
    assert told("items_retried")["retried_ids"] == [first]
    row = QueueItem.objects.get(pk=first)
    assert (row.status, row.retry_count, row.error_message, row.next_attempt_at) == ("pending", 3, "", None)
    assert row.rounds == 0
    named = api.call("post", "/api/queue/retry", {"item_ids": [tired, pending, 4711]}).json()
    assert named == {
        "retried_count": 1,
        "skipped": [{"id": pending, "reason": "not_failed"}, {"id": 4711, "reason": "not_found"}],
    }
    assert api.call("post", "/api/queue/retry", NOTHING).json() == {"retried_count": 0, "skipped": []}


def test_two_failures_of_one_episode_are_not_both_retried(api: Api, series: Series) -> None:
    [first] = queued(api, series, 1)
    ended(first)
    [second] = queued(api, series, 1)
    ended(second)
    answer = api.call("post", "/api/queue/retry", {"item_ids": [first, second]}).json()
    assert answer == {"retried_count": 1, "skipped": [{"id": second, "reason": "queued"}]}


def test_priority_pause_and_resume_of_one_item(api: Api, series: Series) -> None:
    first, second = queued(api, series, 1, 2)
    shown = api.call("post", f"/api/queue/{second}/priority", {"priority": "high"}).json()
    assert (shown["priority"], shown["position"]) == ("high", 0)
    assert told("priority_changed")["item_id"] == second
    QueueItem.objects.filter(pk=first).update(next_attempt_at=timezone.now())
    paused = api.call("post", f"/api/queue/{first}/pause").json()
    assert (paused["status"], paused["pause_reason"], paused["next_attempt_at"]) == ("paused", "user", None)
    assert Event.objects.get(type="download_paused").data["pause_reason"] == "user"
    assert api.call("post", f"/api/queue/{first}/pause").status_code == 200
    resumed = api.call("post", f"/api/queue/{first}/resume").json()
    assert (resumed["status"], resumed["pause_reason"]) == ("pending", None)
    assert api.call("post", f"/api/queue/{first}/resume").status_code == 200
    ended(first)
    for verb, body in (("pause", None), ("resume", None), ("priority", {"priority": "low"})):
        assert api.call("post", f"/api/queue/{first}/{verb}", body).status_code == 409
        assert api.call("post", f"/api/queue/999999/{verb}", body).status_code == 404


def test_reorder_is_told_of_and_can_be_undone(api: Api, series: Series) -> None:
    ids = queued(api, series, 1, 2, 3)
    answer = api.call("post", "/api/queue/reorder", {"item_ids": ids[::-1]}).json()
    assert answer["item_ids"] == ids[::-1]
    assert "item_ids" not in told("queue_reordered")
    api.call("post", f"/api/undo/{answer['undo_id']}")
    moved = api.call("post", "/api/queue/reorder", {"item_id": ids[0], "new_position": 1}).json()
    assert moved["item_ids"] == [ids[1], ids[0], ids[2]]
    event = Event.objects.filter(type="queue_status").order_by("id").last()
    assert event
    assert (event.data["item_id"], event.data["new_position"]) == (ids[0], 1)


def test_only_pending_items_are_ordered(api: Api, series: Series) -> None:
    first, second = queued(api, series, 1, 2)
    ended(second)
    not_pending: list[Any] = [{"item_ids": [first, second]}, {"item_id": second, "new_position": 0}]
    for body in [*not_pending, {"item_ids": [4711]}]:
        assert api.call("post", "/api/queue/reorder", body).status_code == 409
    wrong: list[Any] = [{}, {"item_ids": []}, {"item_ids": [first, first]}, {"item_id": first}, {"new_position": 1}]
    for body in wrong:
        assert api.call("post", "/api/queue/reorder", body).status_code == 422, body


def test_who_orders_what_began_meanwhile_is_told_which(api: Api, series: Series) -> None:
    first, second = queued(api, series, 1, 2)
    running = QueueItem.objects.claim_next("one:1", limit=1, own_limit=1)
    assert running
    assert running.pk == first
    answer = api.call("post", "/api/queue/reorder", {"item_ids": [second, first, 4711]})
    assert answer.status_code == 409
    told_so = f"“{series.name} {running.episode.code}” has begun meanwhile. There is no queue item 4711."
    assert answer.json()["detail"] == told_so


def test_what_is_not_retried_is_explained_in_the_admin_and_the_terminal(
    api: Api, series: Series, admin_client: Client
) -> None:
    waiting, gone = queued(api, series, 1, 2)
    ended(gone)
    queue.enqueue(series, [QueueItem.objects.get(pk=gone).episode])
    rows = {"action": "retry", "_selected_action": [waiting, gone]}
    shown = admin_client.post("/admin/downloads/queueitem/", rows, follow=True).content.decode()
    assert (
        "0 items changed. Left as they are: 1 (only what has failed can be retried), 1 (its episode is queued" in shown
    )
    printed = StringIO()
    call_command("queue", "retry", waiting, stdout=printed)
    assert printed.getvalue().startswith("0 tried again. Left as they are: 1 (only what has failed can be retried)")


def test_a_person_starts_all_over_that_a_program_may_not(api: Api, series: Series, admin_client: Client) -> None:
    tired = queued(api, series, 1, 2)
    for pk in tired:
        ended(pk, retry_count=9)
    answer = api.call("post", "/api/queue/retry", {"item_ids": []}).json()
    assert answer == {"retried_count": 0, "skipped": [{"id": pk, "reason": "max_retries"} for pk in tired]}
    shown = admin_client.post("/queue/retry-all", follow=True).content.decode()
    assert "2 downloads are tried again." in shown
    assert not QueueItem.objects.filter(status="failed").exists()
