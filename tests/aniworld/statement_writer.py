"""Tells in which fields what a written-out statement stores differs from what the ORM stores; run as a program."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import UTC, datetime

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aniworld.settings")
django.setup()

from django.db import models, transaction  # noqa: E402  # only after setup

from aniworld import statements  # noqa: E402  # likewise
from aniworld.live.models import Event, Progress  # noqa: E402  # likewise
from downloads.models import QueueItem  # noqa: E402  # likewise
from tests.library.factories import make_episodes, make_series  # noqa: E402  # likewise

MOMENT = datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=UTC)
ODD = {"Ōdd": [1, None, "100 % 'two'", {"three": 2.5}]}


def main() -> None:
    print(json.dumps([*_inserted(), *_put(), *_changed(), *_together(), *_too_late()]))  # noqa: T201 - what the test reads


def _inserted() -> list[str]:
    one, other = (Event(type="download_started", room="download_progress", timestamp=MOMENT, data=ODD) for _ in "12")
    statements.insert(one)
    other.save()
    return _different(one, other, "id") + ([] if other.pk == one.pk + 1 else ["the key"])


def _put() -> list[str]:
    """The second takes the first one's place, as a start does of what ran before."""
    values = {"type": "download", "status": "started", "current": 2**62, "total": None, "metadata": ODD}
    moments = {"started_at": MOMENT, "updated_at": MOMENT}
    statements.put(Progress(id="one", title="before", percent=99.5, message="gone", **values, **moments))
    rows = [Progress(id=key, title="Ōdd 100 %", percent=12.5, **values, **moments) for key in ("one", "other")]
    statements.put(rows[0])
    rows[1].save(force_insert=True)
    return _different(rows[0], rows[1], "id") + ([] if Progress.objects.count() == len(rows) else ["the rows"])


def _changed() -> list[str]:
    """Two items of which one statement each changes one; a third one, of another token, stays as it is."""
    series = make_series()
    rows = [
        QueueItem(series=series, episode=episode, season=1, language="German Dub", position=9)
        for episode in make_episodes(series)[:3]
    ]
    QueueItem.objects.bulk_create(rows)
    values = {"status": "downloading", "owner": "one:1", "token": "t", "lease_until": MOMENT, "next_attempt_at": None}
    stamped = {**values, "updated_at": MOMENT}
    changed = [statements.change(QueueItem, stamped, id=rows[0].pk, token="").rows, 1]
    QueueItem.objects.filter(pk=rows[1].pk).update(**stamped)
    changed += [statements.change(QueueItem, stamped, id=rows[2].pk, token="another").rows, 0]
    rows[2].refresh_from_db()
    wrong = [] if changed == [1, 1, 0, 0] and rows[2].status == "pending" else ["who is changed"]
    return _different(rows[0], rows[1], "id", "episode_id", "created_at") + wrong


def _together() -> list[str]:
    """Counts and keys are right after the block, and nothing is left of one that fails."""
    Event.objects.all().delete()
    moments = {"started_at": MOMENT, "updated_at": MOMENT}
    row = Progress(id="third", type="download", status="started", title="one", **moments)
    first, second = (Event(type=type_, room="r", timestamp=MOMENT, data={}) for type_ in ("first", "second"))
    with transaction.atomic(), statements.together(), statements.together():
        statements.put(row)
        statements.insert(first)
        changed = statements.change(Progress, {"title": "two"}, id="third", title="one")
        none = statements.change(Progress, {"title": "three"}, id="third", title="one")
        statements.insert(second)
    with suppress(ZeroDivisionError), transaction.atomic(), statements.together():
        statements.insert(Event(type="third", room="r", timestamp=MOMENT, data={}))
        raise ZeroDivisionError
    stored = list(Event.objects.order_by("pk").values_list("pk", "type"))
    right = {
        "keys": stored == [(first.pk, "first"), (second.pk, "second")],
        "counts": (changed.rows, none.rows) == (1, 0),
        "order": Progress.objects.get(pk="third").title == "two",
    }
    return [name for name, is_right in right.items() if not is_right]


def _too_late() -> list[str]:
    """Who takes what somebody else took meanwhile changes nothing, and tells of nothing."""
    item = QueueItem.objects.filter(status="pending").select_related("series", "episode").earliest("pk")
    late = QueueItem.objects.select_related("series", "episode").get(pk=item.pk)
    took = [item.take("one:1", MOMENT)]
    before = (list(Event.objects.values()), list(Progress.objects.values()), QueueItem.objects.filter(pk=item.pk).get())
    took.append(late.take("two:2", MOMENT))
    after = (list(Event.objects.values()), list(Progress.objects.values()), QueueItem.objects.filter(pk=item.pk).get())
    return ([] if took == [True, False] else ["taken"]) + (
        [] if before == after and after[2].owner == "one:1" else ["told"]
    )


def _different(one: models.Model, other: models.Model, *but: str) -> list[str]:
    first, second = (type(row)._default_manager.filter(pk=row.pk).values().get() for row in (one, other))
    return [name for name in first if name not in but and repr(first[name]) != repr(second[name])]


if __name__ == "__main__":
    main()
