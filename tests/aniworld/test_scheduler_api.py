"""The scheduler over HTTP: its settings, a rescan on demand, and what runs when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django_q.models import Schedule

from aniworld import schedules
from aniworld.accounts.models import User
from aniworld.configuration import store
from aniworld.configuration.models import ConfigurationBackup
from aniworld.scheduler import status
from downloads import rescans
from downloads.models import QueueItem, Rescan
from library import scanning
from library.models import Scan, Timetable
from tests.aniworld.people import Api, signed_in, user
from tests.library.factories import make_episodes, make_series, queries_of

pytestmark = pytest.mark.django_db
PATH = "/api/scheduler"


@pytest.fixture
def api(tmp_path: Path) -> Api:
    (tmp_path / "library").mkdir()
    store.change({"library": {"directory": str(tmp_path / "library")}})
    return signed_in(user())


def post(api: Api, **body: Any) -> Any:
    return api.call("post", f"{PATH}/config", body)


def test_only_administrators_get_at_it(api: Api) -> None:
    member = signed_in(user("member", staff=False))
    for method, path in (("get", "config"), ("post", "config"), ("post", "trigger-rescan"), ("get", "status")):
        body: Any = {} if method == "post" else None
        assert Api().call(method, f"{PATH}/{path}", body).status_code == 401
        assert member.call(method, f"{PATH}/{path}", body).status_code == 403


def test_the_settings_are_shown_and_changed_in_part(api: Api) -> None:
    shown = api.call("get", f"{PATH}/config").json()
    assert shown == {
        "enabled": True,
        "interval_minutes": 60,
        "cron": None,
        "auto_download_after_rescan": True,
        "newest_check_minutes": 30,
        "download_window_start": None,
        "download_window_end": None,
    }
    backups = ConfigurationBackup.objects.count()
    answer = post(api, interval_minutes=120, download_window_start="22:00", download_window_end="06:00")
    assert answer.status_code == 200
    assert answer.json() == {
        **shown,
        "interval_minutes": 120,
        "download_window_start": "22:00",
        "download_window_end": "06:00",
    }
    assert store.current().downloads.window_start == "22:00"
    assert ConfigurationBackup.objects.count() == backups + 1
    assert post(api, cron="30 4 * * *").json()["cron"] == "30 4 * * *"
    assert str(rescans.rhythm()) == "cron 30 4 * * *"
    answer = post(api, interval_minutes=30, download_window_start=None, download_window_end=None, enabled=False)
    assert (answer.json()["cron"], answer.json()["enabled"]) == (None, False)
    assert store.current().downloads.window_end is None
    assert rescans.rhythm() is None


def test_what_was_shown_can_be_sent_back(api: Api) -> None:
    post(api, cron="*/15 * * * *")
    shown = api.call("get", f"{PATH}/config").json()
    assert post(api, **shown).json() == shown


def test_every_error_is_told_at_once_and_nothing_is_changed(api: Api) -> None:
    answer = post(
        api,
        enabled="perhaps",
        interval_minutes=0,
        cron="every day",
        download_window_start="25:00",
        download_window_end="06:00",
        colour="red",
    )
    assert answer.status_code == 422
    wrong = {tuple(one["loc"]) for one in answer.json()["detail"]}
    names = ("enabled", "interval_minutes", "cron", "download_window_start", "colour")
    assert wrong >= {("body", name) for name in names}
    assert store.current().scheduler.enabled is True
    assert post(api, download_window_start="22:00").status_code == 422
    answer = post(api, cron="0 0 30 2 *")
    assert answer.status_code == 422
    assert "never run" in answer.json()["detail"][0]["msg"]
    assert api.call("post", f"{PATH}/config", [1]).status_code == 422
    assert api.call("post", f"{PATH}/config").status_code in (200, 400, 422)
    assert api.call("post", f"{PATH}/config", {}).status_code == 200


def test_a_name_that_no_text_can_hold_is_told_of(api: Api) -> None:
    body = '{"\\ud800": 1, "enabled": true}'
    answer = api.generic("POST", f"{PATH}/config", body, content_type="application/json", headers=api.credentials)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "?"]


def test_a_rescan_on_demand(api: Api) -> None:
    make_episodes(make_series(), languages={"German Sub": "2026-11-01T00:00:00Z"})
    assert api.call("post", f"{PATH}/trigger-rescan").status_code == 202
    again = api.call("post", f"{PATH}/trigger-rescan")
    assert (again.status_code, again.json()["code"]) == (409, "scan_running")
    found = api.call("get", f"{PATH}/status").json()
    assert (found["is_running"], found["last_outcome"]) == (True, "running")
    scan = Scan.objects.claim()
    assert scan
    scanning.work(scan)
    assert api.call("post", f"{PATH}/trigger-rescan").json()["code"] == "rescan_running"
    rescans.go_on()
    assert QueueItem.objects.live().count() == 3
    found = api.call("get", f"{PATH}/status").json()
    assert (found["is_running"], found["last_outcome"]) == (False, "completed")
    assert found["last_run"]


def test_without_the_library_there_is_none(api: Api, tmp_path: Path) -> None:
    (tmp_path / "library").rmdir()
    answer = api.call("post", f"{PATH}/trigger-rescan")
    assert (answer.status_code, answer.json()["code"]) == (503, "library_unavailable")


def test_the_state_of_every_schedule(api: Api) -> None:
    schedules.put_in_place()
    rescans.ring_if_due()
    Timetable.objects.create(name="newest:demo", rule="every 30 minutes", next_run=timezone.now(), outcome="failed")
    Schedule.objects.filter(name="Send alerts").update(repeats=0)
    found = api.call("get", f"{PATH}/status").json()
    by_name = {one["name"]: one for one in found["schedules"]}
    assert found["schedules"][0]["name"] == "rescan"
    assert by_name["rescan"]["next_run"] == found["next_run"] is not None
    assert by_name["newest:demo"]["last_outcome"] == "failed"
    assert {task.name for task in schedules.REGULAR} <= set(by_name)
    assert by_name["Send alerts"]["enabled"] is False
    assert by_name["Send alerts"]["next_run"] is None
    post(api, enabled=False)
    rescans.ring_if_due()
    found = api.call("get", f"{PATH}/status").json()
    assert (found["enabled"], found["next_run"]) == (False, None)
    assert not {one["name"]: one for one in found["schedules"]}["newest:demo"]["enabled"]


def test_the_state_costs_the_same_however_many_there_are(api: Api) -> None:
    schedules.put_in_place()
    assert queries_of(status.schedules) <= 8


def test_the_admin_shows_runs_and_timetables(api: Api) -> None:
    client = Client()
    client.force_login(User.objects.get())
    Timetable.objects.create(name="newest:demo", rule="every 30 minutes", next_run=timezone.now(), outcome="failed")
    Rescan.objects.note_failure("schedule", "The library folder is not there.")
    for place, words in (("library/timetable", "newest:demo"), ("downloads/rescan", "not there")):
        shown = client.get(f"/admin/{place}/")
        assert shown.status_code == 200
        assert words in shown.content.decode()
    assert client.get(f"/admin/downloads/rescan/{Rescan.objects.get().pk}/change/").status_code == 200
    assert client.get("/admin/library/timetable/newest_3Ademo/change/").status_code == 200
