"""Files that failed their check: kept with their reason, accepted anyway, deleted; and rows that agree with files."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from aniworld.accounts.models import User
from aniworld.configuration import store
from aniworld.refusals import Conflict, Gone
from downloads import acceptance, arrival, diskplan, engine, quarantine, queue, tasks, truth, upkeep
from downloads.interruptions import Untrue
from downloads.models import QuarantinedFile, QueueItem
from library.files import LibraryUnavailable
from library.models import Episode, EpisodeFile, Series
from providers.models import Provider
from tests.downloads.conftest import Demo
from tests.downloads.driving import HOSTS, MP4, assert_whole
from tests.running import eventually


class Died(BaseException):
    """What stands for a kill -9: nothing catches it, and nothing is tidied up."""


def _die(*_given: object, **_named: object) -> None:
    raise Died


@pytest.fixture(autouse=True)
def _own_folder(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path / "data"
    settings.WORK_DIR = tmp_path / "data" / "work"
    settings.WORK_DIR.mkdir(parents=True)


@pytest.fixture
def staff(transactional_db: None) -> User:
    return User.objects.create_user(username="boss", password="correct-horse-7", is_staff=True, is_superuser=True)


def _doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check of a good file says no, so that what is accepted can be seen to play."""
    check = truth.check

    def refuse(path: Path, **values: Any) -> Any:
        facts = check(path, **{**values, "declared": None, "median": None})
        raise Untrue("It looks odd.", {"duration": facts.duration, "height": facts.height, "extension": ".mp4"})

    monkeypatch.setattr(truth, "check", refuse)


def _claimed(series: Series, episode: Episode) -> QueueItem:
    for name in HOSTS:
        row = Provider.objects.get(name=name)
        (row.enable if name == MP4 else row.disable)()
    queue.enqueue(series, [episode], language="German Dub")
    item = tasks.claim()
    assert item
    return item


@pytest.fixture
def refused(demo: Demo, series: Series, episode: Episode, monkeypatch: pytest.MonkeyPatch) -> QuarantinedFile:
    """A good file in quarantine, of an item that failed for good."""
    store.change({"downloads": {"max_retries": 1, "free_space_floor_gb": 0}})
    with monkeypatch.context() as moment:
        _doubt(moment)
        engine.run(_claimed(series, episode))
    row = QuarantinedFile.objects.select_related("item__series", "item__episode").get()
    assert (row.item.status, row.provider, row.reason) == ("failed", MP4, "It looks odd.")
    assert quarantine.location(row).stat().st_size == row.size
    assert [attempt.bytes for attempt in row.item.attempts.all()] == [row.size]
    return row


def _files() -> list[Path]:
    return [path for path in quarantine.root().glob("*/*") if path.is_file()]


def test_an_accepted_file_arrives_and_says_so(refused: QuarantinedFile, staff: User, library: Path) -> None:
    item = acceptance.accept(refused, staff)
    assert item.status == "completed", item.error_message
    assert item.note == "Accepted by boss although it failed its check: It looks odd."
    file = EpisodeFile.objects.get()
    assert (file.path, file.quality) == (item.file_destination, "360p")
    assert_whole(library / file.path)
    assert [attempt.outcome for attempt in item.attempts.order_by("id")] == ["truth_failed", "completed"]
    assert (QuarantinedFile.objects.count(), _files()) == (0, [])


def test_a_copy_to_another_disk_goes_on_while_nobody_waits(
    refused: QuarantinedFile, staff: User, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diskplan, "arrives_as_copy", lambda: True)
    may_end, run = threading.Event(), engine.run

    def late(item: QueueItem, *, at_once: bool) -> None:
        assert may_end.wait(20)
        run(item, at_once=at_once)

    monkeypatch.setattr(engine, "run", late)
    item = acceptance.accept(refused, staff)
    assert (item.status, QueueItem.objects.get().status) == ("downloading", "downloading")
    may_end.set()
    eventually(lambda: QueueItem.objects.get().status == "completed", 20, "the file in the library")
    assert_whole(library / EpisodeFile.objects.get().path)


@pytest.mark.parametrize("state", ["pending", "paused", "downloading", "cancelled"])
def test_a_file_is_accepted_whatever_its_item_waits_for(refused: QuarantinedFile, library: Path, state: str) -> None:
    item = refused.item
    if state == "cancelled":
        QueueItem.objects.filter(pk=item.pk).update(status="cancelled")
    else:
        assert item.retry()
        if state == "paused":
            assert item.pause()
        elif state == "downloading":
            assert item.take("somebody:1", timezone.now())
    done = acceptance.accept(refused)
    assert done.status == "completed", done.error_message
    assert_whole(library / done.file_destination)
    assert not item.renew()


def test_a_file_is_refused_when_the_episode_arrived_otherwise(refused: QuarantinedFile) -> None:
    refused.item.episode.record_file("German Dub", "elsewhere.mp4", size=1, duration=1, mtime=0)
    assert refused.language == "German Dub"
    with pytest.raises(Conflict, match="arrived otherwise"):
        acceptance.accept(refused)
    assert QueueItem.objects.get().status == "failed"
    assert len(_files()) == 1


