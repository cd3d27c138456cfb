"""Between the last byte and the row: whoever dies, stops or gets in the way there, nothing is lost or called done."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from aniworld.alerts.models import Alert
from aniworld.configuration import store
from aniworld.configuration.models import Configuration
from downloads import arrival, engine, queue, tasks, truth, upkeep
from downloads.control import Control
from downloads.models import QueueItem
from downloads.workfolder import WorkFolder
from library.models import Episode, EpisodeFile, Series
from providers.models import Provider, ProviderStatus
from tests.downloads.conftest import Demo
from tests.downloads.driving import HOSTS, assert_whole


def _next() -> QueueItem:
    QueueItem.objects.update(next_attempt_at=None)
    item = tasks.claim()
    assert item
    return item


def _claimed(series: Series, episode: Episode) -> QueueItem:
    queue.enqueue(series, [episode])
    return _next()


def _stop_after_landing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The queue is stopped in the moment between rename and rows."""
    land = arrival.land

    def landed_and_stopped(*arguments: object) -> arrival.Landed:
        landed = land(*arguments)  # type: ignore[arg-type]  # passed on as they came
        queue.stop()
        return landed

    monkeypatch.setattr(arrival, "land", landed_and_stopped)


def test_a_stop_between_rename_and_rows_downloads_nothing_twice(
    demo: Demo, series: Series, episode: Episode, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as moment:
        _stop_after_landing(moment)
        engine.run(_claimed(series, episode))
    item = QueueItem.objects.get()
    assert (item.status, EpisodeFile.objects.count()) == ("pending", 0)
    demo.well()
    queue.start()
    engine.run(_next())
    item.refresh_from_db()
    assert item.status == "completed"
    assert demo.requests("media") == []
    assert EpisodeFile.objects.get().path == item.file_destination
    assert [path.name for path in library.rglob("*.mp4")] == [Path(item.file_destination).name]


def test_a_cancel_between_rename_and_rows_records_the_file_that_is_there(
    demo: Demo, series: Series, episode: Episode, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    land = arrival.land

    def landed_and_cancelled(*arguments: object) -> arrival.Landed:
        landed = land(*arguments)  # type: ignore[arg-type]  # passed on as they came
        queue.cancel([item.pk])
        return landed

    item = _claimed(series, episode)
    monkeypatch.setattr(arrival, "land", landed_and_cancelled)
    engine.run(item)
    item.refresh_from_db()
    assert item.status == "cancelled"
    assert_whole(library / EpisodeFile.objects.get().path)


def test_an_arrival_is_told(demo: Demo, series: Series, episode: Episode) -> None:
    engine.run(_claimed(series, episode))
    alert = Alert.objects.get(kind="episodes_arrived")
    assert alert.title == f"{series.name} {episode.code} arrived"


def test_a_broken_file_under_the_final_name_is_not_called_done(
    demo: Demo, series: Series, episode: Episode, library: Path
) -> None:
    item = _claimed(series, episode)
    engine.run(item)
    first = EpisodeFile.objects.get()
    broken = library / first.path
    broken.write_bytes(b"junk")
    first.delete()
    episode.settle_files()
    engine.run(_claimed(series, episode))
    file = EpisodeFile.objects.get()
    assert file.path != first.path
    assert_whole(library / file.path)
    assert broken.read_bytes() == b"junk"


def test_a_whole_file_under_the_final_name_stays_and_is_recorded_for_what_it_is(
    demo: Demo, series: Series, episode: Episode, library: Path
) -> None:
    engine.run(_claimed(series, episode))
    first = EpisodeFile.objects.get()
    other = next(path for path in Path(demo.site.clips.clips.folder).glob("1-*.mp4"))
    (library / first.path).write_bytes(other.read_bytes())
    first.delete()
    episode.settle_files()
    engine.run(_claimed(series, episode))
    file = EpisodeFile.objects.get()
    assert (file.path, file.size) == (first.path, other.stat().st_size)
    assert file.duration_seconds == pytest.approx(truth.check(other, declared=None, median=None).duration, abs=0.1)


def _forgotten(series: Series, episode: Episode, library: Path) -> EpisodeFile:
    """A downloaded episode of which the database knows nothing any more, as after restoring an older one."""
    engine.run(_claimed(series, episode))
    file = EpisodeFile.objects.get()
    assert_whole(library / file.path)
    file.delete()
    episode.settle_files()
    QueueItem.objects.all().delete()
    return file


def test_what_is_on_disk_already_is_recorded_and_not_downloaded_again(
    demo: Demo, series: Series, episode: Episode, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _forgotten(series, episode, library)
    alerts, stood = Alert.objects.count(), (library / before.path).stat()
    demo.well()
    item = _claimed(series, episode)
    with monkeypatch.context() as moment:
        moment.setattr(arrival, "record", lambda *_arguments: pytest.fail("killed before the rows"))
        with pytest.raises(pytest.fail.Exception):
            engine.run(item)
    item.stop()
    engine.run(_next())
    item.refresh_from_db()
    assert (item.status, item.note, item.language) == ("completed", "It was on disk already.", before.language)
    file = EpisodeFile.objects.get()
    assert (file.path, file.size, file.language) == (before.path, before.size, before.language)
    now = (library / file.path).stat()
    assert (now.st_ino, now.st_mtime) == (stood.st_ino, stood.st_mtime)
    assert demo.requests() == []
    assert (item.attempts.count(), Alert.objects.count()) == (0, alerts)


def test_one_in_a_lesser_language_of_the_plan_is_found_too_but_not_what_another_language_asks_for(
    demo: Demo, series: Series, episode: Episode, library: Path
) -> None:
    dub = _forgotten(series, episode, library)
    sub = library / dub.path.replace("German Dub", "German Sub")
    (library / dub.path).rename(sub)
    engine.run(_claimed(series, episode))
    item = QueueItem.objects.get()
    assert (item.status, item.language, library / item.file_destination) == ("completed", "German Sub", sub)
    [pk] = queue.enqueue(series, [episode], language="German Dub").added
    engine.run(_next())
    assert QueueItem.objects.get(pk=pk).note == ""
    assert EpisodeFile.objects.count() == 2


@pytest.mark.parametrize("on_existing", ["replace", "number"])
def test_who_wants_no_old_file_gets_a_new_one(
    demo: Demo, series: Series, episode: Episode, library: Path, on_existing: str
) -> None:
    before = _forgotten(series, episode, library)
    (library / before.path).write_bytes(next(Path(demo.site.clips.clips.folder).glob("1-*.mp4")).read_bytes())
    store.change({"downloads": {"on_existing": on_existing}})
    engine.run(_claimed(series, episode))
    assert QueueItem.objects.get().note == ""
    assert demo.requests("media")
    assert (EpisodeFile.objects.get().path == before.path) is (on_existing == "replace")


def test_a_file_that_belongs_to_another_episode_is_not_taken_away_from_it(
    demo: Demo, series: Series, episode: Episode, library: Path
) -> None:
    before = _forgotten(series, episode, library)
    other = series.episodes.exclude(pk=episode.pk).first()
    assert other
    other.record_file(before.language, before.path, size=before.size, duration=None, mtime=1.0)
    item = _claimed(series, episode)
    with Control(item) as control:
        assert arrival.find_standing(item, [before.language], control) is None


def test_an_older_file_of_the_same_name_and_size_is_no_arrival(
    demo: Demo, series: Series, episode: Episode, library: Path, tmp_path: Path
) -> None:
    item = _claimed(series, episode)
    folder = WorkFolder(tmp_path / "work", item.pk, item.token)
    folder.adopt()
    file = folder.path / "data"
    file.write_bytes(next(Path(demo.site.clips.clips.folder).glob("0-deu.mp4")).read_bytes())
    facts = truth.check(file, declared=None, median=None)
    with Control(item) as control:
        landed = arrival.land(item, folder, file, facts, item.language, control)
    assert arrival.find_landed(folder) == landed
    arrived = library / landed.path
    content = arrived.read_bytes()
    arrived.unlink()
    assert arrival.find_landed(folder) is None
    arrived.write_bytes(content[:-1])
    assert arrival.find_landed(folder) is None


def test_what_a_killed_worker_of_this_instance_held_is_given_back(demo: Demo, series: Series, episode: Episode) -> None:
    item = _claimed(series, episode)
    assert upkeep.release("somebody-else") == 0
    assert upkeep.release(item.owner.partition(":")[0]) == 1
    item.refresh_from_db()
    assert (item.status, item.token) == ("pending", "")


def test_a_catalogue_that_is_away_is_waited_for(demo: Demo, series: Series, episode: Episode, library: Path) -> None:
    queue.enqueue(series, [episode])
    demo.fault("demo", "503", stage="page")
    for _round in range(5):
        item = _next()
        engine.run(item)
    item.refresh_from_db()
    assert (item.status, item.rounds) == ("pending", 0)
    assert "Demo rests until" in item.error_message
    record = ProviderStatus.objects.get(provider__name="demo")
    assert item.next_attempt_at
    assert record.open_until
    assert item.next_attempt_at > record.open_until - timedelta(seconds=2), "not before it is asked again"
    demo.well()
    ProviderStatus.objects.filter(pk=record.pk).update(open_until=timezone.now())
    Provider.forget()
    item = _next()
    engine.run(item)
    item.refresh_from_db()
    assert item.status == "completed", item.error_message


def test_an_item_fails_after_its_rounds_and_says_which_hosts_and_why(
    demo: Demo, series: Series, episode: Episode
) -> None:
    queue.enqueue(series, [episode])
    for host in HOSTS:
        demo.fault(host, "404", stage="embed")
    store.change({"providers": {"retry_delay": 0}})
    for _round in range(3):
        item = _next()
        engine.run(item)
    item.refresh_from_db()
    assert (item.status, item.retry_count) == ("failed", 3)
    assert item.error_message.count("not found") == len(HOSTS), item.error_message
    assert item.attempts.count() >= 9


def test_a_template_that_gives_no_name_parks_before_anything_is_fetched(
    demo: Demo, series: Series, episode: Episode
) -> None:
    Configuration.objects.update(library={"directory": store.current().library.directory, "file_template": "same"})
    store.forget()
    item = _claimed(series, episode)
    engine.run(item)
    item.refresh_from_db()
    assert (item.status, item.pause_reason) == ("paused", "library_unavailable")
    assert "{episode}" in item.error_message
    assert demo.requests("media") == []
