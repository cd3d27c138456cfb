"""Reports how an operation goes: its row and its event are written together, seldom enough to cost nothing."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from aniworld import statements
from aniworld.live.message import clean, plain
from aniworld.live.models import Progress
from aniworld.live.publish import publish
from aniworld.live.throttle import Throttle

__all__ = ["Operation", "Throttle"]

_LARGEST = 2**63 - 1


class Operation:
    """One run of an operation with a row in `Progress`. Not for several threads at once.

    Every event carries `progress_id`, `status`, `title`, `message`, `percent`, `current` and `total`; what the caller
    passes as `data` is added and goes before. Without `event` only the row is written.
    """

    def __init__(self, row: Progress) -> None:
        self._row = row
        self._throttle = Throttle()

    @classmethod
    def start(  # noqa: PLR0913 - the fields of a record, by name
        cls,
        id_: str,
        type_: str,
        title: str,
        *,
        message: str = "",
        current: int = 0,
        total: int | None = None,
        metadata: Mapping[str, Any] | None = None,
        event: str | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> Operation:
        """Begins anew under this id, whatever ran under it before. `type_` is one of `Progress.Type`."""
        row = _row(
            id_, type_, title=title, message=message, current=current, total=total, percent=None, metadata=metadata
        )
        operation = cls(row)
        with transaction.atomic(savepoint=False), statements.together():
            row.begin()
            operation._publish(event, data)
        operation._throttle.due(row.percent, time.monotonic())
        return operation

    @classmethod
    def attach(cls, id_: str) -> Operation | None:
        """The run under this id, to be reported by another process; None when there is none or it is over."""
        row = Progress.objects.active().filter(pk=row_id(id_)).first()
        return cls(row) if row else None

    @property
    def id(self) -> str:
        """The progress id."""
        return self._row.pk

    @property
    def percent(self) -> float:
        """0 to 100, as last written."""
        return self._row.percent

    def report(
        self,
        *,
        percent: float | None = None,
        current: int | None = None,
        total: int | None = None,
        message: str | None = None,
        event: str | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> bool:
        """Writes row and event when it is time again; answers whether it did. Percent follows from the counts."""
        reached = self._values(percent, current, total, message)
        if not self._throttle.due(reached.get("percent"), time.monotonic()):
            return False
        return self._advance(reached, event, data)

    def write(
        self,
        *,
        percent: float | None = None,
        current: int | None = None,
        total: int | None = None,
        message: str | None = None,
        event: str | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> bool:
        """Like `report`, always: for callers that ask a `Throttle` themselves and write within their transaction.

        False when the operation is over or was started anew: then nothing is written or published.
        """
        return self._advance(self._values(percent, current, total, message), event, data)

    def finish(
        self,
        status: str = Progress.Status.COMPLETED,
        message: str = "",
        *,
        event: str | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> bool:
        """Ends as completed, failed or cancelled, once: False when it had ended or was started anew."""
        values: dict[str, Any] = {"message": clean(message)}
        if status == Progress.Status.COMPLETED:
            values["percent"] = 100.0
        with transaction.atomic(savepoint=False):
            ended = self._row.end(status, **values)
            if ended:
                self._publish(event, data)
        return ended

    def _advance(self, values: dict[str, Any], event: str | None, data: Mapping[str, Any] | None) -> bool:
        with transaction.atomic(savepoint=False):
            written = self._row.advance(**values)
            if written:
                self._publish(event, data)
        return written

    def _values(
        self, percent: float | None, current: int | None, total: int | None, message: str | None
    ) -> dict[str, Any]:
        values: dict[str, Any] = {}
        if current is not None:
            values["current"] = _count(current)
        if total is not None:
            values["total"] = _count(total)
        if message is not None:
            values["message"] = clean(message)
        if percent is None:
            percent = _percent_of(values.get("current", self._row.current), values.get("total", self._row.total))
        if percent is not None and math.isfinite(percent):
            values["percent"] = _percent(percent)
        return values

    def _publish(self, event: str | None, data: Mapping[str, Any] | None) -> None:
        if event is None:
            return
        row = self._row
        state = {name: getattr(row, name) for name in ("title", "message", "percent", "current", "total")}
        publish(event, {"progress_id": row.pk, "status": str(row.status), **state, **(data or {})})


def row_id(text: str) -> str:
    """A progress id as it is stored: cut to what the column holds, without what no database takes."""
    return clean(text)[:400]


def _row(  # noqa: PLR0913 - the fields of a record, by name
    id_: str,
    type_: str,
    *,
    title: str,
    message: str,
    percent: float | None,
    current: int,
    total: int | None,
    metadata: Mapping[str, Any] | None,
) -> Progress:
    row = Progress(id=row_id(id_), type=Progress.Type(type_), title=clean(title)[:500], message=clean(message))
    row.current, row.total = _count(current), None if total is None else _count(total)
    row.percent = _percent(percent) if percent is not None else _percent_of(row.current, row.total) or 0.0
    row.metadata = plain(metadata or {})
    return row


def _percent(value: float) -> float:
    return min(100.0, max(0.0, float(value))) if math.isfinite(value) else 0.0


def _count(value: int) -> int:
    return min(_LARGEST, max(0, int(value)))


def _percent_of(current: int, total: int | None) -> float | None:
    return min(100.0, 100.0 * current / total) if total else None
