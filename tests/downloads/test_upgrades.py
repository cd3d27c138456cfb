"""Sub now, dub later: the better file takes the place of the lesser one, whatever dies in between."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aniworld.configuration import store
from aniworld.live.models import Event
from downloads import automatic, engine, queue, tasks, upgrades
from downloads.automatic import Queued
from downloads.models import QueueItem
from library.metadata import episode_nfo
from library.models import Episode, EpisodeFile, Series
from tests.downloads.conftest import Demo
from tests.downloads.driving import assert_whole

SUB, DUB = "German Sub", "German Dub"


@pytest.fixture
def lesser(series: Series, episode: Episode, library: Path) -> EpisodeFile:
    """The episode is there with subtitles, and the plan wants the dub."""
    series.change(language_plan={"order": [DUB, SUB], "upgrade": True})
    path = f"{series.folder}/Season 01/{series.name} - S01E01 - ({SUB}).mp4"
    (library / path).parent.mkdir(parents=True, exist_ok=True)
    (library / path).write_bytes(b"a whole file with subtitles")
    episode.record_file(SUB, path, size=27, duration=None, mtime=0)
    episode_nfo.arrived(episode, path)
    assert (library / path).with_suffix(".nfo").exists()
    return EpisodeFile.objects.get()


def claimed() -> QueueItem:
    item = tasks.claim()
    assert item
    return item


def videos(library: Path) -> list[str]:
    return sorted(path.name for path in library.rglob("*.mp4"))


def arrived(series: Series, episode: Episode) -> QueueItem:
    upgrades.queue_for(series, [episode])
    item = claimed()
    engine.run(item)
    item.refresh_from_db()
    assert item.status == "completed", item.error_message
    return item


def assert_replaced(item: QueueItem, lesser: EpisodeFile, library: Path) -> None:
    item.refresh_from_db()
    assert (item.upgrade, [one["path"] for one in item.replaced]) == ("replaced", [lesser.path])
    file = EpisodeFile.objects.get()
    assert (file.language, file.path) == (DUB, item.file_destination)
    assert videos(library) == [Path(file.path).name]
    assert_whole(library / file.path)
    assert not (library / lesser.path).with_suffix(".nfo").exists()
    assert (library / file.path).with_suffix(".nfo").exists()
    item.episode.refresh_from_db()
    assert item.episode.is_downloaded


def test_the_lesser_file_goes_when_the_better_one_has_arrived(
    demo: Demo, series: Series, episode: Episode, lesser: EpisodeFile, library: Path
) -> None:
    item = arrived(series, episode)
    assert (item.language, item.language_fixed) == (DUB, True)
    assert_replaced(item, lesser, library)
    told = Event.objects.filter(type="series_updated", data__changed=["files"]).get().data
    assert (told["language"], told["replaced"]) == (DUB, [SUB])
    assert upgrades.queue_for(series) == []


@pytest.mark.parametrize("at", ["before rows", "before files", "before mark"])
def test_a_sweep_ends_what_a_killed_worker_left(
    demo: Demo,
    series: Series,
    episode: Episode,
    lesser: EpisodeFile,
    library: Path,
    monkeypatch: pytest.MonkeyPatch,
    at: str,
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_given: Any) -> None:
        raise Killed

    places: dict[str, tuple[Any, str]] = {
        "before rows": (upgrades, "_forget_lesser"),
        "before files": (upgrades, "_remove_files"),
        "before mark": (QueueItem, "has_replaced"),
    }
    with monkeypatch.context() as patched:
        patched.setattr(*places[at], killed)
        with pytest.raises(Killed):
            arrived(series, episode)
    item = QueueItem.objects.get()
    assert item.status == "completed"
    assert upgrades.sweep() == 1
    assert_replaced(item, lesser, library)
    assert upgrades.sweep() == 0


def test_a_library_that_is_away_is_waited_for(
    demo: Demo,
    series: Series,
    episode: Episode,
    lesser: EpisodeFile,
    library: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(upgrades, "finish", lambda item: None)
        item = arrived(series, episode)
    library.rename(library.with_name("away"))
    upgrades.sweep()
    item.refresh_from_db()
    assert item.upgrade == "replacing"
    library.with_name("away").rename(library)
    assert len(videos(library)) == 2
    upgrades.sweep()
    assert_replaced(item, lesser, library)


def test_the_old_file_stays_while_the_new_one_has_not_passed_its_check(
    demo: Demo, series: Series, episode: Episode, lesser: EpisodeFile, library: Path
) -> None:
    for host in ("demo-file", "demo-hls", "demo-aes"):
        demo.fault(host, "404", stage="embed")
    upgrades.queue_for(series, [episode])
    engine.run(claimed())
    assert EpisodeFile.objects.get().path == lesser.path
    assert videos(library) == [Path(lesser.path).name]


def test_an_accepted_file_that_failed_its_check_replaces_nothing(
    demo: Demo, series: Series, episode: Episode, lesser: EpisodeFile, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upgrades, "finish", lambda item: None)
    item = arrived(series, episode)
    monkeypatch.undo()
    QueueItem.objects.update(note="It was accepted although it failed its check.")
    upgrades.sweep()
    item.refresh_from_db()
    assert (item.upgrade, EpisodeFile.objects.count(), len(videos(library))) == ("kept", 2, 2)


@pytest.mark.parametrize("plan", [{"order": [DUB, SUB], "upgrade": False}, {"order": [SUB, DUB], "upgrade": True}])
def test_a_plan_that_was_changed_meanwhile_is_obeyed(
    demo: Demo,
    series: Series,
    episode: Episode,
    lesser: EpisodeFile,
    library: Path,
    monkeypatch: pytest.MonkeyPatch,
    plan: dict[str, Any],
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(upgrades, "finish", lambda item: None)
        item = arrived(series, episode)
    assert item.series.wants_upgrade
    Series.objects.get(pk=series.pk).change(language_plan=plan)
    upgrades.finish(item)
    item.refresh_from_db()
    assert (item.upgrade, EpisodeFile.objects.count(), len(videos(library))) == ("kept", 2, 2)


def test_what_was_queued_by_hand_replaces_nothing(
    demo: Demo, series: Series, episode: Episode, lesser: EpisodeFile, library: Path
) -> None:
    queue.enqueue(series, [episode], language=DUB)
    engine.run(claimed())
    assert len(videos(library)) == 2


def _no_upgrade(series: Series, _file: EpisodeFile) -> None:
    series.change(language_plan={"order": [DUB, SUB], "upgrade": False})


def _unknown_language(_series: Series, file: EpisodeFile) -> None:
    EpisodeFile.objects.filter(pk=file.pk).update(language="")


def _several_episodes(_series: Series, file: EpisodeFile) -> None:
    EpisodeFile.objects.filter(pk=file.pk).update(last_number=2)


def _best_already(series: Series, _file: EpisodeFile) -> None:
    series.change(language_plan={"order": [SUB, DUB], "upgrade": True})


def _queued_already(series: Series, file: EpisodeFile) -> None:
    queue.enqueue(series, [file.episode], language="English Sub")


def _taken_out(_series: Series, file: EpisodeFile) -> None:
    Episode.objects.filter(pk=file.episode_id).leave_alone(Episode.LeftAlone.REMOVED)


@pytest.mark.parametrize(
    "why", [_no_upgrade, _unknown_language, _several_episodes, _best_already, _queued_already, _taken_out]
)
def test_nothing_is_upgraded_without_reason(
    demo: Demo, series: Series, lesser: EpisodeFile, why: Callable[[Series, EpisodeFile], None]
) -> None:
    why(series, lesser)
    assert upgrades.queue_for(series) == []


def test_the_configuration_upgrades_where_the_series_has_no_order_of_its_own(
    demo: Demo, series: Series, lesser: EpisodeFile
) -> None:
    series.change(language_plan={"order": [], "upgrade": False})
    wants = [series.wants_upgrade]
    store.change({"downloads": {"language_plan": {"upgrade": True}}})
    wants.append(series.wants_upgrade)
    series.change(language_plan={"order": [DUB, SUB], "upgrade": False})
    wants.append(series.wants_upgrade)
    assert wants == [False, True, False]
    series.change(language_plan={"order": [DUB, SUB], "upgrade": True})
    Series.objects.update(monitored=True)
    Episode.objects.filter(number__gt=1).update(languages={})
    Episode.objects.exclude(season=1).update(languages={})
    assert automatic.queue_missing(lambda _total: True) == Queued(1, 1)
    assert QueueItem.objects.get().upgrade == "wanted"
