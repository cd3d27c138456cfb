"""`/api/queue` as api.md has it: adding, reading, limits, and what no caller may do."""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from aniworld.live.models import Event
from downloads import removal
from downloads.models import Attempt, QueueItem
from library.models import Episode, EpisodeFile, Series
from tests.aniworld.people import Api, signed_in, user
from tests.downloads.queue_api.calls import ITEM_FIELDS, NOTHING, SWITCHES, Status, add, ended, queued, status_of
from tests.library.factories import make_episodes, make_series, queries_of


def test_without_credentials_nothing_is_answered(library: Path) -> None:
    stranger = Api()
    for method, path in [("get", "status"), ("get", "items"), ("post", "start"), ("delete", "failed"), ("get", "1")]:
        answer = stranger.call(method, f"/api/queue/{path}")
        assert answer.status_code == 401
        assert set(answer.json()) == {"detail", "code"}


def test_an_empty_queue_has_exact_answers(api: Api) -> None:
    lists = ("active_downloads", "pending_queue", "completed_downloads", "failed_downloads")
    counts: dict[str, Any] = dict.fromkeys(
        ("pending", "active", "completed", "failed", "paused", "cancelled", "total_items"), 0
    )
    assert api.call("get", "/api/queue/status").json() == {
        "status": {**SWITCHES, "window_opens_at": None, **{name: [] for name in lists}},
        "statistics": {**counts, "downloaded_bytes": 0, "current_speed": 0, "eta_seconds": None},
    }
    assert api.call("get", "/api/queue/items").json() == {"items": [], "total": 0, "page": 1, "limit": 20}


def test_episodes_are_added_once_in_order_and_told_of(api: Api, series: Series) -> None:
    ids = queued(api, series, 2, 1, priority="high")
    again = add(api, series, 1, 3, 99)
    assert again.status_code == 201
    assert again.json()["skipped"] == [
        {"season": 1, "episode": 1, "reason": "queued"},
        {"season": 1, "episode": 99, "reason": "unknown_episode"},
    ]
    first, second = Event.objects.filter(type="queue_status").order_by("id")
    assert (first.data["action"], first.data["added_ids"]) == ("items_added", ids)
    assert second.data["added_ids"] == again.json()["added_items"]
    shown = api.call("get", "/api/queue/status").json()["status"]["pending_queue"]
    assert [(row["episode"], row["priority"], row["position"]) for row in shown] == [
        (2, "high", 0),
        (1, "high", 1),
        (3, "normal", 2),
    ]
    assert set(shown[0]) >= ITEM_FIELDS
    assert shown[0]["series"] == {"key": series.key, "name": series.name}


def test_what_is_on_disk_is_skipped(api: Api, series: Series) -> None:
    episode = Episode.objects.get(series=series, number=1)
    episode.record_file("German Dub", "a.mp4", size=1, duration=1, mtime=1)
    assert add(api, series, 1).json() == {
        "added_items": [],
        "skipped": [{"season": 1, "episode": 1, "reason": "downloaded"}],
    }
    assert not Event.objects.filter(type="queue_status").exists()


def test_adding_says_what_is_wrong(api: Api, series: Series) -> None:
    assert add(api, series).status_code == 422
    assert add(api, series, 99).status_code == 404
    assert add(api, series, 1, language="Klingon").status_code == 422
    assert add(api, series, 1, priority="urgent").status_code == 422
    missing = {"key": "no-such", "episodes": [{"season": 1, "episode": 1}]}
    assert api.call("post", "/api/queue/add", missing).status_code == 404
    assert not QueueItem.objects.exists()


def test_a_vanished_library_folder_refuses_new_downloads(api: Api, series: Series, library: Path) -> None:
    queued(api, series, 1)
    shutil.rmtree(library)
    for answer in (add(api, series, 2), api.call("post", f"/api/anime/{series.key}/download", {})):
        assert (answer.status_code, answer.json()["code"]) == (503, "library_unavailable")
    assert QueueItem.objects.count() == 1


