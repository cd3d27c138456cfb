"""Alerts as they are written down: what is told, what is not, and what is told once."""

from __future__ import annotations

import logging
import shutil
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from aniworld import disk_watch
from aniworld.alerts import delivering, raise_alert
from aniworld.alerts.composing import compose
from aniworld.alerts.models import Alert, Condition, Delivery, Digest, Kind
from aniworld.configuration import store
from aniworld.configuration.models import Configuration
from aniworld.live.models import Event
from aniworld.schedules import REGULAR
from downloads.disks import GIGABYTE
from downloads.models import QueueItem
from library.models import EpisodeFile
from tests.library.factories import make_episodes, make_series

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _target() -> None:
    """One target, so that alerts wait for it; written past the form, which would ask Apprise about the address."""
    targets = [{"label": "phone", "address": "json://127.0.0.1:9"}]
    Configuration.objects.create(pk=1, notifications={"targets": targets, "digest_minutes": 5})
    store.forget()


def states() -> list[tuple[str, str]]:
    return list(Alert.objects.order_by("pk").values_list("kind", "state"))


def age(minutes: float) -> None:
    Alert.objects.update(raised_at=timezone.now() - timedelta(minutes=minutes))


def gathered() -> bool:
    return delivering.gather(timezone.now() + timedelta(minutes=6))


def test_an_alert_waits_for_the_window_of_the_first() -> None:
    raise_alert("provider_down", "VOE is down", "No answer.", about="voe")
    assert not delivering.gather(timezone.now())
    age(4)
    raise_alert("download_failed", "A failed", "Why.")
    assert gathered()
    assert [state for _kind, state in states()] == ["sending", "sending"]
    assert Delivery.objects.get().target == "phone"
    assert not gathered()


def test_the_same_is_not_told_again_within_the_window() -> None:
    for _time in range(3):
        raise_alert(Kind.LANGUAGE_DOWN, "No host for German Dub", "", about="German Dub")
    raise_alert(Kind.LANGUAGE_DOWN, "No host for German Sub", "", about="German Sub")
    assert Alert.objects.count() == 2
    gathered()
    raise_alert(Kind.LANGUAGE_DOWN, "No host for German Dub", "", about="German Dub")
    assert Alert.objects.count() == 2
    age(6)
    raise_alert(Kind.LANGUAGE_DOWN, "No host for German Dub", "", about="German Dub")
    assert Alert.objects.count() == 3


def test_without_a_name_each_counts() -> None:
    for _time in range(3):
        raise_alert(Kind.DOWNLOAD_FAILED, "A failed", "")
    assert Alert.objects.count() == 3


def test_what_is_over_before_it_was_told_is_not_told() -> None:
    raise_alert(Kind.PROVIDER_DOWN, "VOE is down", "", about="voe")
    raise_alert(Kind.PROVIDER_DOWN, "Vidoza is down", "", about="vidoza")
    raise_alert(Kind.PROVIDER_RECOVERED, "VOE is back", "", about="voe")
    assert states() == [
        ("provider_down", "withdrawn"),
        ("provider_down", "waiting"),
        ("provider_recovered", "withdrawn"),
    ]
    # Nobody knows of it yet, so this time it is news.
    raise_alert(Kind.PROVIDER_DOWN, "VOE is down", "", about="voe")
    assert states()[3] == ("provider_down", "waiting")
    gathered()
    raise_alert(Kind.PROVIDER_RECOVERED, "VOE is back", "", about="voe")
    assert states()[4] == ("provider_recovered", "waiting")
    # Down again: whoever was told that it is down need not hear that it was back.
    raise_alert(Kind.PROVIDER_DOWN, "VOE is down", "", about="voe")
    assert states()[4:] == [("provider_recovered", "withdrawn"), ("provider_down", "withdrawn")]


@pytest.mark.parametrize("kind", Kind.values)
def test_each_kind_has_a_switch(kind: str) -> None:
    store.change({"notifications": {kind: False}})
    for one in Kind.values:
        raise_alert(one, "Title", "")
    assert dict(states()) == {one: "noted" if one == kind else "waiting" for one in Kind.values}
    assert "switched off" in Alert.objects.get(kind=kind).reason


def test_without_a_target_it_is_only_noted() -> None:
    store.change({"notifications": {"targets": []}})
    raise_alert(Kind.DISK_LOW, "The disk gets full", "")
    assert states() == [("disk_low", "noted")]
    assert Alert.objects.get().send_again()
    gathered()
    delivering.deliver()
    assert states() == [("disk_low", "failed")]


@pytest.mark.parametrize("kind", ["nonsense", "", "provider_down\x00"])
def test_the_caller_never_suffers(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), transaction.atomic():
        raise_alert(kind, "Title", "")
        Condition.objects.begins("the caller goes on")
    assert "could not be written down" in caplog.text
    assert Condition.objects.count() == 1
    assert not Alert.objects.exists()


def test_a_database_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_arguments: Any) -> Any:
        raise OSError("gone")

    with caplog.at_level(logging.ERROR), connection.execute_wrapper(broken):
        raise_alert(Kind.DISK_LOW, "Title", "")
    assert "could not be written down" in caplog.text


def test_it_goes_with_the_caller_s_transaction() -> None:
    with transaction.atomic():
        raise_alert(Kind.DISK_LOW, "Title", "")
        transaction.set_rollback(True)
    assert not Alert.objects.exists()


@given(title=st.text(max_size=500), body=st.text(max_size=5000), about=st.text(max_size=500))
def test_any_text_is_taken(title: str, body: str, about: str) -> None:
    before = Alert.objects.count()
    with transaction.atomic():
        raise_alert(Kind.DISK_LOW, title, body, about=about)
        assert Alert.objects.count() == before + 1
        transaction.set_rollback(True)


