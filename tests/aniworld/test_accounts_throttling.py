"""Guessers are kept out, also when they guess all at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from aniworld.accounts import throttling
from aniworld.accounts.models import Throttle
from aniworld.refusals import SlowDown

MINUTE = timedelta(minutes=1)


def _let_through(bucket: str) -> bool:
    try:
        throttling.count(bucket, 5, MINUTE)
        return True
    except SlowDown:
        return False
    finally:
        connection.close()


def _tried(bucket: str) -> bool:
    try:
        throttling.take_try(bucket)
        return True
    except SlowDown:
        return False
    finally:
        connection.close()


@pytest.mark.django_db
def test_the_window_counts_and_begins_anew() -> None:
    for _number in range(5):
        throttling.count("a", 5, MINUTE)
    with pytest.raises(SlowDown) as refused:
        throttling.count("a", 5, MINUTE)
    assert 1 <= refused.value.retry_after <= 60
    throttling.count("b", 5, MINUTE)
    Throttle.objects.filter(bucket="a").update(window_started_at=timezone.now() - MINUTE)
    throttling.count("a", 5, MINUTE)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", [_let_through, _tried])
def test_of_many_at_once_exactly_five_get_through(attempt: Callable[[str], bool]) -> None:
    with ThreadPoolExecutor(12) as pool:
        results = list(pool.map(attempt, ["same"] * 24))
    assert sum(results) == 5


def test_the_lock_grows_to_a_day() -> None:
    assert throttling.lock_after(4) is None
    grown = [throttling.lock_after(failures) for failures in range(5, 9)]
    assert grown == [MINUTE, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE]
    assert throttling.lock_after(10**6) == timedelta(days=1)


@pytest.mark.django_db
def test_success_forgets_and_a_day_forgets() -> None:
    for _number in range(5):
        throttling.take_try("x")
    with pytest.raises(SlowDown):
        throttling.take_try("x")
    throttling.succeeded("x")
    throttling.take_try("x")
    day_ago = timezone.now() - timedelta(hours=25)
    Throttle.objects.update(count=40, window_started_at=day_ago, blocked_until=day_ago)
    throttling.take_try("x")
    row = Throttle.objects.get()
    assert row.count == 1
    Throttle.objects.update(window_started_at=timezone.now() - timedelta(days=3))
    assert throttling.prune() == 1


@pytest.mark.django_db
def test_a_count_that_is_unlocked_at_this_very_moment_refuses_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    for _number in range(5):
        throttling.count("login 10.0.0.9", 5, MINUTE)
    look = throttling._row

    def unlocked(*given: Any) -> Throttle:
        row = look(*given)
        Throttle.objects.all().delete()
        return row

    monkeypatch.setattr(throttling, "_row", unlocked)
    with pytest.raises(SlowDown):
        throttling.count("login 10.0.0.9", 5, MINUTE)
