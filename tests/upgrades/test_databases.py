"""A filled database of an earlier version is brought up to this one: nothing is lost, and the product runs on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db.migrations.loader import MigrationLoader

from tests import migrated
from tests.running import Running
from tests.upgrades import kept

# Rows that a migration writes by itself, or that say what was migrated.
OWN = {"django_migrations", "django_content_type", "auth_permission"}


def ours() -> list[str]:
    """The labels of the project's own apps that have tables."""
    inside = str(settings.BASE_DIR)
    return [
        one.label
        for one in apps.get_app_configs()
        if str(one.path).startswith(inside) and "site-packages" not in str(one.path) and list(one.get_models())
    ]


def graph() -> Any:
    """Of all migrations."""
    return MigrationLoader(None).graph


def newest() -> list[str]:
    """Those of our apps on which no other app's migration depends: as if they had been added since."""
    nodes = graph().node_map
    return [
        label
        for label in ours()
        if not any(child.key[0] != label for key in nodes if key[0] == label for child in nodes[key].children)
    ]


def earlier_states() -> list[tuple[str, str]]:
    """Each migration of our apps that is not its app's last."""
    nodes = graph()
    return sorted(key for key in nodes.node_map if key[0] in ours() and key not in nodes.leaf_nodes(key[0]))


def forgotten(label: str) -> str:
    """Statements that take the app out of a database, as if its migrations did not exist yet."""
    tables = [
        model._meta.db_table
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
        if not model._meta.proxy
    ]
    dropped = "".join(f'DROP TABLE IF EXISTS "{table}" @CASCADE@;\n' for table in tables)
    return f"{dropped}DELETE FROM django_migrations WHERE app = '{label}';\n"


def forget(environment: dict[str, str], labels: list[str]) -> None:
    """Takes these apps out of the database."""
    cascade = "CASCADE" if environment["DATABASE_URL"] else ""
    kept.execute(environment, "".join(map(forgotten, labels)).replace("@CASCADE@", cascade))


def lost(before: kept.Rows, after: kept.Rows) -> list[str]:
    """Tables of which a row is gone, or holds something else in a column that is still there."""
    return [
        name
        for name, rows in before.items()
        if name not in OWN
        and sorted(map(repr, rows))
        != sorted(repr({column: row[column] for column in rows[0] if column in row}) for row in after.get(name, []))
    ]


@pytest.fixture(params=kept.KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    with kept.database(request.param, tmp_path) as environment:
        yield environment


def test_every_table_of_the_kept_databases_is_filled(database: dict[str, str]) -> None:
    there = kept.rows(database)
    assert len(there) > 40
    assert not [name for name, rows in there.items() if not rows]


def test_apps_that_came_later_get_their_tables_and_nothing_is_lost(database: dict[str, str]) -> None:
    later = newest()
    assert later
    forget(database, later)
    before = kept.rows(database)
    migrated.run(database, "manage.py", "migrate", "-v0", "--skip-checks")
    after = kept.rows(database)
    assert lost(before, after) == []
    for label in later:
        tables = {model._meta.db_table for model in apps.get_app_config(label).get_models()}
        assert tables <= set(after)
        assert not tables & set(before)
    migrated.run(database, "manage.py", "migrate", "--check", "--skip-checks")


def test_every_earlier_state_of_an_app_can_be_upgraded(tmp_path: Path) -> None:
    states = earlier_states()
    if not states:
        pytest.skip("each app has one migration, as long as nothing is released")
    for number, (label, name) in enumerate(states):
        folder = tmp_path / str(number)
        folder.mkdir()
        with kept.database("sqlite", folder) as environment:
            forget(environment, [label])
            migrated.run(environment, "manage.py", "migrate", label, name, "-v0", "--skip-checks")
            before = kept.rows(environment)
            migrated.run(environment, "manage.py", "migrate", "-v0", "--skip-checks")
            assert lost(before, kept.rows(environment)) == [], f"from {label}.{name}"


def test_a_column_that_comes_later_leaves_rows_and_constraints_as_they_are(database: dict[str, str]) -> None:
    before = kept.rows(database)
    answer = json.loads(migrated.run(database, "-m", "tests.upgrades.next_version"))
    assert len(answer["changed"]) > 30
    assert answer["wrong"] == []
    assert lost(before, kept.rows(database)) == []
    migrated.run(database, "manage.py", "migrate", "--check", "--skip-checks")


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Running]:
    """The product on the kept database, whose newest apps it has to add itself."""
    with kept.database("sqlite", tmp_path) as environment:
        forget(environment, [label for label in newest() if label not in NEEDED])
        with Running(data_dir=tmp_path) as running:
            yield running


# Without their rows there would be little to see.
NEEDED = ("downloads", "library", "providers", "accounts", "configuration")


@pytest.mark.processes
def test_the_product_runs_on_what_was_upgraded(up: Running, tmp_path: Path) -> None:
    assert "migrations applied" in up.output()
    up.login()
    shown = up.api("GET", "/api/anime", limit=200)
    rows = kept.rows({"DATA_DIR": str(tmp_path), "DATABASE_URL": ""})
    assert shown["total"] == sum(row["deleted_at"] is None for row in rows["library_series"])
    assert up.api("GET", "/api/queue/items", limit=200)["total"] == len(rows["downloads_queueitem"])
    odd = up.api("GET", "/api/anime/odd-one")
    assert odd["name"].startswith("Ōdd")
    assert odd["name"].endswith("🎬 e\u0301")
    assert [episode["season"] for season in odd["seasons"] for episode in season["episodes"]] == [0]
    assert up.api("GET", "/api/config")["general"]["site_name"].startswith("Ōdd")
    assert unanswered(up) == []
    up.manage("check", "--fail-level", "ERROR")


def unanswered(up: Running) -> list[str]:
    """Lists of the API that do not answer as they should."""
    paths = up.api("GET", "/api/openapi.json")["paths"]
    lists = [path for path, operations in paths.items() if "get" in operations and "{" not in path]
    told = {path: up.http.get(up.url + path, timeout=60).status_code for path in [*lists, "/health"]}
    return [f"{path}: {status}" for path, status in told.items() if status != 200]
