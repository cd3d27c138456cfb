"""What a test does in this process, on PostgreSQL instead of the SQLite file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import environ
from django.apps import apps
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import load_backend

from tests.database_servers import postgresql_database

# Their tables are all that the queries of providers touch; the whole product's take ten times as long to make.
APPS = ("audit", "configuration", "providers")


@contextmanager
def on_postgresql() -> Iterator[None]:
    """The default connection of this thread leads to an empty PostgreSQL database of its own."""
    usual = connections["default"]
    with postgresql_database() as url:
        connection = _connection(url, usual)
        connections["default"] = connection
        try:
            with connection.schema_editor() as editor:
                for label in APPS:
                    for model in apps.get_app_config(label).get_models():
                        editor.create_model(model)
            yield
        finally:
            connection.close()
            connections["default"] = usual


def _connection(url: str, usual: BaseDatabaseWrapper) -> BaseDatabaseWrapper:
    engine = "django.db.backends.postgresql"
    values = {**usual.settings_dict, **environ.Env.db_url_config(url), "ENGINE": engine, "OPTIONS": {}}
    made: BaseDatabaseWrapper = load_backend(engine).DatabaseWrapper(values, "default")
    return made
