"""Backups of a database that is written to meanwhile, their proof, their number, and the way back."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.utils import timezone

from aniworld.alerts.models import Alert, Kind
from aniworld.backups import making, postgresql, schedule, shelf, tasks
from aniworld.backups.refusals import BackupFailed
from aniworld.configuration import store
from aniworld.refusals import NotThere, Refused
from tests.aniworld.commanding import Installation
from tests.database_servers import postgresql_database
from tests.running import eventually

MEGABYTES = 40

# Writes pairs: a state of the database in between would hold one of the two only.
WRITER = """
import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
for number in range(10**9):
    database.execute("BEGIN IMMEDIATE")
    for table in ("one", "two"):
        database.execute(f"INSERT INTO load_{table} (number) VALUES (?)", [number])
    database.execute("COMMIT")
    time.sleep(0.001)
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all tables, to be copied."""
    installation = Installation(tmp_path_factory.mktemp("made"))
    installation.migrate()
    with closing(sqlite3.connect(installation.database)) as database:
        database.execute("PRAGMA journal_mode = DELETE")
    return installation.database


@pytest.fixture
def installed(tmp_path: Path, made: Path) -> Installation:
    (tmp_path / "aniworld.db").write_bytes(made.read_bytes())
    return Installation(tmp_path)


def ask(path: Path, question: str) -> Any:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(question).fetchone()[0]


def note(path: Path, text: str) -> None:
    """Something to be found again."""
    row = ("now", "", "command", "noted", text, "{}")
    with closing(sqlite3.connect(path)) as database, database:
        question = "INSERT INTO audit_change (at, by, via, action, subject, changes) VALUES (?, ?, ?, ?, ?, ?)"
        database.execute(question, row)


def fill(path: Path, megabytes: int) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA journal_mode = WAL")
        for table in ("one", "two"):
            database.execute(f"CREATE TABLE load_{table} (number INTEGER)")
        database.execute("CREATE TABLE ballast (bytes BLOB)")
        database.executemany("INSERT INTO ballast VALUES (?)", ((os.urandom(10_000),) for _ in range(megabytes * 100)))


@pytest.fixture
def written(installed: Installation) -> Iterator[Installation]:
    """Something writes to it without a pause."""
    fill(installed.database, MEGABYTES)
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(installed.database)])
    try:
        eventually(lambda: ask(installed.database, "SELECT count(*) FROM load_two") > 5)
        yield installed
    finally:
        writer.kill()
        writer.wait()


def test_under_load_it_is_complete_and_quick(written: Installation) -> None:
    before = ask(written.database, "SELECT count(*) FROM load_one")
    began = time.monotonic()
    told = json.loads(written.run("backup", "--verify", "--json").splitlines()[0])
    took = time.monotonic() - began
    after = ask(written.database, "SELECT count(*) FROM load_one")
    # 5 s for 100 MB, twice since it is restored as well, and the start of a Python process.
    assert took < 2 * 5 * MEGABYTES / 100 + 5
    [path] = written.backups
    count = ask(path, "SELECT count(*) FROM load_one")
    assert before <= count <= after
    assert ask(path, "SELECT count(*) FROM load_two") == count
    assert ask(path, "SELECT max(number) FROM load_two") == count - 1
    assert ask(path, "SELECT count(*) FROM ballast") == MEGABYTES * 100
    assert ask(path, "PRAGMA integrity_check") == "ok"
    assert (told["verified"], told["rows"]["load_one"]) == (True, count)
    assert path.stat().st_mode & 0o077 == 0


def test_a_kill_leaves_no_half_file_under_a_final_name(written: Installation) -> None:
    folder = written.folder / "backups"
    for _kill in range(2):
        process = written.launch("backup")
        eventually(lambda: any(path.stat().st_size for path in folder.glob(".aniworld-*.partial")))
        process.kill()
        process.communicate()
        assert written.backups == []
    written.run("backup")
    [path] = written.backups
    assert ask(path, "PRAGMA integrity_check") == "ok"
    assert sorted(found.name for found in folder.iterdir()) == [path.name, f"{path.name}.json"]


def test_what_was_restored_is_what_was_backed_up(installed: Installation) -> None:
    note(installed.database, "before")
    with closing(sqlite3.connect(installed.database)) as database, database:
        row = ("x", b"evil", 1, "2026-01-01")
        database.execute("INSERT INTO django_q_ormq (key, payload, id, lock) VALUES (?, ?, ?, ?)", row)
    installed.run("backup")
    note(installed.database, "after")
    [path] = installed.backups
    told = installed.run("restore", path.name, "--yes")
    subjects = "SELECT group_concat(subject, ', ') FROM (SELECT subject FROM audit_change ORDER BY id)"
    assert ask(installed.database, subjects) == f"before, database from {path.name}"
    assert ask(installed.database, "SELECT count(*) FROM django_q_ormq") == 0
    [kept] = installed.folder.glob("aniworld.db.before-restore-*")
    assert str(kept) in told
    assert ask(kept, subjects) == "before, after"
    assert not list(installed.folder.glob("aniworld.db*restoring*"))
    assert "No backup" not in installed.run("backup", "--list")


def test_it_refuses_while_something_runs(installed: Installation, tmp_path: Path) -> None:
    installed.run("backup")
    [path] = installed.backups
    with (tmp_path / "run" / "up-web.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "stop it first" in installed.run("restore", path.name, "--yes", code=1)
    with closing(sqlite3.connect(installed.database)) as database:
        database.execute("SELECT count(*) FROM audit_change").fetchone()
        assert "has the database" in installed.run("restore", path.name, "--yes", code=1)
    note(installed.database, "still there")
    assert ask(installed.database, "SELECT count(*) FROM audit_change") == 1
    assert "--yes" in installed.run("restore", path.name, code=2)
    assert "backup --list" in installed.run("restore", "nonsense", "--yes", code=1)


def test_a_damaged_file_is_found_out_and_changes_nothing(installed: Installation, tmp_path: Path) -> None:
    note(installed.database, "mine")
    installed.run("backup")
    [path] = installed.backups
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(os.urandom(200_000))
    for command in (("backup", "--verify", "--file", path.name), ("restore", path.name, "--yes")):
        installed.run(*command, code=1)
    foreign = tmp_path / "foreign.sqlite3"
    with closing(sqlite3.connect(foreign)) as database, database:
        database.execute("CREATE TABLE x (y)")
    assert "no database of Aniworld" in installed.run("restore", str(foreign), "--yes", code=1)
    assert ask(installed.database, "SELECT subject FROM audit_change") == "mine"


@pytest.mark.parametrize(
    ("content", "error"),
    [(b"PGDMP and more", "can't be exchanged"), (b"nonsense", "is no backup"), (b"", "is no backup")],
)
def test_what_is_no_backup_of_this_database_is_refused(tmp_path: Path, content: bytes, error: str) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(Refused, match=error):
        making.restore(tmp_path / "file")


def test_rows_that_are_missing_are_noticed(installed: Installation) -> None:
    note(installed.database, "mine")
    installed.run("backup")
    [path] = installed.backups
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("DELETE FROM audit_change")
    assert "not complete: audit_change" in installed.run("backup", "--verify", "--file", path.name, code=1)
    assert "not complete" in installed.run("backup", "--list")


def test_a_damaged_database_can_be_replaced(installed: Installation) -> None:
    note(installed.database, "mine")
    installed.run("backup")
    [path] = installed.backups
    installed.database.write_bytes(os.urandom(50_000))
    installed.run("restore", path.name, "--yes")
    assert ask(installed.database, "SELECT subject FROM audit_change WHERE action = 'noted'") == "mine"


def test_a_backup_of_a_newer_version_is_refused(installed: Installation) -> None:
    with closing(sqlite3.connect(installed.database)) as database, database:
        row = ("downloads", "0099_from_the_future", "2026-01-01")
        database.execute("INSERT INTO django_migrations (app, name, applied) VALUES (?, ?, ?)", row)
    assert "newer version" in installed.run("backup", "--verify", code=1)


def test_postgresql_goes_the_same_way(tmp_path: Path) -> None:
    with postgresql_database() as url:
        installation = Installation(tmp_path, DATABASE_URL=url)
        installation.migrate()
        names = "INSERT INTO audit_change (at, by, via, action, subject, changes)"
        row = f"{names} VALUES (now(), '', 'command', 'noted', %s, '{{}}')".encode()
        with psycopg.connect(url, autocommit=True) as database:
            database.execute(row, ["before"])
            installation.run("backup", "--verify")
            [path] = installation.backups
            database.execute(row, ["after"])
            assert "connection to" in installation.run("restore", path.name, "--yes", code=1)
        told = installation.run("restore", path.name, "--yes")
        with psycopg.connect(url, autocommit=True) as database:
            found = database.execute("SELECT subject FROM audit_change ORDER BY id").fetchall()
            assert [subject for (subject,) in found] == ["before", f"database from {path.name}"]
            beside = told.rpartition("kept as ")[2].split(".\n")[0].strip().rstrip(".")
            database.execute(f'DROP DATABASE "{beside}"')


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupFailed, match=r"pg_dump was not found.*postgresql-client"):
        postgresql.dump(tmp_path / "file")


def backup(folder: Path, days: int, *, verified: bool = True) -> Path:
    made_at = timezone.now() - timedelta(days=days)
    path = folder / f"aniworld-{made_at:%Y%m%dT%H%M%S}Z.sqlite3"
    path.write_bytes(b"x")
    noted = {"size": 1, "verified_at": made_at.isoformat() if verified else None}
    path.with_name(f"{path.name}.json").write_text(json.dumps(noted))
    return path


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.BACKUP_DIR = tmp_path
    return tmp_path


def test_so_many_are_kept_and_the_last_proved_one_in_any_case(folder: Path) -> None:
    proved = backup(folder, 9)
    others = [backup(folder, days, verified=False) for days in range(8)]
    gone = shelf.rotate(3)
    assert len(gone) == 5
    assert {one.path for one in shelf.listed()} == {proved, *others[:3]}
    assert len(list(folder.iterdir())) == 8


@pytest.mark.parametrize("name", ["../aniworld.db", "aniworld-1.sqlite3", "", "aniworld-20260101T000000Z.sqlite3/.."])
def test_only_names_of_backups_are_names(folder: Path, name: str) -> None:
    with pytest.raises(NotThere):
        shelf.named(name)


def test_one_at_a_time(folder: Path) -> None:
    with shelf.alone(), pytest.raises(BackupFailed, match="Another backup"), shelf.alone():
        pass


def test_one_is_not_proved_while_another_is_made(folder: Path) -> None:
    """Making one clears away what a trial left, so it would clear away the trial."""
    proved = shelf.of_file(backup(folder, 1, verified=False))
    with shelf.alone(), pytest.raises(BackupFailed, match="Another backup"):
        making.prove(proved)
    assert not shelf.of_file(proved.path).problem


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("configured", "age", "due"),
    [
        ("daily", None, True),
        ("daily", 0, False),
        ("daily", 2, True),
        ("weekly", 6, False),
        ("weekly", 8, True),
        ("off", None, False),
        ("off", 99, False),
    ],
)
def test_the_schedule_is_in_force(folder: Path, configured: str, age: int | None, due: bool) -> None:
    store.change({"advanced": {"backup_schedule": configured}})
    if age is not None:
        backup(folder, age)
    assert schedule.is_due() is due


@pytest.mark.django_db(transaction=True)
def test_the_task_makes_one_and_tells_once_when_it_can_not(
    settings: Any, tmp_path: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process it starts has a data folder of its own, whose database is damaged at first."""
    settings.BACKUP_DIR = tmp_path / "none"
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    (tmp_path / "aniworld.db").write_bytes(b"nonsense, and more of it" * 100)
    assert tasks.back_up_if_due().startswith("failed: ")
    tasks.back_up_if_due()
    assert Alert.objects.filter(kind=Kind.BACKUP_FAILED).count() == 1
    (tmp_path / "aniworld.db").write_bytes(made.read_bytes())
    assert ".sqlite3" in tasks.back_up_if_due()
    [path] = Installation(tmp_path).backups
    assert shelf.of_file(path).is_verified
    assert shelf.of_file(path).reason == "schedule"
    settings.BACKUP_DIR = tmp_path / "backups"
    assert tasks.back_up_if_due() == "not due"
