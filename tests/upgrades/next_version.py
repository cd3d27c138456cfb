"""What migrations after a release do to a filled database: each of our tables gets a column, and loses it again.

Run as a program. SQLite copies the whole table for either. Answers with the tables that were changed, and what is
different afterwards: columns, constraints, indexes, or a row without the new column's default.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aniworld.settings")
django.setup()

from django.apps import AppConfig, apps  # noqa: E402  # only after setup
from django.conf import settings  # noqa: E402
from django.db import connection, migrations, models  # noqa: E402
from django.db.migrations.loader import MigrationLoader  # noqa: E402
from django.db.migrations.state import ProjectState  # noqa: E402

NAME, DEFAULT = "came_later", "Ōdd 'new'"


def main() -> None:
    changed, wrong = [], []
    state = MigrationLoader(connection).project_state()
    for app in filter(_is_ours, apps.get_app_configs()):
        tables = {
            str(model._meta.model_name): model._meta.db_table for model in app.get_models() if not model._meta.proxy
        }
        before = {table: _described(table) for table in tables.values()}
        state = _migrated(state, app.label, [_given(name) for name in tables])
        wrong += [f"{table}: a row without it" for table in tables.values() if _rows_without(table)]
        state = _migrated(state, app.label, [migrations.RemoveField(name, NAME) for name in tables])
        wrong += [f"{table}: {one}" for table in before for one in sorted(before[table] ^ _described(table))]
        changed += list(before)
    print(json.dumps({"changed": changed, "wrong": wrong}))  # noqa: T201 - what the test reads


def _is_ours(app: AppConfig) -> bool:
    return app.path.startswith(str(settings.BASE_DIR)) and "site-packages" not in app.path


def _given(model: str) -> migrations.AddField:
    return migrations.AddField(model, NAME, models.CharField(max_length=20, default=DEFAULT, db_index=True))


def _migrated(state: ProjectState, label: str, operations: list[Any]) -> ProjectState:
    step = type("Next", (migrations.Migration,), {"operations": operations})("next", label)
    with connection.schema_editor(atomic=True) as editor:
        after: ProjectState = step.apply(state, editor)
    return after


def _rows_without(table: str) -> int:
    with connection.cursor() as cursor:
        name = connection.ops.quote_name(table)
        cursor.execute(f"SELECT count(*) FROM {name} WHERE {NAME} <> %s", [DEFAULT])
        return int(cursor.fetchone()[0])


def _described(table: str) -> set[str]:
    """Columns, constraints and indexes, by what they hold: whoever made it anew may have named it anew."""
    with connection.cursor() as cursor:
        columns = connection.introspection.get_table_description(cursor, table)
        constraints = connection.introspection.get_constraints(cursor, table)
    return {f"column {one.name} {one.null_ok}" for one in columns} | {_told(one) for one in constraints.values()}


def _told(constraint: Mapping[str, Any]) -> str:
    kinds = [kind for kind in ("primary_key", "unique", "index", "check", "foreign_key") if constraint[kind]]
    return f"{kinds} of {constraint['columns']}, {constraint['foreign_key']}, {constraint.get('orders')}"


if __name__ == "__main__":
    main()
