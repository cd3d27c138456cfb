"""What a download is expected to need, what is reserved for those that run, and who goes on when there is room."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from aniworld.configuration import store
from downloads import diskplan, engine, queue, tasks, upkeep
from downloads.interruptions import MustWait
from downloads.models import QueueItem
from library.models import Episode, EpisodeFile, Series
from tests.downloads.conftest import Demo
from tests.downloads.driving import AES, HLS, MP4, assert_whole
from tests.downloads.test_disk_full import _only, _resize, _small_disk, episode_files
from tests.library.factories import make_episodes, make_series, queries_of

MB = 1000**2
GB = 1000**3


@pytest.fixture
def roomy(settings: Any, tmp_path: Path, transactional_db: None) -> Path:
    """A library and a work folder on the same disk, without a floor."""
    settings.WORK_DIR = tmp_path / "work"
    settings.WORK_DIR.mkdir()
    (tmp_path / "library").mkdir()
    store.change({"library": {"directory": str(tmp_path / "library")}, "downloads": {"free_space_floor_gb": 0}})
    return tmp_path


@pytest.fixture
def other_disk(roomy: Path) -> Iterator[Path]:
    """The library on a second, real file system."""
    folder = Path("/dev/shm") / roomy.name
    if not folder.parent.is_dir() or folder.parent.stat().st_dev == roomy.stat().st_dev:
        pytest.skip("needs /dev/shm as a second file system")
    folder.mkdir()
    store.change({"library": {"directory": str(folder)}})
    yield folder
    shutil.rmtree(folder)


def _file(episode: Episode, megabytes: int, quality: str = "1080p") -> None:
    path = f"{episode.series.folder}/{episode.pk}.mp4"
    EpisodeFile.objects.create(
        episode=episode, language="German Dub", path=path, size=megabytes * MB, mtime=0, quality=quality
    )


def _item(episode: Episode, **values: Any) -> QueueItem:
    facts = {"language": "German Dub", "position": episode.pk, **values}
    return QueueItem.objects.create(series=episode.series, episode=episode, season=episode.season, **facts)


def _running(episode: Episode, **values: Any) -> QueueItem:
    lease = {"status": "downloading", "token": f"t{episode.pk}", "lease_until": timezone.now() + timedelta(hours=1)}
    return _item(episode, **lease, **values)


def _free(monkeypatch: pytest.MonkeyPatch, work: int, library: int | None = None) -> None:
    """The disks have so much room."""
    sizes = {"work": work, "library": work if library is None else library}
    monkeypatch.setattr(diskplan, "free", lambda folder: sizes["work" if folder.name == "work" else "library"])


def test_the_size_is_guessed_from_the_season_and_the_quality(roomy: Path) -> None:
    series = make_series()
    episodes = [*make_episodes(series, count=7), *make_episodes(series, season=2, count=5)]
    first, second = episodes[0], episodes[-1]
    assert diskplan.estimate(first) is None
    for episode, size in zip(episodes[1:4], (300, 310, 900), strict=True):
        _file(episode, size)
    assert diskplan.estimate(first) == 310 * MB
    assert diskplan.estimate(second) == 310 * MB, "the series tells where the season does not"
    for episode in episodes[4:7]:
        _file(episode, 100, "480p")
    assert diskplan.estimate(first, "480p") == 100 * MB
    assert diskplan.estimate(first, "1080p") == 310 * MB
    assert queries_of(lambda: diskplan.estimate(first)) == 1


def test_what_will_not_fit_beside_what_runs_does_not_begin(roomy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    episodes = make_episodes(make_series(), count=8)
    for episode in episodes[:3]:
        _file(episode, 400)
    # 300 MB known, 400 MB guessed, 50 MB done: 650 MB to come.
    _running(episodes[3], total_bytes=300 * MB, downloaded_bytes=50 * MB)
    _running(episodes[4], expected_bytes=400 * MB)
    mine = _running(episodes[5])
    assert diskplan.reserved_for_others(mine) == 650 * MB
    _free(monkeypatch, 1000 * MB)
    with pytest.raises(MustWait, match="400 MB more") as told:
        diskplan.plan(mine)
    assert (told.value.work_bytes, told.value.library_bytes) == (400 * MB, 0)
    _free(monkeypatch, 1050 * MB)
    diskplan.plan(mine)
    mine.refresh_from_db()
    assert mine.expected_bytes == 400 * MB


def test_two_disks_are_reserved_both(other_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    episodes = make_episodes(make_series(), count=4)
    _running(episodes[0], total_bytes=300 * MB, downloaded_bytes=290 * MB)
    mine = _running(episodes[1], total_bytes=500 * MB, downloaded_bytes=480 * MB)
    _free(monkeypatch, work=30 * MB, library=799 * MB)
    with pytest.raises(MustWait, match="500 MB more") as told:
        diskplan.plan(mine)
    assert str(other_disk) in str(told.value)
    assert (told.value.work_bytes, told.value.library_bytes) == (0, 500 * MB)
    _free(monkeypatch, work=30 * MB, library=800 * MB)
    diskplan.plan(mine)
    diskplan.demand_rest(mine, total=500 * MB, had=480 * MB)
    with pytest.raises(MustWait):
        diskplan.demand_rest(mine, total=501 * MB, had=480 * MB)
    diskplan.demand_arrival(mine, 500 * MB)


@contextmanager
def _bound(folder: Path, place: Path) -> Iterator[Path]:
    """A second mount of `folder`, at `place`."""
    folder.mkdir()
    place.mkdir()
    done = subprocess.run(["mount", "--bind", folder, place], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"folders can't be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


@contextmanager
def _two_mounts(disk: Path, settings: Any) -> Iterator[None]:
    """Work folder and library are on one disk, and each is a mount of its own, as volumes of a container are."""
    with (
        _bound(disk / "a", disk.with_name("work")) as settings.WORK_DIR,
        _bound(disk / "b", disk.with_name("mounted")) as library,
    ):
        store.change({"library": {"directory": str(library)}, "downloads": {"free_space_floor_gb": 0}})
        yield


def test_two_mounts_of_one_disk_need_the_room_of_both_there(
    tmp_path: Path, settings: Any, transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    episodes = make_episodes(make_series(), count=2)
    with _small_disk(tmp_path / "disk", 1) as disk, _two_mounts(disk, settings):
        _running(episodes[0], total_bytes=300 * MB, downloaded_bytes=290 * MB)
        mine = _running(episodes[1], total_bytes=500 * MB, downloaded_bytes=480 * MB)
        # 10 and 300 MB for the other one, 20 and 500 MB for this one.
        _free(monkeypatch, work=829 * MB, library=829 * MB)
        with pytest.raises(MustWait, match="520 MB more") as told:
            diskplan.plan(mine)
        assert (told.value.work_bytes, told.value.library_bytes) == (520 * MB, 0)
        assert diskplan.fitting([_item(episodes[1], language="English Sub", total_bytes=260 * MB)]) == []
        _free(monkeypatch, work=830 * MB, library=830 * MB)
        diskplan.plan(mine)
        diskplan.demand_rest(mine, total=500 * MB, had=480 * MB)
        _free(monkeypatch, work=809 * MB, library=809 * MB)
        with pytest.raises(MustWait, match="500 MB more"):
            diskplan.demand_arrival(mine, 500 * MB)


def test_what_would_not_fit_twice_on_two_mounts_of_one_disk_is_not_fetched(
    demo: Demo, series: Series, episode: Episode, tmp_path: Path, settings: Any
) -> None:
    _only(MP4)
    demo.fault(MP4, "speed", speed=1_000_000)
    queue.enqueue(series, [episode])
    with _small_disk(tmp_path / "disk", 6) as disk, _two_mounts(disk, settings):
        item = _next()
        assert (item.status, item.pause_reason) == ("paused", "disk"), item.error_message
        assert sum(line["bytes"] for line in demo.requests("media")) < 3 * MB, "what came before the answer was closed"
        QueueItem.objects.update(next_attempt_at=timezone.now())
        assert upkeep.resume_parked() == 0
        demo.well()
        _resize(disk, 32)
        QueueItem.objects.update(next_attempt_at=timezone.now())
        assert upkeep.resume_parked() == 1
        item = _next()
        assert item.status == "completed", item.error_message
        assert_whole(tmp_path / "mounted" / item.file_destination)


def test_only_as_many_go_on_as_have_room(roomy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    episodes = make_episodes(make_series(), count=5)
    parked = {"status": "paused", "pause_reason": "disk", "next_attempt_at": timezone.now()}
    # 100 MB to come; 300 MB asked for, as a join does; a size that nobody knows; 200 MB guessed.
    items = [
        _item(episodes[0], **parked, total_bytes=400 * MB, downloaded_bytes=300 * MB),
        _item(episodes[1], **parked, total_bytes=300 * MB, downloaded_bytes=300 * MB, awaited_work_bytes=300 * MB),
        _item(episodes[2], **parked),
        _item(episodes[3], **parked, expected_bytes=200 * MB),
    ]

    def gone_on(room: int) -> list[int]:
        _free(monkeypatch, room)
        QueueItem.objects.update(**parked)
        upkeep.resume_parked()
        return [number for number, item in enumerate(items) if QueueItem.objects.get(pk=item.pk).status == "pending"]

    assert gone_on(0) == []
    assert gone_on(10 * MB) == []
    assert gone_on(20 * MB) == [2]
    assert gone_on(100 * MB) == [0]
    assert gone_on(400 * MB) == [0, 1]
    assert gone_on(1 * GB) == [0, 1, 2, 3]


def test_what_waits_for_the_library_asks_for_room_there(other_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [episode] = make_episodes(make_series(), count=1)
    sizes = {"total_bytes": 500 * MB, "downloaded_bytes": 500 * MB, "awaited_library_bytes": 500 * MB}
    item = _item(episode, status="paused", pause_reason="disk", **sizes)
    _free(monkeypatch, work=0, library=499 * MB)
    assert diskplan.fitting([item]) == []
    _free(monkeypatch, work=0, library=500 * MB)
    assert diskplan.fitting([item]) == [item]


def test_a_parked_item_does_not_flap(demo: Demo, series: Series, episode: Episode, library: Path) -> None:
    """The floor leaves a little room, but not enough: it stays parked, and nothing is asked of any host."""
    others = series.episodes.filter(season=1).order_by("number")[1:4]
    for other in others:
        _file(other, 10**7)
    store.change({"downloads": {"free_space_floor_gb": 0}})
    queue.enqueue(series, [episode])
    item = tasks.claim()
    assert item
    engine.run(item)
    for _look in range(3):
        item.refresh_from_db()
        assert (item.status, item.pause_reason) == ("paused", "disk")
        QueueItem.objects.update(next_attempt_at=timezone.now())
        assert upkeep.resume_parked() == 0
    assert demo.requests("media") == []
    EpisodeFile.objects.all().delete()
    QueueItem.objects.update(next_attempt_at=timezone.now(), expected_bytes=None, awaited_work_bytes=0)
    assert upkeep.resume_parked() == 1


@pytest.mark.parametrize("host", [MP4, HLS, AES])
def test_a_disk_of_any_size_parks_or_arrives(
    host: str, demo: Demo, series: Series, episode: Episode, tmp_path: Path, settings: Any
) -> None:
    """Work folder and library on one disk that is full at a random point of the way, whatever is written there."""
    store.change({"downloads": {"free_space_floor_gb": 0}})
    _only(host)
    seeded = random.Random(host)
    queue.enqueue(series, [episode])
    with _small_disk(tmp_path / "small", 1) as small:
        (small / "library").mkdir()
        settings.WORK_DIR = small / "work"
        settings.WORK_DIR.mkdir()
        store.change({"library": {"directory": str(small / "library")}})
        for megabytes in [*sorted(seeded.sample(range(1, 12), 5)), 64]:
            _resize(small, megabytes)
            item = _next()
            if item.status == "completed":
                break
            assert (item.status, item.pause_reason) == ("paused", "disk"), (megabytes, item.error_message)
            assert episode_files(small / "library") == []
        assert item.status == "completed", item.error_message
        files = episode_files(small / "library")
        assert files == [small / "library" / item.file_destination]
        assert_whole(files[0])


def _next() -> QueueItem:
    QueueItem.objects.filter(status="paused").update(status="pending", pause_reason="", next_attempt_at=None)
    item = tasks.claim()
    assert item
    engine.run(item)
    return QueueItem.objects.get(pk=item.pk)
