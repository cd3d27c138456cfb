"""Where an item's bytes lie, and what is said when another worker takes it up."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest

from aniworld import clock
from downloads import engine, place_mark, queue, tasks
from downloads.models import Attempt, QueueItem
from library.models import Episode, Series
from tests.downloads.conftest import Demo
from tests.downloads.driving import assert_whole
from tests.migrated import database, run
from tests.scale.wrong_clock import ahead_by

HAD = 3_000_000
# A day is no drift; what is reckoned with this clock by mistake is seen at once.
WRONG = 24 * 3600


@pytest.fixture
def item(series: Series, episode: Episode, tmp_path: Path, settings: Any) -> QueueItem:
    """One that a worker has, and of whose bytes nothing is in this machine's work folder."""
    settings.WORK_DIR = tmp_path / "work"
    queue.enqueue(series, [episode])
    QueueItem.objects.update(downloaded_bytes=HAD)
    found = tasks.claim()
    assert found
    return found


def _tried(item: QueueItem, outcome: str, planned: str = "Goes on in 60 seconds.") -> Attempt:
    ended = {"ended_at": clock.now(), "outcome": outcome, "next_step": planned}
    return Attempt.objects.create(item=item, provider="demo-file", language=item.language, **ended)


@pytest.mark.parametrize(
    ("place", "outcome", "told"),
    [
        ("other-1a2b3c4d", "parked", "Began anew on another machine: the 3.0 MB that were there lie on other."),
        # Its worker was killed between two tries.
        ("other-1a2b3c4d", "stalled", "Began anew on another machine: the 3.0 MB that were there lie on other."),
        ("", "parked", "Began anew: the 3.0 MB that were there are gone."),
        ("", "stalled", "Goes on in 60 seconds."),
    ],
)
def test_the_last_try_says_how_the_next_took_it_up(
    library: Path, item: QueueItem, place: str, outcome: str, told: str
) -> None:
    item.work_place = place or place_mark.of_work()
    item.save()
    last = _tried(item, outcome)
    engine.run(item)
    last.refresh_from_db()
    assert last.next_step == told
    item.refresh_from_db()
    assert item.work_place == place_mark.of_work()
    assert_whole(library / item.file_destination)


def test_a_try_whose_worker_died_before_it_could_say_what_is_next_says_it_too(library: Path, item: QueueItem) -> None:
    item.work_place = place_mark.of_work()
    item.save()
    last = _tried(item, "failed", planned="")
    engine.run(item)
    last.refresh_from_db()
    assert last.next_step == "Began anew: the 3.0 MB that were there are gone."


def test_nothing_is_reckoned_with_from_bytes_that_are_gone(demo: Demo, item: QueueItem) -> None:
    demo.fault("demo", "503")
    engine.run(item)
    item.refresh_from_db()
    assert item.status != QueueItem.Status.COMPLETED
    assert not item.downloaded_bytes


def test_a_folder_has_one_name_also_where_the_file_system_has_no_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: Path, _target: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    name = place_mark.name_of(tmp_path / "work")
    assert place_mark.name_of(tmp_path / "work") == name
    assert [path.name for path in (tmp_path / "work").iterdir()] == [place_mark.MARKER]


_PUT_OFF = """
import django, json
django.setup()
from django.db import connection
from downloads.models import Attempt, QueueItem
from providers import registry
from providers.exceptions import RateLimited
from providers.models import ProviderStatus

item = QueueItem.objects.claim_next("one:1", limit=9, own_limit=9)
Attempt.objects.begin(item, "voe", item.language).end("failed", "as always", size=0)
counted = Attempt.objects.of_this_run(item).count()
item.postpone("later", 60)
registry.sync()
host = ProviderStatus.objects.filter(provider__name="voe").get()
host.note_request(RateLimited("slowly", 60))
host.refresh_from_db()
with connection.cursor() as cursor:
    cursor.execute("SELECT clock_timestamp()")
    [now] = cursor.fetchone()
waits = [(moment - now).total_seconds() for moment in (item.next_attempt_at, host.open_until)]
print(json.dumps([counted, *waits]))
"""


@pytest.mark.processes
def test_a_machine_whose_clock_is_wrong_waits_and_counts_as_the_others_do(tmp_path: Path) -> None:
    clocks = []
    for name, wrong in (("ahead", WRONG), ("behind", -WRONG)):
        (tmp_path / name).mkdir()
        clocks.append(ahead_by(wrong, tmp_path / name))
    if not all(clocks):
        pytest.skip("no C compiler is installed here (Debian: apt install gcc)")
    with database("postgresql", tmp_path) as environment:
        run(environment, "-m", "tests.downloads.claimer", "seed", str(len(clocks)))
        settings = {"DJANGO_SETTINGS_MODULE": "aniworld.settings"}
        for variables in clocks:
            counted, item, host = json.loads(run({**environment, **settings, **variables}, "-c", _PUT_OFF))
            assert counted == 1
            assert item == pytest.approx(60, abs=20)
            assert host == pytest.approx(60, abs=20)
