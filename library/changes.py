"""What administrators change of series, written into the log of changes whichever way it is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aniworld import audit
from library.models import Series

_DECIDED = ("name", "folder", "monitored", "language_plan", "deleted_at")


@contextmanager
def recorded(series: Series, *, by: str, via: str, action: str = "changed") -> Iterator[None]:
    """Writes down what is different of the series after the block: nothing, if nothing is.

    `by` is a user's name, "" for a command; `via` as `audit.record` has it.
    """
    with audit.compared(lambda: _decided(series), by, via, action, f"series {series.key}"):
        yield


def _decided(series: Series) -> dict[str, Any]:
    row: dict[str, Any] | None = Series.objects.filter(pk=series.pk).values(*_DECIDED).first()
    return row or {}
