"""Tells what PostgreSQL keeps of the plans of claims, and that they outlive a changed table; run as a program."""

from __future__ import annotations

import json
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aniworld.settings")
django.setup()

from django.db import NotSupportedError, connection, connections  # noqa: E402  # only after setup

from downloads.models import QueueItem  # noqa: E402  # likewise
from tests.library.factories import make_episodes, make_series  # noqa: E402  # likewise


def main() -> None:
    series = make_series()
    QueueItem.objects.bulk_create(
        QueueItem(series=series, episode=episode, season=1, language="German Dub", position=place)
        for place, episode in enumerate(make_episodes(series, count=20))
    )
    told: dict[str, object] = {"claimed": _claims(6), "kept": _kept()}
    told |= {"claimed_later": _claims(6), "kept_later": _kept(), "compiles": _asked("SHOW jit")}
    _change_the_table()
    try:
        told["claimed_changed"] = _claims(1)
    except NotSupportedError:
        # The one that had the old columns in mind.
        told["claimed_changed"] = _claims(1)
    print(json.dumps(told | {"claimed_after": _claims(4)}))  # noqa: T201 - what the test reads


def _claims(count: int) -> int:
    return sum(bool(QueueItem.objects.claim_next(f"one:{n}", limit=99, own_limit=99)) for n in range(count))


def _kept() -> int:
    return int(_asked("SELECT count(*) FROM pg_prepared_statements"))


def _asked(question: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return str(cursor.fetchone()[0])


def _change_the_table() -> None:
    """As a newer version does it while this one works on."""
    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute("ALTER TABLE downloads_queueitem ADD COLUMN later integer, ALTER language TYPE varchar(99)")
    other.close()


if __name__ == "__main__":
    main()
