"""The matrix of a series, and renaming its files: preview, apply, undo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aniworld.configuration import store
from downloads import queue
from downloads.models import QueueItem
from library.models import Episode, EpisodeFile, Series
from tests.aniworld.people import Api, signed_in, user
from tests.library.factories import make_episodes, make_series, queries_of

pytestmark = pytest.mark.django_db

DUB, SUB = "German Dub", "German Sub"


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    folder.mkdir()
    store.change({"library": {"directory": str(folder)}})
    return folder


@pytest.fixture
def api() -> Api:
    return signed_in(user())


def answer(api: Api, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    got = api.call(method, path, body)
    assert got.status_code == status, got.content
    return got.json()


def put(library: Path, episode: Episode, path: str, language: str = DUB, content: bytes = b"video") -> EpisodeFile:
    file = library / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return episode.record_file(language, path, size=len(content), duration=None, mtime=1.0)


def paths(library: Path) -> list[str]:
    return sorted(str(path.relative_to(library)) for path in library.rglob("*") if path.is_file())


def named(series: Series) -> str:
    return f"{series.folder}/Season 01/{series.name} - S01E01 - (German Dub).mkv"


def test_the_matrix_tells_each_language_of_each_episode(library: Path, api: Api) -> None:
    series = make_series()
    one, two, _three = make_episodes(series, languages={DUB: "2026-01-01T00:00:00Z", SUB: "2026-01-01T00:00:00Z"})
    put(library, one, "a/one.mkv")
    [pk] = queue.enqueue(series, [two], language=SUB).added
    told = answer(api, "get", f"/api/anime/{series.key}/matrix")
    first, second, third = told["episodes"]
    assert first["languages"][DUB] | {"seen_at": ""} == {
        "at_catalogue": True,
        "seen_at": "",
        "on_disk": True,
        "file_path": "a/one.mkv",
        "file_size": 5,
        "queue_status": None,
        "queue_item": None,
        "progress_percent": None,
    }
    assert not first["languages"][SUB]["on_disk"]
    assert (second["languages"][SUB]["queue_status"], second["languages"][SUB]["queue_item"]) == ("pending", pk)
    assert not third["languages"]["English Sub"]["at_catalogue"]
    assert told["coverage"][DUB] == {"at_catalogue": 3, "on_disk": 1, "queued": 0}
    assert told["coverage"][SUB] == {"at_catalogue": 3, "on_disk": 0, "queued": 1}
    assert told["wanted"][0] == DUB


def test_the_matrix_asks_a_constant_number_of_questions(api: Api) -> None:
    few, many = make_series(), make_series()
    make_episodes(few, count=1)
    make_episodes(many, count=30)
    address = "/api/anime/{}/matrix"
    assert queries_of(lambda: answer(api, "get", address.format(few.key))) == queries_of(
        lambda: answer(api, "get", address.format(many.key))
    )


def test_a_failed_item_shows_until_a_new_one_waits(api: Api) -> None:
    series = make_series()
    [episode] = make_episodes(series, count=1)
    [pk] = queue.enqueue(series, [episode], language=DUB).added
    QueueItem.objects.filter(pk=pk).update(status="failed")

    def shown() -> Any:
        told = answer(api, "get", f"/api/anime/{series.key}/matrix")
        return told["episodes"][0]["languages"][DUB]["queue_status"]

    assert shown() == "failed"
    queue.enqueue(series, [episode], language=DUB)
    assert shown() == "pending"


def test_renaming_is_shown_applied_and_taken_back(library: Path, api: Api) -> None:
    series = make_series()
    [episode] = make_episodes(series, count=1)
    put(library, episode, "Old folder/ep 1.mkv")
    (library / "Old folder" / "ep 1.de.srt").write_text("words")
    address = f"/api/anime/{series.key}/rename"
    shown = answer(api, "post", address, {"apply": False})
    assert shown == {
        "applied": False,
        "undo_id": None,
        "moves": [{"old": "Old folder/ep 1.mkv", "new": named(series), "problem": None}],
        "failed": [],
    }
    assert paths(library) == ["Old folder/ep 1.de.srt", "Old folder/ep 1.mkv"]
    done = answer(api, "post", address, {"apply": True})
    assert done["applied"]
    assert paths(library) == sorted([named(series), named(series).replace(".mkv", ".de.srt")])
    assert not (library / "Old folder").exists()
    assert EpisodeFile.objects.get().path == named(series)
    assert answer(api, "post", address, {"apply": True}, 409)["code"] == "nothing_to_rename"
    assert answer(api, "post", f"/api/undo/{done['undo_id']}")["restored"] == 1
    assert paths(library) == ["Old folder/ep 1.de.srt", "Old folder/ep 1.mkv"]
    assert answer(api, "post", f"/api/undo/{done['undo_id']}", status=410)


def test_an_unknown_language_is_left_out_of_the_name(library: Path, api: Api) -> None:
    series = make_series()
    [episode] = make_episodes(series, count=1)
    put(library, episode, f"{series.folder}/Season 01/quark s01e01.mp4", language="")
    assert answer(api, "post", f"/api/anime/{series.key}/rename", {"apply": True})["applied"]
    assert paths(library) == [f"{series.folder}/Season 01/{series.name} - S01E01.mp4"]


def test_renaming_never_overwrites_and_one_problem_stops_no_other(library: Path, api: Api) -> None:
    series = make_series()
    one, two, three = make_episodes(series, count=3)
    put(library, one, "x/one.mkv")
    put(library, two, "x/two.mkv")
    put(library, three, "x/three.mkv")
    foreign = library / named(series)
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b"somebody else's")
    (library / "x/two.mkv").unlink()
    done = answer(api, "post", f"/api/anime/{series.key}/rename", {"apply": True})
    assert [move["old"] for move in done["moves"]] == ["x/three.mkv"]
    assert sorted(move["old"] for move in done["failed"]) == ["x/one.mkv", "x/two.mkv"]
    assert foreign.read_bytes() == b"somebody else's"
    assert (library / "x/one.mkv").exists()


def test_two_files_of_one_name_are_told_apart(library: Path, api: Api) -> None:
    series = make_series()
    [episode] = make_episodes(series, count=1)
    put(library, episode, "x/a.mkv")
    put(library, episode, "x/b.mkv", content=b"other")
    shown = answer(api, "post", f"/api/anime/{series.key}/rename", {})
    assert [bool(move["problem"]) for move in shown["moves"]] == [False, True]


def test_only_administrators_rename(library: Path) -> None:
    series = make_series()
    member = signed_in(user("member", staff=False))
    assert member.call("post", f"/api/anime/{series.key}/rename").status_code == 403
    assert member.call("get", f"/api/anime/{series.key}/matrix").status_code == 200
    assert member.call("get", "/api/anime/nothing/matrix").status_code == 404