def test_a_file_is_refused_when_the_episode_is_queued_anew(
    refused: QuarantinedFile, series: Series, episode: Episode
) -> None:
    queue.enqueue(series, [episode], language="German Dub")
    with pytest.raises(Conflict, match="queued anew"):
        acceptance.accept(refused)


@pytest.mark.parametrize("verb", [acceptance.accept, quarantine.delete])
def test_an_accepted_file_whose_item_failed_all_the_same_is_free_again(
    refused: QuarantinedFile, verb: Callable[[QuarantinedFile], object]
) -> None:
    """Its worker died, and one on another machine, which does not have the file, came to no better end."""
    assert refused.accept(None)
    assert not refused.is_on_its_way
    verb(refused)
    assert (QuarantinedFile.objects.count(), _files()) == (0, [])


def test_a_file_on_its_way_is_nobody_else_s(refused: QuarantinedFile) -> None:
    assert refused.accept(None)
    assert refused.item.retry()
    for verb in (acceptance.accept, quarantine.delete):
        with pytest.raises(Conflict, match=r"on its way|already"):
            verb(refused)
    assert len(_files()) == 1


def test_a_file_that_is_gone_is_refused(refused: QuarantinedFile) -> None:
    quarantine.location(refused).unlink()
    with pytest.raises(Gone, match="not in quarantine any more"):
        acceptance.accept(refused)
    assert QueueItem.objects.get().status == "failed"


def test_without_a_library_nothing_is_accepted(refused: QuarantinedFile, library: Path) -> None:
    library.rename(library.with_name("away"))
    with pytest.raises(LibraryUnavailable):
        acceptance.accept(refused)
    assert QuarantinedFile.objects.get().accepted_at is None


