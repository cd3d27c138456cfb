"""Each check is proved by breaking what it looks at: fine before, and after with a message and what helps."""

from __future__ import annotations

import fcntl
import re
import sqlite3
import time
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection

from aniworld import checks
from aniworld.checks import database, machine, outside, sign_on
from aniworld.checks.check import Check, Look
from aniworld.checks.doctor import EVERYTHING
from aniworld.configuration import store
from library.metadata import tmdb
from tests.aniworld import breaking_more
from tests.aniworld.breaking import BREAKS, Bench, bench
from tests.library.metadata.tmdb_server import KEY, TmdbServer

pytestmark = pytest.mark.django_db
__all__ = ["bench", "breaking_more"]
# "1 downloads wait": such as a person notices at once.
ONE_OF_MANY = re.compile(r"(?<![\d.,])1 [a-z]+s\b")


@pytest.mark.parametrize("name", sorted(BREAKS))
def test_what_is_broken_is_found_with_its_remedy(name: str, bench: Bench) -> None:
    look, way = BREAKS[name]
    before = look()
    assert before.ok, before
    way(bench)
    store.forget()
    after = look()
    assert not after.ok
    assert after.name == before.name
    assert after.message
    assert after.remedy
    assert "%(" not in after.message + after.remedy
    assert not ONE_OF_MANY.search(after.message), after.message


# Those below need more than a row or a setting to break.


def _proved() -> set[Look]:
    return {look for look, _way in BREAKS.values()} | {
        database.journal,
        database.integrity,
        database.clock,
        outside.tmdb_key,
    }


def test_every_check_is_proved() -> None:
    assert {look.__name__ for look in EVERYTHING} == {look.__name__ for look in _proved()}
    assert len(EVERYTHING) >= 40


def test_a_healthy_installation_has_nothing_to_complain_of(bench: Bench) -> None:
    found = list(checks.run(EVERYTHING))
    assert [check for check in found if not check.ok] == []
    assert [check.message for check in found if ONE_OF_MANY.search(check.message)] == []


def test_signing_on_that_is_well_configured(bench: Bench) -> None:
    breaking_more.openid(bench)
    breaking_more.proxy_header(bench, "10.0.0.2")
    bench.settings.ALLOWED_HOSTS = ["localhost", "series.example.org"]
    assert sign_on.openid_settings().ok
    assert "http://series.example.org/integrations/sign-on/callback" in sign_on.openid_callback().message
    assert sign_on.proxy_header().ok
    bench.settings.TRUSTED_PROXIES = []
    assert f"http://series.example.org:{bench.settings.PORT}/integrations/" in sign_on.openid_callback().message
    breaking_more.proxy_header(bench)
    assert sign_on.proxy_header().severity == "error"


class _Cursor:
    """Answers one row to every question."""

    def __init__(self, *row: Any) -> None:
        self._row = row

    def __enter__(self) -> _Cursor:
        return self

    def __exit__(self, *_error: object) -> None:
        return

    def execute(self, *_question: object) -> None:
        return

    def fetchone(self) -> tuple[Any, ...]:
        return self._row


def test_a_database_that_does_not_write_ahead(bench: Bench) -> None:
    assert database.journal().ok
    bench.patch.setattr(database, "connection", SimpleNamespace(vendor="sqlite", cursor=lambda: _Cursor("delete")))
    assert not database.journal().ok


def test_a_log_that_grows(bench: Bench) -> None:
    name = bench.folder / "x.db"
    with (bench.folder / "x.db-wal").open("wb") as file:
        file.truncate(database.LARGE_LOG + 1)
    fake = SimpleNamespace(vendor="sqlite", cursor=lambda: _Cursor("wal"), settings_dict={"NAME": str(name)})
    bench.patch.setattr(database, "connection", fake)
    assert "has grown" in database.journal().message


def test_clocks_that_disagree(bench: Bench) -> None:
    assert database.clock().ok
    there = time.time() - 60
    bench.patch.setattr(database, "connection", SimpleNamespace(vendor="sqlite", cursor=lambda: _Cursor(there)))
    assert "60 s apart" in database.clock().message


def test_a_damaged_database(bench: Bench) -> None:
    assert database.integrity().ok
    path = bench.folder / "damaged.db"
    with closing(sqlite3.connect(path)) as made, made:
        made.execute("CREATE TABLE x (y TEXT)")
        made.execute("CREATE INDEX z ON x (y)")
        made.executemany("INSERT INTO x VALUES (?)", [(f"row {n}" * 9,) for n in range(2000)])
    with path.open("r+b") as file:
        file.seek(4096 * 5)
        file.write(b"\x00" * 4096 * 3)
    with closing(sqlite3.connect(path)) as damaged:

        class Cursor(_Cursor):
            def execute(self, *question: object) -> None:
                with connection.wrap_database_errors:
                    self._found = damaged.execute(str(question[0])).fetchall()

            def fetchall(self) -> list[Any]:
                return self._found

        bench.patch.setattr(database, "connection", SimpleNamespace(vendor="sqlite", cursor=Cursor))
        assert "damaged" in database.integrity().message


def test_the_port_is_ours_while_the_web_server_runs(bench: Bench) -> None:
    breaking_more.somebody_listens(bench)
    with (bench.settings.RUN_DIR / "up-web.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert machine.port().ok


def test_one_that_fails_hides_no_other(bench: Bench) -> None:
    def broken() -> Check:
        raise RuntimeError("boom")

    found = list(checks.run((broken, machine.time_zone)))
    assert [check.ok for check in found] == [True, False, True]
    assert "RuntimeError" in found[1].message


def test_the_tmdb_key_is_tried(bench: Bench) -> None:
    with TmdbServer() as server:
        bench.settings.TMDB_API_URL = server.api
        bench.settings.ALLOWED_PRIVATE_HOSTS = [server.host]
        tmdb.forget()
        assert "no TMDB key" in outside.tmdb_key().message
        store.change({"metadata": {"tmdb_api_key": KEY}})
        assert outside.tmdb_key().ok
        tmdb.forget()
        store.change({"metadata": {"tmdb_api_key": "f" * 32}})
        assert "does not accept the key" in outside.tmdb_key().message
    tmdb.forget()
    bench.settings.TMDB_API_URL = "http://127.0.0.1:9"
    bench.settings.ALLOWED_PRIVATE_HOSTS = ["127.0.0.1"]
    assert "does not answer" in outside.tmdb_key().message
    tmdb.forget()
