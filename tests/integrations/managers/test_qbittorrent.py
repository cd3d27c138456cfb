"""The download client without workers: who may call it, what it answers, and what becomes of a grab, step by step."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from aniworld.accounts.models import User
from aniworld.configuration import store
from downloads import queue
from downloads.models import QueueItem
from integrations.qbittorrent import grabbing, handing, upkeep
from integrations.qbittorrent.models import ClientTorrent
from integrations.releases import Release
from library.models import Episode, EpisodeFile, Series
from tests.integrations.managers.grabs import DUB, SUB, Caller, arrive, file_of, release_of, series_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("library")]

Stage = ClientTorrent.Stage


# A grab, step by step


def test_a_grab_of_a_known_series_is_in_the_queue_at_once(caller: Caller, person: User) -> None:
    series = series_of()
    release = release_of(series, 2)
    answer = caller.post("torrents/add", urls=release.magnet(5000), category="tv", tags="a, b", stopped="false")
    assert answer.content == b"Ok."
    item = QueueItem.objects.get()
    assert (item.episode.number, item.language, item.language_fixed, item.requested_by) == (2, DUB, True, person)
    [row] = caller.torrents(category="tv")
    assert (row["hash"], row["name"], row["state"]) == (release.info_hash, release.title, "queuedDL")
    assert (row["size"], row["amount_left"], row["progress"], row["eta"]) == (5000, 5000, 0, 8640000)
    assert row["tags"] == "a, b"
    assert caller.get("torrents/properties", hash=release.info_hash.upper()).json()["save_path"] == row["save_path"]
    assert caller.get("torrents/files", hash=release.info_hash).json()[0]["name"].endswith(f"{release.title}.mp4")
    # Once more is no second one, and no error.
    assert caller.post("torrents/add", urls=release.magnet(5000)).content == b"Ok."
    assert QueueItem.objects.count() == 1


def test_a_series_that_is_not_there_is_added_and_waited_for(caller: Caller) -> None:
    release = Release("demo", "silberfaden", 1, 2, DUB, "Silver Thread")
    assert caller.post("torrents/add", urls=release.magnet()).content == b"Ok."
    series = Series.objects.get()
    assert (series.name, series.monitored, series.download_when_loaded) == ("Silver Thread", False, False)
    assert [row["state"] for row in caller.torrents()] == ["metaDL"]
    Episode.objects.create(series=series, season=1, number=2, languages={DUB.value: "x"})
    ClientTorrent.objects.update(lease_until=None)
    grabbing.watch()
    assert [row["state"] for row in caller.torrents()] == ["queuedDL"]
    assert QueueItem.objects.count() == 1


def test_what_its_catalogue_does_not_have_fails_with_the_reason(caller: Caller) -> None:
    series = series_of(2, SUB.value, loading_completed_at=timezone.now() + timedelta(minutes=1))
    caller.post("torrents/add", urls=release_of(series).magnet())
    [row] = caller.torrents(filter="errored")
    assert row["state"] == "error"
    assert DUB.value in row["comment"]
    # What has come meanwhile is there when it is started again.
    series.episodes.update(languages={DUB.value: "x"})
    caller.post("torrents/start", hashes="all")
    assert caller.torrents()[0]["state"] == "queuedDL"


def test_states_of_the_queue_in_the_words_of_a_client(caller: Caller) -> None:
    series = series_of()
    caller.post("torrents/add", urls=release_of(series).magnet(1000))
    token = {"token": "t", "lease_until": timezone.now() + timedelta(minutes=1)}
    loose: dict[str, Any] = {"token": "", "lease_until": None, "pause_reason": ""}
    busy = {**loose, **token, "status": "downloading", "total_bytes": 1000, "downloaded_bytes": 400}
    failed = {**loose, "status": "failed", "error_message": "No host had it."}
    soon = timezone.now() + timedelta(minutes=1)
    for values, state in (
        ({**busy, "download_speed": 100}, "downloading"),
        ({**busy, "download_speed": 0}, "downloading"),
        ({**busy, "downloaded_bytes": 1000}, "checkingUP"),
        ({**loose, "status": "pending", "next_attempt_at": soon}, "queuedDL"),
        ({**loose, "status": "paused", "pause_reason": "user"}, "stoppedDL"),
        ({**loose, "status": "paused", "pause_reason": "window"}, "queuedDL"),
        ({**loose, "status": "paused", "pause_reason": "blocked"}, "stalledDL"),
        ({**loose, "status": "paused", "pause_reason": "disk"}, "stalledDL"),
        (failed, "error"),
        ({**loose, "status": "cancelled"}, "error"),
        ({**loose, "status": "completed"}, "moving"),
    ):
        QueueItem.objects.update(**values)
        assert caller.torrents()[0]["state"] == state, values
    QueueItem.objects.update(**{**busy, "download_speed": 100})
    [row] = caller.torrents()
    assert (row["dlspeed"], row["eta"], row["amount_left"], row["progress"]) == (100, 6, 600, 0.4)
    QueueItem.objects.update(**failed)
    assert caller.torrents()[0]["comment"] == "No host had it."
    # A change of host is no stall; silence for minutes is one.
    ClientTorrent.objects.update(moved_at=timezone.now() - timedelta(minutes=3))
    QueueItem.objects.update(**{**busy, "download_speed": 0})
    assert caller.torrents()[0]["state"] == "stalledDL"
    grabbing.watch()
    assert caller.torrents()[0]["state"] == "downloading"


def test_what_arrived_is_handed_over_and_imported_without_loss(caller: Caller, library: Path) -> None:
    series = series_of()
    release = release_of(series, 2)
    caller.post("torrents/add", urls=release.magnet(), category="tv/anime")
    arrive(library, QueueItem.objects.get())
    assert caller.torrents()[0]["state"] == "moving"
    grabbing.watch()
    assert handing.run_due() == 1
    [row] = caller.torrents()
    assert (row["state"], row["progress"], row["size"], row["amount_left"]) == ("stoppedUP", 1.0, 1000, 0)
    assert (row["ratio_limit"], row["eta"]) == (0, 0)
    assert row["completion_on"] >= row["added_on"]
    place = Path(row["content_path"])
    assert place.parent == Path(row["save_path"]) == library / ".handover" / "tv" / "anime"
    [video] = place.iterdir()
    assert video.stem == release.title
    assert video.samefile(library / EpisodeFile.objects.get().path)
    # An import by a move, then the deletion with files: the library keeps its own.
    video.rename(library.parent / "imported.mp4")
    assert upkeep.sweep().startswith("0 ")
    caller.post("torrents/delete", hashes=release.info_hash, deleteFiles="true")
    # The folder of the category stays: managers warn where it is not there.
    assert list((library / ".handover" / "tv" / "anime").iterdir()) == []
    assert (library / EpisodeFile.objects.get().path).is_file()
    assert Episode.objects.get(number=2).is_downloaded


def test_a_pack_is_one_torrent_of_all_its_episodes(caller: Caller, library: Path) -> None:
    series = series_of(4)
    file_of(library, series.episodes.get(number=1))
    pack = release_of(series, None)
    caller.post("torrents/add", urls=pack.magnet(4000))
    first, *others = QueueItem.objects.order_by("episode__number")
    assert [item.episode.number for item in (first, *others)] == [2, 3, 4]
    QueueItem.objects.filter(pk=first.pk).update(total_bytes=1000, downloaded_bytes=500)
    assert caller.torrents()[0]["progress"] == pytest.approx(1500 / 4000)
    for item in (first, *others):
        arrive(library, item)
    grabbing.watch()
    handing.run_due()
    [row] = caller.torrents()
    assert (row["state"], row["size"]) == ("stoppedUP", 4000)
    names = [file["name"] for file in caller.get("torrents/files", hash=pack.info_hash).json()]
    assert [f"S01E0{number}." in name for number, name in enumerate(names, 1)] == [True] * 4
    assert all((Path(row["save_path"]) / name).is_file() for name in names)


def test_stop_and_start_reach_the_queue(caller: Caller) -> None:
    series = series_of()
    caller.post("torrents/add", urls=release_of(series).magnet(), paused="true")
    assert [row["state"] for row in caller.torrents()] == ["stoppedDL"]
    caller.post("torrents/start", hashes="all")
    assert QueueItem.objects.get().status == "pending"
    caller.post("torrents/pause", hashes="all")
    assert QueueItem.objects.get().pause_reason == "user"
    caller.post("torrents/setForceStart", hashes="all", value="true")
    item = QueueItem.objects.get()
    assert (item.status, item.priority) == ("pending", 2)


def test_deleting_cancels_only_what_was_queued_for_it(caller: Caller, person: User) -> None:
    series = series_of()
    mine = queue.enqueue(series, [series.episodes.get(number=1)], language=DUB.value, by=person).added[0]
    for number in (1, 2):
        caller.post("torrents/add", urls=release_of(series, number).magnet())
    caller.post("torrents/delete", hashes="all", deleteFiles="true")
    assert caller.torrents() == []
    assert {item.pk: item.status for item in QueueItem.objects.all()}[mine] == "pending"
    assert QueueItem.objects.exclude(pk=mine).get().status == "cancelled"
    assert Episode.objects.get(number=2).left_alone == Episode.LeftAlone.REMOVED


def test_the_library_s_own_file_goes_where_that_is_wished(caller: Caller, library: Path) -> None:
    store.change({"integrations": {"qbittorrent_keep_files": False}})
    series = series_of()
    before = file_of(library, series.episodes.get(number=1))
    for number in (1, 2):
        caller.post("torrents/add", urls=release_of(series, number).magnet())
    arrive(library, QueueItem.objects.get())
    grabbing.watch()
    handing.run_due()
    caller.post("torrents/delete", hashes="all", deleteFiles="false")
    assert EpisodeFile.objects.count() == 2
    for number in (1, 2):
        caller.post("torrents/add", urls=release_of(series, number).magnet())
    QueueItem.objects.all().delete()
    grabbing.watch()
    handing.run_due()
    # Both were there before these grabs, so neither goes with them.
    caller.post("torrents/delete", hashes="all", deleteFiles="true")
    assert EpisodeFile.objects.count() == 2
    EpisodeFile.objects.exclude(pk=before.pk).delete()
    second = series.episodes.get(number=2)
    second.settle_files()
    caller.post("torrents/add", urls=release_of(series, 2).magnet())
    arrive(library, QueueItem.objects.get())
    grabbing.watch()
    handing.run_due()
    caller.post("torrents/delete", hashes="all", deleteFiles="true")
    second.refresh_from_db()
    assert (second.is_downloaded, second.left_alone) == (False, Episode.LeftAlone.REMOVED)
    assert list(EpisodeFile.objects.all()) == [before]
    assert [path.name for path in (library / "Series").iterdir()] == ["S01E01 German Dub.mp4"]


def test_a_file_that_another_grab_needs_stays(caller: Caller, library: Path) -> None:
    store.change({"integrations": {"qbittorrent_keep_files": False}})
    series = series_of(2)
    pack, single = release_of(series, None), release_of(series, 1)
    for release in (pack, single):
        caller.post("torrents/add", urls=release.magnet())
    for item in QueueItem.objects.all():
        arrive(library, item)
    grabbing.watch()
    first = ClientTorrent.objects.get(info_hash=pack.info_hash)
    assert first.hold()
    handing.hand_over(first)
    caller.post("torrents/delete", hashes=pack.info_hash, deleteFiles="true")
    assert [file.episode.number for file in EpisodeFile.objects.all()] == [1]
    handing.run_due()
    assert [row["state"] for row in caller.torrents()] == ["stoppedUP"]


def test_what_was_moved_away_and_is_grabbed_again_is_handed_over_again(caller: Caller, library: Path) -> None:
    series = series_of()
    file_of(library, series.episodes.get(number=1))
    release = release_of(series)
    caller.post("torrents/add", urls=release.magnet())
    grabbing.watch()
    handing.run_due()
    place = Path(caller.torrents()[0]["content_path"])
    assert caller.post("torrents/add", urls=release.magnet()).content == b"Ok."
    assert caller.torrents()[0]["state"] == "stoppedUP"
    next(place.iterdir()).rename(library.parent / "imported.mp4")
    caller.post("torrents/add", urls=release.magnet())
    grabbing.watch()
    assert handing.run_due() == 1
    assert caller.torrents()[0]["state"] == "stoppedUP"
    assert [path.stem for path in place.iterdir()] == [release.title]


def test_what_is_nowhere_any_more_is_missing_and_comes_anew(caller: Caller, library: Path) -> None:
    series = series_of()
    file_of(library, series.episodes.get(number=1))
    (library / "other.txt").write_text("not empty")
    caller.post("torrents/add", urls=release_of(series).magnet())
    grabbing.watch()
    handing.run_due()
    place = Path(caller.torrents()[0]["content_path"])
    next(place.iterdir()).unlink()
    EpisodeFile.objects.all().delete()
    series.episodes.get(number=1).settle_files()
    assert upkeep.sweep().startswith("1 ")
    assert caller.torrents()[0]["state"] == "missingFiles"
    caller.post("torrents/recheck", hashes="all")
    assert caller.torrents()[0]["state"] == "queuedDL"


def test_a_file_that_can_t_be_handed_over_waits_with_the_reason(caller: Caller, library: Path) -> None:
    series = series_of()
    file_of(library, series.episodes.get(number=1))
    (library / ".handover").write_text("a file where the folder should be")
    caller.post("torrents/add", urls=release_of(series).magnet())
    grabbing.watch()
    handing.run_due()
    [row] = caller.torrents()
    assert row["state"] == "moving"
    assert row["comment"]
    (library / ".handover").unlink()
    ClientTorrent.objects.update(lease_until=None)
    handing.run_due()
    assert caller.torrents()[0]["state"] == "stoppedUP"


def test_another_disk_gets_a_copy(caller: Caller, library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_names: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("os.link", refused)
    series = series_of()
    file = file_of(library, series.episodes.get(number=1))
    caller.post("torrents/add", urls=release_of(series).magnet())
    grabbing.watch()
    handing.run_due()
    [video] = Path(caller.torrents()[0]["content_path"]).iterdir()
    assert not video.samefile(library / file.path)
    assert video.read_bytes() == (library / file.path).read_bytes()


def test_paths_are_told_as_the_other_side_sees_them(caller: Caller, library: Path) -> None:
    store.change({"integrations": {"qbittorrent_seen_as": "D:\\Downloads"}})
    series = series_of()
    caller.post("torrents/add", urls=release_of(series).magnet(), category="tv")
    [row] = caller.torrents()
    assert row["save_path"] == "D:\\Downloads\\tv"
    assert row["content_path"] == f"D:\\Downloads\\tv\\{row['name']}"
    assert caller.get("app/preferences").json()["save_path"] == "D:\\Downloads"
    store.change({"integrations": {"qbittorrent_seen_as": "/downloads/"}})
    assert caller.torrents()[0]["save_path"] == "/downloads/tv"
    assert caller.get("torrents/categories").json() == {"tv": {"name": "tv", "savePath": "/downloads/tv"}}


def test_a_torrent_that_goes_while_it_is_handed_over_leaves_nothing(caller: Caller, library: Path) -> None:
    series = series_of()
    file_of(library, series.episodes.get(number=1))
    caller.post("torrents/add", urls=release_of(series).magnet())
    grabbing.watch()
    held = ClientTorrent.objects.claim_next()
    assert held
    caller.post("torrents/delete", hashes="all", deleteFiles="true")
    handing.hand_over(held)
    assert not list((library / ".handover").glob("**/*.mp4"))


# Categories, tags, lists


def test_categories_and_tags(caller: Caller) -> None:
    series = series_of()
    caller.post("torrents/add", urls=release_of(series).magnet())
    assert caller.post("torrents/createCategory", category="tv").status_code == 200
    assert caller.post("torrents/createCategory", category="tv").status_code == 409
    assert caller.post("torrents/createCategory", category="").status_code == 400
    assert caller.post("torrents/createCategory", category="a//b").status_code == 400
    assert caller.post("torrents/editCategory", category="tv", savePath="/x").status_code == 200
    assert caller.post("torrents/editCategory", category="no").status_code == 409
    assert caller.post("torrents/setCategory", hashes="all", category="no").status_code == 409
    caller.post("torrents/setCategory", hashes="all", category="tv")
    assert len(caller.torrents(category="tv")) == 1
    assert caller.torrents(category="") == []
    caller.post("torrents/removeCategories", categories="tv\nother")
    assert len(caller.torrents(category="")) == 1
    caller.post("torrents/addTags", hashes="all", tags="x,y,x")
    assert caller.torrents(tag="y")[0]["tags"] == "x, y"
    assert caller.get("torrents/tags").json() == ["x", "y"]
    caller.post("torrents/removeTags", hashes="all", tags="x")
    caller.post("torrents/deleteTags", tags="y")
    assert caller.get("torrents/tags").json() == []
