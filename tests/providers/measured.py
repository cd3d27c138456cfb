"""Rows of requests as they might have been measured, and the clock set to when they were."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from django.utils import timezone

from providers import score
from providers.models import Provider, RequestLog

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
DUB, SUB = "German Dub", "German Sub"
Action = RequestLog.Action


def host(name: str, **values: Any) -> Provider:
    return Provider.objects.create(name=name, display_name=name.title(), kind=Provider.Kind.HOST, **values)


def line(row: Provider, moment: datetime, **values: Any) -> RequestLog:
    usual = {"action": Action.RESOLVE, "successful": True, "response_time_ms": 100.0}
    return RequestLog(provider=row, created_at=moment, **{**usual, **values})


def put(*lines: RequestLog) -> None:
    RequestLog.objects.bulk_create(lines, batch_size=5000)
    score.forget()


def downloads(row: Provider, moment: datetime, good: int, bad: int = 0, **values: Any) -> None:
    """So many of 100 MB each in 10 s, and failed ones of 5 s."""
    speed = {"action": Action.DOWNLOAD, "language": DUB, "response_time_ms": 10_000.0, "bytes": 100_000_000}
    lost = {**speed, "successful": False, "response_time_ms": 5000.0, "bytes": 1000, "error_code": "timed_out"}
    put(*(line(row, moment, **{**speed, **values}) for _ in range(good)))
    put(*(line(row, moment, **{**lost, **values}) for _ in range(bad)))


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """As if it were then."""
    score.forget()
    with patch.object(timezone, "now", lambda: moment):
        yield
    score.forget()


def ago(**values: float) -> datetime:
    """Before noon."""
    return NOON - timedelta(**values)
