"""What is expected of each host, from the downloads of the last days."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.utils import timezone

from providers import gone_links, judging, rollups
from providers.judging import AGES, NO_LINKS, Evidence, Links, Score, Stretch
from providers.models import Provider, RequestHour, RequestLog

__all__ = ["UNTRIED", "Score", "forget", "of_all", "promising"]

UNTRIED = Score(0.0, 0, 0, None)
# What downloads in other languages count towards one: the host is the same, its files may lie elsewhere.
OTHER_LANGUAGE = 0.25
_MAXIMUM_AGE = 2.0

# By host and language.
_Measured = dict[str, dict[str, list[Stretch]]]
_lock = threading.Lock()
_cached: tuple[float, _Measured, dict[str, Links]] | None = None


def of_all(language: str | None = None) -> dict[str, Score]:
    """Every enabled host's standing for downloads in a language (None: in all), by name; at most 2 seconds old."""
    links = _read_lately()[1]
    judged = judging.judged(_evidence(language))
    return {name: replace(one, links=links.get(name, NO_LINKS)) for name, one in judged.items()}


def promising(among: Collection[str], language: str | None = None) -> str | None:
    """The host that may be the best of these for all that is known; None when nothing is known of any."""
    return judging.promising(_evidence(language), among)


def forget() -> None:
    """Makes the next question read the measurements anew."""
    global _cached
    with _lock:
        _cached = None


def _evidence(language: str | None) -> dict[str, Evidence]:
    measured = _read_lately()[0]
    enabled = [row.name for row in Provider.known().values() if row.kind == Provider.Kind.HOST and row.enabled]
    return {name: _of(measured.get(name, {}), language) for name in enabled}


def _of(languages: dict[str, list[Stretch]], language: str | None) -> Evidence:
    shares = {name: 1.0 if language in (None, name) else OTHER_LANGUAGE for name in languages}
    return Evidence.of((stretch, shares[name]) for name, stretches in languages.items() for stretch in stretches)


def _read_lately() -> tuple[_Measured, dict[str, Links]]:
    global _cached
    with _lock:
        if _cached and time.monotonic() - _cached[0] < _MAXIMUM_AGE:
            return _cached[1:]
    measured, links = _read(), gone_links.read()
    with _lock:
        _cached = (time.monotonic(), measured, links)
    return measured, links


def _read() -> _Measured:
    """Hours, and the requests of which no hour is kept yet, added up by their age."""
    now = timezone.now()
    until, oldest = rollups.counted_until(now), now - timedelta(seconds=AGES[-1])
    rows = rollups.requests().filter(action=RequestLog.Action.DOWNLOAD, created_at__gte=max(until, oldest))
    hours = RequestHour.objects.filter(hour__gte=oldest, hour__lt=until, downloads__gt=0).order_by()
    found: _Measured = defaultdict(lambda: defaultdict(list))
    half = timedelta(minutes=30)
    for row in [
        *_by_age(hours, "hour", now - half).annotate(**rollups.of_hours()),
        *_by_age(rows, "created_at", now).annotate(**rollups.of_requests()),
    ]:
        found[row["provider__name"]][row["language"]].append(_stretch(row))
    return found


def _by_age(rows: QuerySet[Any], moment: str, now: datetime) -> QuerySet[Any, Any]:
    """In groups of about the same age."""
    younger = [When(**{f"{moment}__gt": now - timedelta(seconds=age)}, then=Value(n)) for n, age in enumerate(AGES)]
    group = Case(*younger, default=Value(len(AGES) - 1), output_field=IntegerField())
    grouped: QuerySet[Any, Any] = rows.annotate(age=group).values("provider__name", "language", "age")
    return grouped


def _stretch(row: dict[str, Any]) -> Stretch:
    return Stretch(
        age=judging.typical_age(row["age"]),
        tries=row["sum_downloads"],
        successes=row["sum_successful_downloads"],
        size=row["sum_download_bytes"],
        seconds=row["sum_download_seconds"],
        lost=row["sum_lost_seconds"],
    )
