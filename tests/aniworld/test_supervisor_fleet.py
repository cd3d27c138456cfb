"""Several machines: who leads, who is gone, and what each may not do while the others are there."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django_q.models import Schedule

from aniworld import clock, machine_watch, schedules
from aniworld.backups import making, schedule
from aniworld.backups.refusals import RestoreRefused
from aniworld.checks import working
from aniworld.live.models import Event
from aniworld.supervisor import fleet
from aniworld.supervisor.models import GONE, LEADS_FOR, Machine
from library.models import Timetable

pytestmark = pytest.mark.django_db


def machine(name: str, *, silent: float = 0, **values: object) -> Machine:
    """One that was heard of so many seconds ago."""
    now = clock.now()
    seen = {"started_at": now, "seen_at": now - timedelta(seconds=silent), "workers": True}
    return Machine.objects.create(instance=name, host=f"host of {name}", **{**seen, **values})


@pytest.fixture
def one(monkeypatch: pytest.MonkeyPatch) -> fleet.Member:
    """This process as the machine `one`."""
    monkeypatch.setenv("ANIWORLD_INSTANCE", "one")
    member = fleet.Member(web=True, workers=False)
    member.join()
    return member


def test_one_leads_until_it_does_not_say_so_again() -> None:
    machine("one")
    machine("two")
    assert Machine.objects.lead("one")
    assert not Machine.objects.lead("two")
    assert Machine.objects.lead("one")
    Machine.objects.filter(instance="one").update(leads_until=clock.now() - timedelta(seconds=1))
    assert Machine.objects.lead("two")
    assert not Machine.objects.lead("one")
    assert Machine.objects.filter(leads=True).count() == 1


def test_one_that_ends_leaves_the_lead_at_once(one: fleet.Member) -> None:
    machine("two", leads=True, leads_until=clock.now() + LEADS_FOR)
    done: list[str] = []
    work = one.leading(lambda: done.append("led"), lambda: done.append("followed"))
    one.sign()
    work()
    Machine.objects.filter(instance="two").delete()
    one.sign()
    work()
    assert done == ["followed", "led"]


def test_work_for_all_is_spared_while_nothing_is_written(one: fleet.Member, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    looks = one.leading(lambda: done.append("looked"))
    keeps = one.leading(lambda: done.append("kept"), lambda: None)
    one.sign()
    for _time in range(3):
        looks()
        keeps()
    assert done == ["looked", "kept", "kept", "kept"]
    machine("two")
    looks()
    looks()
    assert done.count("looked") == 2
    later = time.monotonic() + fleet.LOOK_ANYWAY
    monkeypatch.setattr(time, "monotonic", lambda: later)
    looks()
    assert done.count("looked") == 3


def test_work_that_wrote_looks_again_at_once(one: fleet.Member) -> None:
    done: list[str] = []
    work = one.leading(lambda: done.append(machine(f"found {len(done)}").instance))
    one.sign()
    for _time in range(3):
        work()
    assert done == ["found 0", "found 1", "found 2"]


def test_a_machine_whose_row_is_gone_makes_itself_known_again(one: fleet.Member) -> None:
    Machine.objects.all().delete()
    one.sign()
    assert one.leads
    assert Machine.objects.living().get().web


def test_one_that_vanished_is_told_of_once_and_forgotten_after_an_hour() -> None:
    machine("one")
    machine("two", silent=GONE.total_seconds() + 1)
    assert machine_watch.look() == "host of two"
    machine_watch.look()
    [event] = Event.objects.filter(type="system_warning")
    assert "host of two" in event.data["message"]
    found = working.machines()
    assert not found.ok
    assert "host of two" in found.message
    Machine.objects.filter(instance="two").update(seen_at=clock.now() - timedelta(hours=2))
    Machine.objects.tidy([])
    assert working.machines().ok


def test_another_key_is_refused(one: fleet.Member) -> None:
    machine("two", key_print="of another key")
    with pytest.raises(fleet.OtherKey, match="host of two"):
        one.join()


def test_regular_work_of_another_version_stays_while_that_runs(one: fleet.Member) -> None:
    schedules.put_in_place()
    Schedule.objects.create(name="Of tomorrow", func="aniworld.tomorrow.tasks.work", schedule_type="I", minutes=5)
    newer = machine("two", version="99.0")
    schedules.put_in_place()
    assert Schedule.objects.filter(name="Of tomorrow").exists()
    assert "99.0" in working.machines().message
    newer.delete()
    schedules.put_in_place()
    assert not Schedule.objects.filter(name="Of tomorrow").exists()


def test_regular_work_that_is_there_twice_is_there_once_after_a_start() -> None:
    schedules.put_in_place()
    row = Schedule.objects.order_by("pk")[0]
    Schedule.objects.create(name=row.name, func=row.func, schedule_type=row.schedule_type, minutes=row.minutes)
    schedules.put_in_place()
    assert Schedule.objects.filter(name=row.name).count() == 1


def test_one_machine_of_all_makes_the_backup_that_is_due() -> None:
    turn = schedule.take_turn()
    assert turn
    assert schedule.take_turn() is None
    schedule.give_back(turn, "")
    assert schedule.take_turn() is None


def test_a_backup_that_failed_is_tried_again_soon_by_any_machine() -> None:
    turn = schedule.take_turn()
    assert turn
    schedule.give_back(turn, "no room")
    due = Timetable.objects.get(pk=schedule.NAME).next_run
    assert due
    assert due < clock.now() + timedelta(minutes=16)
    assert schedule.take_turn() is None


def test_a_restore_is_refused_while_any_machine_is_there(settings: Any) -> None:
    settings.EMBEDDED = False  # as with PostgreSQL: other machines hold no lock here
    machine("two", workers=False, web=True)
    with pytest.raises(RestoreRefused, match="host of two"):
        making._demand_silence()
