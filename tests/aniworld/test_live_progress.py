"""Operations and their events, the progress API, and what is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client, RequestFactory
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from ninja.testing import TestClient

from aniworld.accounts.models import User
from aniworld.live import api, pruning, tasks
from aniworld.live.models import Event, Progress
from aniworld.live.progress import Operation, Throttle
from aniworld.live.publish import publish
from aniworld.refusals import NotThere
from tests.aniworld.people import Api, signed_in, user, with_key

pytestmark = pytest.mark.django_db


def start(id_: str = "library_scan", **values: Any) -> Operation:
    return Operation.start(id_, "scan", "Library", event="scan_started", **values)


def events() -> list[tuple[str, Any, Any]]:
    return [(event.type, event.data["status"], event.data["percent"]) for event in Event.objects.all()]


# Operations


def test_an_operation_tells_its_start_its_steps_and_its_end() -> None:
    operation = start(total=200, metadata={"folders": 200})
    assert operation.write(current=50, message="Folder", event="scan_progress", data={"folder": "A (2013)"})
    assert operation.finish(message="Done", event="scan_complete", data={"found": 3})
    assert events() == [
        ("scan_started", "started", 0.0),
        ("scan_progress", "in_progress", 25.0),
        ("scan_complete", "completed", 100.0),
    ]
    told = Event.objects.all()[1].data
    assert (told["progress_id"], told["current"], told["total"], told["folder"]) == (
        "library_scan",
        50,
        200,
        "A (2013)",
    )
    row = Progress.objects.get(pk="library_scan")
    assert (row.status, row.percent, row.message, row.metadata) == ("completed", 100.0, "Done", {"folders": 200})


def test_reports_are_throttled_at_the_source() -> None:
    operation = start(total=1_000_000)
    written = sum(operation.report(current=number, event="scan_progress") for number in range(0, 1_000_000, 5_000))
    assert written <= 4
    assert Event.objects.filter(type="scan_progress").count() == written


def test_an_ended_operation_stays_ended() -> None:
    operation = start()
    assert operation.finish("failed", "No")
    assert not operation.write(percent=50, event="scan_progress")
    assert not operation.finish("completed", event="scan_complete")
    assert [event.type for event in Event.objects.all()] == ["scan_started"]
    assert Operation.attach("library_scan") is None


def test_who_reports_for_a_former_run_changes_nothing() -> None:
    former, present = start(), start()
    assert not former.write(percent=99, event="scan_progress")
    assert not former.finish()
    attached = Operation.attach("library_scan")
    assert attached
    assert attached.write(percent=10)
    assert present.percent == 0
    assert Progress.objects.get().percent == 10


def test_row_and_event_are_undone_together() -> None:
    operation = start()
    with transaction.atomic():
        operation.write(percent=50, event="scan_progress")
        transaction.set_rollback(True)
    assert events() == [("scan_started", "started", 0.0)]


@given(text=st.text(), number=st.one_of(st.integers(), st.floats()))
def test_no_value_upsets_an_operation(text: str, number: float) -> None:
    operation = Operation.start(text, "system", text, message=text, metadata={text: number}, event="system_info")
    count = number if isinstance(number, int) else None
    assert operation.write(percent=number, current=count, total=count, message=text, event="system_info")
    assert 0 <= Progress.objects.get(pk=operation.id).percent <= 100


def test_an_unknown_type_is_a_slip() -> None:
    with pytest.raises(KeyError):
        publish("download_exploded", {})


def test_throttle_is_offered_beside_operations() -> None:
    assert Throttle().due(0, 0.0)


# The API


def test_active_and_ended_operations_are_listed_by_type() -> None:
    start("library_scan")
    Operation.start("queue", "queue", "Queue")
    start("done").finish()
    client = TestClient(api.router)
    assert {row["id"] for row in client.get("").json()["items"]} == {"library_scan", "queue"}
    assert [row["id"] for row in client.get("?type=queue").json()["items"]] == ["queue"]
    assert [row["id"] for row in client.get("/history").json()["items"]] == ["done"]
    assert client.get("/history?type=queue").json() == {"items": [], "total": 0, "page": 1, "limit": 20}
    assert client.get("?type=odd").status_code == 422
    assert client.get("/history?limit=201").status_code == 422


@pytest.mark.parametrize("id_", ["download_A: B? (2013)_1_2", "download_Ä/../x_1_2", "history/1", "100%_1_2"])
def test_one_operation_is_found_by_whatever_id_it_has(id_: str) -> None:
    start(id_)
    from_api = api.one(RequestFactory().get("/"), id_)
    assert from_api.pk == id_
    with pytest.raises(NotThere):
        api.one(RequestFactory().get("/"), id_ + "\x00")


def test_history_is_as_long_as_configured() -> None:
    for number in range(60):
        start(f"scan {number}").finish()
    assert TestClient(api.router).get("/history?limit=100").json()["total"] == 50


def test_the_status_of_the_socket_is_for_administrators() -> None:
    admin = signed_in(user("boss"))
    assert Api().call("get", "/ws/status").status_code == 401
    browser = Client()
    browser.force_login(User.objects.get(username="boss"))
    assert browser.post("/ws/status").status_code == 405
    assert b'"connections": 0' in admin.call("get", "/ws/status").content


def test_whoever_may_not_see_the_status_of_the_socket_is_told_the_same_as_by_the_api() -> None:
    boss, member = user("boss"), user("member", staff=False)
    for caller, code in (
        (signed_in(member), "admin_only"),
        (with_key(member, "admin"), "admin_only"),
        (with_key(boss, "read"), "scope"),
        (with_key(boss, "queue"), "scope"),
    ):
        answers = [caller.call("get", path) for path in ("/ws/status", "/api/auth/apikeys")]
        assert [answer.status_code for answer in answers] == [403, 403]
        assert answers[0].json() == answers[1].json()
        assert answers[0].json()["code"] == code


def test_the_admin_shows_both_and_changes_neither(admin_client: Client) -> None:
    start(metadata={"a": 1}).write(percent=10, event="scan_progress", data={"folder": "A"})
    for path in ("event", "progress", f"event/{Event.objects.all()[0].pk}/change", "progress/library_5Fscan/change"):
        answer = admin_client.get(f"/admin/live/{path}/")
        assert answer.status_code == 200, path
    assert admin_client.post("/admin/live/event/add/", {}).status_code == 403


# What is kept


def test_old_events_and_surplus_ones_go_from_the_old_end() -> None:
    for _ in range(20):
        publish("queue_status", {})
    ids = list(Event.objects.values_list("id", flat=True))
    assert pruning.prune_events(days=7, rows=15) == 5
    Event.objects.filter(id__lte=ids[9]).update(timestamp=timezone.now() - timedelta(days=8))
    assert pruning.prune_events(days=7, rows=15) == 5
    assert list(Event.objects.values_list("id", flat=True)) == ids[10:]
    Event.objects.update(timestamp=timezone.now() - timedelta(days=8))
    pruning.prune_events(days=7, rows=15)
    assert list(Event.objects.values_list("id", flat=True)) == ids[-1:]


def test_history_and_forgotten_operations_are_put_right() -> None:
    for number in range(55):
        start(f"scan {number}").finish()
    start("forgotten")
    Progress.objects.filter(pk="forgotten").update(updated_at=timezone.now() - timedelta(days=2))
    assert tasks.prune().startswith("0 events and 6 ended")
    assert Progress.objects.filter(status="completed").count() == 50


def test_pruning_an_empty_log_is_fine() -> None:
    assert pruning.prune_events(1, 1) == 0