@pytest.mark.parametrize("place", ["land", "record"])
def test_a_kill_while_it_moves_in_is_ended_by_a_worker(
    place: str, refused: QuarantinedFile, staff: User, library: Path, demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as moment:
        moment.setattr(arrival, place, _die)
        with pytest.raises(Died):
            acceptance.accept(refused, staff)
    QueueItem.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    QuarantinedFile.objects.update(updated_at=timezone.now() - timedelta(days=1))
    assert quarantine.settle() == 0
    demo.well()
    item = tasks.claim()
    assert item
    engine.run(item)
    item.refresh_from_db()
    assert item.status == "completed"
    assert item.note.startswith("Accepted by boss")
    assert_whole(library / EpisodeFile.objects.get().path)
    assert demo.requests("media") == []
    assert (QuarantinedFile.objects.count(), _files()) == (0, [])


def _rename_dying_at_quarantine(self: Path, target: Path, _rename: Any = Path.rename) -> Any:
    if quarantine.root() in Path(target).parents:
        raise Died
    return _rename(self, target)


@pytest.mark.parametrize(
    ("owner", "name", "end"),
    [(Path, "rename", _rename_dying_at_quarantine), (quarantine, "_delete_all", _die)],
    ids=["before the file moves", "after it has moved"],
)
def test_a_kill_while_it_is_put_away_leaves_what_the_next_try_settles(
    owner: Any, name: str, end: Any, demo: Demo, series: Series, episode: Episode, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.change({"downloads": {"free_space_floor_gb": 0}})
    item = _claimed(series, episode)
    demo.fault(MP4, "corrupt")
    with monkeypatch.context() as dying:
        dying.setattr(owner, name, end)
        with pytest.raises(Died):
            engine.run(item)
    assert QuarantinedFile.objects.count() == 1
    QueueItem.objects.update(lease_until=timezone.now() - timedelta(seconds=1), next_attempt_at=None)
    heir = tasks.claim()
    assert heir
    engine.run(heir)
    assert _files() == [quarantine.location(QuarantinedFile.objects.get())]


def test_a_file_on_another_machine_is_left_to_that(
    refused: QuarantinedFile, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    QuarantinedFile.objects.update(place="barn-1", updated_at=timezone.now() - timedelta(days=1))
    refused.refresh_from_db()
    with pytest.raises(Conflict, match="another machine, barn-1"):
        acceptance.accept(refused)
    quarantine.location(refused).unlink()
    assert (quarantine.settle(), quarantine.make_room(10**15)) == (0, 0)
    assert QuarantinedFile.objects.count() == 1
    QuarantinedFile.objects.update(created_at=timezone.now() - timedelta(days=15))
    assert quarantine.prune() == 1


def test_room_that_would_not_be_enough_is_not_made(refused: QuarantinedFile) -> None:
    file = quarantine.location(refused)
    assert quarantine.make_room(refused.size + 1) == 0
    assert file.exists()
    assert quarantine.make_room(refused.size) == refused.size
    assert not file.exists()


def test_the_command_accepts(refused: QuarantinedFile, capsys: pytest.CaptureFixture[str], library: Path) -> None:
    call_command("queue", "accept", str(refused.item_id))
    assert f"{refused.item_id}: completed" in capsys.readouterr().out
    with pytest.raises(CommandError, match="Nothing is kept"):
        call_command("queue", "accept", str(refused.item_id))


def test_halves_that_a_kill_left_are_removed(refused: QuarantinedFile, monkeypatch: pytest.MonkeyPatch) -> None:
    stray = quarantine.root() / "77" / "voe-1.mp4"
    stray.parent.mkdir()
    stray.write_bytes(b"left by somebody who was killed after the row was deleted")
    facts = {"provider": "voe", "language": "x", "path": "1/x", "size": 1, "place": quarantine.here()}
    lost = QuarantinedFile.objects.create(item=refused.item, **facts)
    assert quarantine.settle() == 0, "they may belong to somebody who works at them now"
    assert lost.pk
    monkeypatch.setattr(quarantine, "GRACE", timedelta(seconds=-5))
    assert quarantine.settle() == 2
    assert list(QuarantinedFile.objects.all()) == [refused]
    assert _files() == [quarantine.location(refused)]


def test_what_is_too_old_too_much_or_over_is_deleted(refused: QuarantinedFile, monkeypatch: pytest.MonkeyPatch) -> None:
    assert quarantine.prune() == 0
    monkeypatch.setattr(quarantine, "MOST_BYTES", refused.size - 1)
    assert quarantine.prune() == 1
    assert (QuarantinedFile.objects.count(), _files()) == (0, [])


@pytest.mark.parametrize(
    "change", [{"status": "cancelled"}, {"cleared_at": timezone.now()}, {"created_at": timezone.now()}]
)
def test_the_rows_of_what_is_over_go_first(refused: QuarantinedFile, change: dict[str, Any]) -> None:
    if "created_at" in change:
        QuarantinedFile.objects.update(created_at=timezone.now() - timedelta(days=15))
    else:
        QueueItem.objects.update(**change)
    upkeep.prune()
    assert (QuarantinedFile.objects.count(), _files()) == (0, [])


def test_a_full_disk_takes_the_room_of_quarantine(refused: QuarantinedFile, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused.item.retry()
    monkeypatch.setattr(diskplan, "free", lambda folder: 10_000)
    parked = {"status": "paused", "pause_reason": "disk", "next_attempt_at": timezone.now()}
    # One byte more than there would be even without the file.
    QueueItem.objects.update(**parked, awaited_work_bytes=10_001 + refused.size)
    assert upkeep.resume_parked() == 0
    assert QuarantinedFile.objects.count() == 1
    QueueItem.objects.update(**parked, awaited_work_bytes=10_000 + refused.size)
    assert upkeep.resume_parked() == 0
    assert (QuarantinedFile.objects.count(), _files()) == (0, [])


def test_an_arrival_forgets_what_failed_before(
    refused: QuarantinedFile, library: Path, series: Series, episode: Episode
) -> None:
    assert queue.retry([refused.item_id])[0] == [refused.item_id]
    item = tasks.claim()
    assert item
    engine.run(item)
    item.refresh_from_db()
    assert (item.status, item.note) == ("completed", "")
    assert (QuarantinedFile.objects.count(), _files()) == (0, [])


def test_administrators_see_and_decide(refused: QuarantinedFile, staff: User, library: Path) -> None:
    admin = Client()
    admin.force_login(staff)
    text = admin.get("/admin/downloads/quarantinedfile/").content.decode()
    assert "It looks odd." in text
    change = admin.get(f"/admin/downloads/queueitem/{refused.item_id}/change/").content.decode()
    assert "accept the file in quarantine anyway" in change
    data = {"action": "accept", "_selected_action": [refused.pk]}
    told = admin.post("/admin/downloads/quarantinedfile/", data, follow=True).content.decode()
    assert "is in the library now" in told
    assert QueueItem.objects.get().status == "completed"


def test_deleting_in_the_admin_deletes_row_and_file(refused: QuarantinedFile, staff: User) -> None:
    admin = Client()
    admin.force_login(staff)
    data = {"action": "discard", "confirmed": "yes", "_selected_action": [refused.pk]}
    assert "is deleted" in admin.post("/admin/downloads/quarantinedfile/", data, follow=True).content.decode()
    assert (QuarantinedFile.objects.count(), _files()) == (0, [])


def test_the_page_of_the_item_offers_it_to_staff_alone(refused: QuarantinedFile, staff: User, library: Path) -> None:
    member, boss = Client(), Client()
    member.force_login(User.objects.create_user(username="member", password="correct-horse-7"))
    boss.force_login(staff)
    page, address = f"/queue/{refused.item_id}", f"/queue/quarantine/{refused.pk}/accept"
    assert "It looks odd." in member.get(page).content.decode()
    assert address not in member.get(page).content.decode()
    assert "Only administrators" in member.post(address, {"item": refused.item_id}, follow=True).content.decode()
    assert QueueItem.objects.get().status == "failed"
    assert address in boss.get(page).content.decode()
    assert "is in the library now" in boss.post(address, {"item": refused.item_id}, follow=True).content.decode()
    shown = boss.get(page).content.decode()
    assert "Accepted by boss although it failed its check" in shown
