"""Migrates a database and fills every table with a few rows, odd ones among them; the same ones each time.

    python -m tests.upgrades.filling

The database is the one of the environment. Rows are made as the admin's tests make them, so a new model is filled here
as soon as it has a row there; what has no page in the admin is in `UNSEEN`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.upgrades.sameness import BEGINNING  # isort: skip  # before the models

from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db.migrations.recorder import MigrationRecorder

from aniworld.accounts import tokens
from aniworld.accounts.models import BrowserSession
from aniworld.alerts.models import Condition, Delivery, Digest
from aniworld.configuration import store
from downloads.models import Priority
from library.models import Favorite
from providers.models import ChainPlace, Provider
from tests.aniworld.admin_rows import MAKERS, item
from tests.aniworld.people import user
from tests.library.factories import make_episodes, make_series

EACH = 2
ODD = 'Ōdd ‘one’ "two"; -- \\ % {x} <b>&amp;</b>\t\u202eright to left\u202c 🎬 e\u0301'


def main() -> None:
    """Makes and fills it, and fails with the names of tables that stayed empty."""
    call_command("migrate", verbosity=0, skip_checks=True)
    for _model, make in sorted(MAKERS.items(), key=lambda pair: str(pair[0]._meta.label)):
        for number in range(EACH):
            make(number)
    for make_unseen in UNSEEN:
        make_unseen()
    MigrationRecorder.Migration.objects.update(applied=BEGINNING)
    empty = [model._meta.db_table for model in _models() if not model._default_manager.exists()]
    if empty:
        raise SystemExit(
            f"Nothing fills {', '.join(empty)}: give it a row in tests/aniworld/admin_rows.py or in UNSEEN."
        )


def _models() -> list[Any]:
    return [model for model in apps.get_models(include_auto_created=True) if not model._meta.proxy]


def _people() -> None:
    admin, group = user("admin"), Group.objects.order_by("name")[0]
    odd = user("Łukasz.Ω@example", staff=False)
    odd.groups.add(group)
    odd.user_permissions.add(Permission.objects.order_by("content_type__app_label", "codename")[0])
    group.permissions.add(*Permission.objects.filter(codename__startswith="view_").order_by("codename")[:2])
    tokens.issue(admin, "2001:db8::1", ODD)
    LogEntry.objects.create(user=admin, object_repr=ODD, action_flag=CHANGE, change_message=ODD, action_time=BEGINNING)
    BrowserSession.objects.create(session_key="a" * 32, session_data="e30:odd", expire_date=BEGINNING, user=odd)
    store.change({"general": {"site_name": 'Ōdd ‘one’ "two" <b>&amp;</b> 🎬'}})


def _alerts() -> None:
    digest = Digest.objects.create(title="Ōdd", body=ODD)
    Delivery.objects.create(digest=digest, target="me", state="failed", attempts=9, reason=ODD)
    Condition.objects.begins(ODD)


def _providers() -> None:
    host = Provider.objects.create(name="odd", kind="host", display_name=ODD, custom_headers={"X": ODD}, enabled=False)
    ChainPlace.objects.create(provider=host, language="German Dub", position=0)
    ChainPlace.objects.create(provider=host, language="", position=None, included=False)


def _library() -> None:
    odd = make_series(name=ODD, key="odd-one", description=ODD * 100, year=1, genres=["", ODD], status="unknown")
    [special] = make_episodes(odd, season=0, count=1, title=ODD, languages={})
    special.record_file("Klingon Sub", "Ōdd (2012)/🎬 'x'.mp4", size=2**40, duration=0.0, mtime=-1.5)
    gone = make_series(name="x" * 200, key="gone", deleted_at=BEGINNING)
    Favorite.objects.create(user=user("late"), series=gone, custom_title=ODD, rating="0.5", notes=ODD * 20)


def _queue() -> None:
    item(
        status="paused", pause_reason="disk", priority=Priority.HIGH, position=-1, total_bytes=2**50, error_message=ODD
    )
    item(status="failed", retry_count=30000, error_message=f"{ODD}\n" * 20, download_url="https://example.org/?a=b&c=ü")
    item(status="completed", progress_percent=100, total_bytes=2**50, file_destination="Ōdd/🎬 'x'.mp4")


UNSEEN: list[Callable[[], None]] = [_people, _alerts, _providers, _library, _queue]

if __name__ == "__main__":
    main()