def test_all_missing_episodes_of_a_series_are_queued(api: Api, series: Series) -> None:
    answer = api.call("post", f"/api/anime/{series.key}/download", NOTHING)
    assert (answer.status_code, len(answer.json()["added_items"])) == (202, 6)
    wanted = {"episodes": [{"season": 1, "episode": 1}], "priority": "low"}
    answer = api.call("post", f"/api/anime/{series.key}/download", wanted)
    assert answer.json()["skipped"][0]["reason"] == "queued"


def test_an_item_is_shown_with_its_attempts_but_not_its_address(api: Api, series: Series) -> None:
    [pk] = queued(api, series, 1)
    item = QueueItem.objects.claim_next("one:1", limit=1, own_limit=1)
    assert item
    attempt = Attempt.objects.begin(item, "voe", "German Dub")
    item.use("voe", "https://host.example/secret?sig=1")
    attempt.end("stalled", "Not one byte came.", size=7)
    attempt.hand_over("vidoza")
    shown = api.call("get", f"/api/queue/{pk}")
    assert "secret" not in shown.content.decode()
    assert "download_url" not in shown.json()
    [row] = shown.json()["attempts"]
    assert (row["provider"], row["bytes"], row["outcome"], row["error"]) == ("voe", 7, "stalled", "Not one byte came.")
    assert row["started"].endswith("Z")
    assert row["ended"].endswith("Z")
    for path in ("status", "items"):
        assert "secret" not in api.call("get", f"/api/queue/{path}").content.decode()
    failover = Event.objects.get(type="failover").data
    assert (failover["item_id"], failover["from"], failover["to"]) == (pk, "voe", "vidoza")
    assert api.call("get", "/api/queue/999999").status_code == 404


def test_items_come_in_pages_and_by_filter(api: Api, series: Series) -> None:
    ids = queued(api, series, 1, 2, 3, 4, 5)
    ended(ids[4])
    page = api.call("get", "/api/queue/items?page=2&limit=2").json()
    assert (page["total"], page["page"], page["limit"]) == (5, 2, 2)
    assert [row["id"] for row in page["items"]] == [ids[2], ids[1]]
    assert [row["position"] for row in page["items"]] == [2, 1]
    pending = api.call("get", "/api/queue/items?status=pending&page=2&limit=2").json()
    assert [(row["id"], row["position"]) for row in pending["items"]] == [(ids[2], 2), (ids[3], 3)]
    failed = api.call("get", "/api/queue/items?status=failed").json()
    assert [(row["id"], row["position"]) for row in failed["items"]] == [(ids[4], None)]
    assert api.call("get", f"/api/queue/items?series={series.key}").json()["total"] == 5
    assert api.call("get", "/api/queue/items?series=other").json()["total"] == 0
    for wrong in ("status=x", "status=%00", "page=0", "limit=201", "limit=x", "page=99999999999999999999"):
        assert api.call("get", f"/api/queue/items?{wrong}").status_code == 422, wrong


def test_throughput_has_equal_stretches(api: Api, series: Series) -> None:
    [pk] = queued(api, series, 1)
    ended(pk, Status.COMPLETED, downloaded_bytes=1000)
    points = api.call("get", "/api/queue/throughput?hours=1").json()
    assert sum(point["bytes"] for point in points) == 1000
    assert sum(point["completed"] for point in points) == 1
    assert api.call("get", "/api/queue/throughput?hours=0").status_code == 422


def test_status_and_items_cost_a_constant_number_of_queries(api: Api, library: Path) -> None:
    def fill(count: int) -> None:
        for status in (Status.PENDING, Status.FAILED, Status.COMPLETED):
            found = make_series()
            QueueItem.objects.bulk_create(
                QueueItem(series=found, episode=episode, season=1, language="German Dub", status=status)
                for episode in make_episodes(found, count=count)
            )

    paths = ("/api/queue/status", "/api/queue/items?limit=200", "/api/queue/items?status=failed&limit=200")
    fill(2)
    # The very first one notes that the token was used.
    api.call("get", paths[0])
    few = [queries_of(partial(api.call, "get", path)) for path in paths]
    fill(40)
    many = [queries_of(partial(api.call, "get", path)) for path in paths]
    assert many == few
    status = api.call("get", "/api/queue/status").json()
    assert len(status["status"]["pending_queue"]) == 42