def test_many_become_one_message_with_counts_and_the_first_titles() -> None:
    alerts = [Alert(kind=Kind.DOWNLOAD_FAILED, title=f"Episode {number} failed") for number in range(40)]
    title, body = compose("Mine", [*alerts, Alert(kind=Kind.PROVIDER_DOWN, title="VOE is down")])
    assert title == "Mine: 41 messages"
    assert "40 × A download failed for good" in body
    assert "1 × A provider is down" in body
    assert "- Episode 9 failed\n… and 31 more" in body
    assert compose("Mine", [Alert(title="One", body="Why")]) == ("Mine: One", "Why")


def test_tries_are_further_and_further_apart_until_they_end() -> None:
    delivery = Delivery.objects.create(digest=Digest.objects.create(), target="phone")
    waits = []
    while Delivery.objects.filter(state="waiting"):
        now = timezone.now()
        Delivery.objects.update(next_attempt_at=now)
        [claimed] = Delivery.objects.claim_due()
        assert Delivery.objects.claim_due() == []
        assert claimed.fail("It answered with HTTP status 500.")
        delivery.refresh_from_db()
        waits.append(round((delivery.next_attempt_at - now).total_seconds()))
    assert waits[:-1] == [pause.total_seconds() for pause in Delivery.PAUSES]
    assert (delivery.attempts, delivery.state, delivery.reason) == (
        Delivery.most_tries(),
        "failed",
        "It answered with HTTP status 500.",
    )


def test_what_a_dead_process_left_is_taken_over_and_its_word_counts_no_more() -> None:
    Delivery.objects.create(digest=Digest.objects.create(), target="phone")
    [first] = Delivery.objects.claim_due()
    Delivery.objects.update(lease_until=timezone.now())
    [second] = Delivery.objects.claim_due()
    assert not first.fail("late")
    assert not first.succeed()
    assert second.succeed()
    Delivery.objects.update(state="waiting", attempts=Delivery.most_tries(), lease_until=timezone.now())
    assert Delivery.objects.claim_due() == []
    assert Delivery.objects.get().state == "failed"


def test_old_ones_are_deleted_with_their_messages() -> None:
    raise_alert(Kind.DISK_LOW, "Old", "")
    gathered()
    Delivery.objects.update(state="sent")
    delivering.deliver()
    raise_alert(Kind.DISK_LOW, "Old, but still waiting", "")
    age(60 * 24 * 31)
    Digest.objects.update(created_at=timezone.now() - timedelta(days=31))
    raise_alert(Kind.DISK_LOW, "New", "")
    assert delivering.prune() == 1
    assert list(Alert.objects.order_by("pk").values_list("title", flat=True)) == ["Old, but still waiting", "New"]
    assert not Digest.objects.exists()
    assert not Delivery.objects.exists()


def test_a_full_disk_is_told_of_once_until_there_is_well_more_room(settings: Any, tmp_path: Any) -> None:
    settings.LIBRARY_DIR = tmp_path
    free = shutil.disk_usage(tmp_path).free / GIGABYTE

    def look(floor: float) -> int:
        store.change({"downloads": {"free_space_floor_gb": floor}})
        disk_watch.look()
        return Alert.objects.filter(kind=Kind.DISK_LOW).count()

    assert look(free / 2) == 0
    assert [look(free * 2), look(free * 2), look(free * 0.8), look(free * 2)] == [1, 1, 1, 1]
    assert Event.objects.get(type="system_warning").data["title"].startswith("The disk gets full")
    # Unsent, or within the window, it would count as the same.
    gathered()
    age(10)
    assert [look(free / 2), look(free * 2)] == [1, 2]


def test_an_item_that_waits_for_room_makes_a_disk_full(settings: Any, tmp_path: Any) -> None:
    settings.LIBRARY_DIR = tmp_path
    series = make_series()
    [episode] = make_episodes(series, count=1)
    parked = {"season": 1, "language": "German Dub", "status": "paused", "pause_reason": "disk"}
    QueueItem.objects.create(series=series, episode=episode, **parked)
    store.change({"downloads": {"free_space_floor_gb": 0}})
    disk_watch.look()
    assert Alert.objects.get().kind == Kind.DISK_LOW


def test_a_library_that_is_gone_is_told_of_once_until_it_is_back(settings: Any, tmp_path: Any) -> None:
    settings.LIBRARY_DIR = tmp_path / "library"
    settings.LIBRARY_DIR.mkdir()
    away = tmp_path / "away"

    def look() -> int:
        disk_watch.look()
        return Alert.objects.filter(kind=Kind.LIBRARY_GONE).count()

    (settings.LIBRARY_DIR / "file").touch()
    assert look() == 0
    settings.LIBRARY_DIR.rename(away)
    # Nobody misses a folder that nothing was ever in.
    assert look() == 0
    [episode] = make_episodes(make_series(), count=1)
    EpisodeFile.objects.create(episode=episode, path="a/b.mp4", size=1, mtime=1)
    assert [look(), look()] == [1, 1]
    assert "is not there" in Alert.objects.get(kind=Kind.LIBRARY_GONE).body
    away.rename(settings.LIBRARY_DIR)
    assert look() == 1
    gathered()
    age(10)
    settings.LIBRARY_DIR.rename(away)
    # An empty folder, as a disk that is not mounted leaves it.
    settings.LIBRARY_DIR.mkdir()
    assert look() == 2


def test_alerts_are_looked_after_regularly() -> None:
    functions = {task.function for task in REGULAR}
    assert {"aniworld.alerts.tasks.deliver", "aniworld.alerts.tasks.prune", "aniworld.disk_watch.look"} <= functions
