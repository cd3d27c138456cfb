"""Tells in which fields what a claim loads differs from what the ORM loads; run as a program, on either database."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aniworld.settings")
django.setup()

from django.db import transaction  # noqa: E402  # only after setup
from django.db.models import JSONField  # noqa: E402

from aniworld.records import Record  # noqa: E402  # likewise
from downloads.models import QueueItem  # noqa: E402  # likewise
from downloads.models.claim_statements import look  # noqa: E402
from library.models import Episode, Series  # noqa: E402

M = TypeVar("M", Series, Episode, QueueItem)
_MOMENT = datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=UTC)
_VALUES = {
    "DateTimeField": _MOMENT,
    "DateField": date(2026, 2, 3),
    "BooleanField": True,
    "FloatField": 12.5,
    "JSONField": {"Ōdd": [1, None, "two"]},
}


def main() -> None:
    series = _filled(Series(key="odd", name="Ōdd", folder="Ōdd", deleted_at=None))
    episode = _filled(Episode(series=series, season=1, number=2))
    item = _filled(QueueItem(series=series, episode=episode, season=1, language="German Dub"), next_attempt_at=None)
    later = QueueItem(series=series, episode=episode, season=1, language="English Sub", position=item.position + 1)
    later.save()
    now = datetime.now(tz=UTC) + timedelta(seconds=1)
    with transaction.atomic():
        found, first = look(QueueItem, now).next, QueueItem.objects.due(now).first()
    assert found
    assert first
    assert found.pk == first.pk == item.pk
    usual = QueueItem.objects.select_related("series", "episode").get(pk=found.pk)
    pairs = [(found, usual), (found.series, usual.series), (found.episode, usual.episode)]
    print(json.dumps([name for one, other in pairs for name in _different(one, other)]))  # noqa: T201 - what the test reads


def _filled(row: M, **values: object) -> M:
    """Saved, with something in every field of a kind that a database keeps in its own way."""
    for field in row._meta.concrete_fields:
        kind = "JSONField" if isinstance(field, JSONField) else field.get_internal_type()
        if kind in _VALUES and field.name != "deleted_at":
            setattr(row, field.name, _VALUES[kind])
    for name, value in values.items():
        setattr(row, name, value)
    row.save()
    return row


def _different(one: Record, other: Record) -> list[str]:
    names = [field.attname for field in one._meta.concrete_fields]
    return [name for name in names if repr(getattr(one, name)) != repr(getattr(other, name))]


if __name__ == "__main__":
    main()