def test_a_list_holds_at_most_a_hundred(api: Api, library: Path) -> None:
    found = make_series()
    QueueItem.objects.bulk_create(
        QueueItem(series=found, episode=episode, season=1, language="German Dub")
        for episode in make_episodes(found, count=105)
    )
    answer = api.call("get", "/api/queue/status").json()
    assert (len(answer["status"]["pending_queue"]), answer["statistics"]["pending"]) == (100, 105)


NASTY: list[Any] = ["\0", "a\0b", 10**30, -1, 0, 1.5, None, True, [], {}, [None], "\ud800", "x" * 5000, [10**19], "⁣"]


@pytest.mark.parametrize("value", NASTY, ids=range(len(NASTY)))
def test_no_value_in_a_body_causes_a_500(api: Api, series: Series, value: Any) -> None:
    [pk] = queued(api, series, 1)
    one = {"season": 1, "episode": 2}
    bodies = [
        ("post", "add", {"key": value, "episodes": [one]}),
        ("post", "add", {"key": series.key, "episodes": value}),
        ("post", "add", {"key": series.key, "episodes": [{"season": value, "episode": value}]}),
        ("post", "add", {"key": series.key, "episodes": [one], "priority": value}),
        ("post", "add", {"key": series.key, "episodes": [one], "language": value}),
        ("delete", "", {"item_ids": value}),
        ("delete", "", value),
        ("post", "reorder", {"item_ids": value}),
        ("post", "reorder", {"item_id": pk, "new_position": value}),
        ("post", "reorder", {"item_id": value, "new_position": 0}),
        ("post", "retry", {"item_ids": value}),
        ("post", f"{pk}/priority", {"priority": value}),
        ("post", f"{pk}/pause", value),
    ]
    for method, path, body in bodies:
        # As text: not every value survives the client's own encoding.
        answer = api.call(method, f"/api/queue/{path}", json.dumps(body))
        assert answer.status_code < 500, (method, path, body, answer.content)


@pytest.mark.parametrize("text", ["%00", "9" * 40, "-1", "%F0%9F%98%80", "%ED%A0%80", "..", "x" * 3000])
def test_no_value_in_a_path_or_query_causes_a_500(api: Api, text: str) -> None:
    for path in (f"queue/{text}", f"undo/{text}", f"queue/items?series={text}", f"queue/throughput?hours={text}"):
        for method in ("get", "post", "delete"):
            assert api.call(method, f"/api/{path}").status_code < 500, (method, path)


def test_removing_a_series_cancels_its_downloads_and_keeps_its_files(api: Api, series: Series, library: Path) -> None:
    [pk] = queued(api, series, 1)
    file = library / series.folder / "a.mp4"
    file.parent.mkdir()
    file.write_bytes(b"x")
    episode = Episode.objects.get(series=series, number=2)
    episode.record_file("German Dub", f"{series.folder}/a.mp4", size=1, duration=1, mtime=1)
    assert api.call("delete", f"/api/anime/{series.key}").status_code == 403
    admin = signed_in(user("admin"))
    assert admin.call("delete", f"/api/anime/{series.key}").status_code == 204
    assert status_of(pk) == "cancelled"
    assert file.exists()
    assert admin.call("delete", f"/api/anime/{series.key}").status_code == 404


def test_removing_a_series_with_its_files_removes_rows_and_files(series: Series, library: Path) -> None:
    file = library / series.folder / "a.mp4"
    file.parent.mkdir()
    file.write_bytes(b"x")
    episode = Episode.objects.get(series=series, number=2)
    episode.record_file("German Dub", f"{series.folder}/a.mp4", size=1, duration=1, mtime=1)
    removal.remove_series(series, delete_files=True)
    assert not file.exists()
    assert not EpisodeFile.objects.exists()
    episode.refresh_from_db()
    assert not episode.is_downloaded
