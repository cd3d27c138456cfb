"""A PostgreSQL and a Redis of our own in a temporary folder, which tests may stop, kill and start again."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from aniworld.supervisor import linux
from tests.running import eventually, free_port

_SETTINGS = {
    "fsync": "off",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "listen_addresses": "127.0.0.1",
    "log_min_messages": "fatal",
}


def _programs() -> Path:
    """The newest PostgreSQL of this machine, where Debian puts it."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        pytest.skip("no PostgreSQL server is installed here (Debian: apt install postgresql)")
    return found[-1].parent


class PostgreSQL:
    """A server of its own on a free port. It refuses to run as root, so that it runs as `postgres` then."""

    def __init__(self, folder: Path) -> None:
        self._programs = _programs()
        self._folder = folder / "postgresql"
        self._as: list[str] = []
        self._folder.mkdir()
        if os.geteuid() == 0:
            self._become_postgres(folder)
        self.port = free_port()
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"
        data = str(self._folder / "data")
        self._run(
            "initdb", "--username=postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", "-D", data
        )
        values = _SETTINGS | {"port": str(self.port), "unix_socket_directories": str(self._folder)}
        with (self._folder / "data" / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in values.items())

    def _become_postgres(self, folder: Path) -> None:
        try:
            user = pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("this runs as root, which PostgreSQL refuses, and there is no user postgres")
        if not shutil.which("setpriv"):
            pytest.skip("this runs as root, which PostgreSQL refuses, and there is no setpriv")
        folder.chmod(0o755)
        os.chown(self._folder, user.pw_uid, user.pw_gid)
        self._as = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]

    def start(self) -> None:
        """Starts it and returns once it answers."""
        log = str(self._folder / "log")
        self._run("pg_ctl", "start", "-w", "-t", "30", "-D", str(self._folder / "data"), "-l", log)

    def stop(self, how: str = "immediate") -> None:
        """Ends it: `immediate` as a crash does, `fast` in good order. All connections are gone."""
        if not (self._folder / "data" / "postmaster.pid").exists():
            return
        self._run("pg_ctl", "stop", "-w", "-m", how, "-D", str(self._folder / "data"))

    def ask(self, statement: str, url: str = "") -> list[tuple[Any, ...]]:
        """The rows of one statement."""
        with psycopg.connect(url or self.url, autocommit=True) as connection:
            return connection.execute(statement.encode()).fetchall()

    def tell(self, statement: str, url: str = "") -> None:
        """Carries out a statement that has no rows."""
        with psycopg.connect(url or self.url, autocommit=True) as connection:
            connection.execute(statement.encode())

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as, str(self._programs / program), *arguments]
        done = subprocess.run(
            command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
        )
        assert done.returncode == 0, done.stderr.decode()


class Redis:
    """A server of its own on a free port, which keeps nothing over its end, as the documents advise."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("redis-server")
        if not program:
            pytest.skip("no redis-server is installed here (Debian: apt install redis-server)")
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._command = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def client(self) -> redis.Redis:
        """For a look into it."""
        return redis.Redis.from_url(self.url)

    def start(self) -> None:
        """Starts it and returns once it answers."""
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=linux.die_with_parent,
        )

        def answers() -> bool:
            try:
                return bool(self.client.ping())
            except redis.RedisError:
                return False

        eventually(answers, 15, "Redis answers")

    def kill(self) -> None:
        """It is gone, with all that was in it."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def send(self, number: signal.Signals) -> None:
        """Signals it: stopped, it takes connections and never answers."""
        assert self._process
        self._process.send_signal(number)


@contextmanager
def own_servers() -> Iterator[tuple[PostgreSQL, Redis]]:
    """Both, running. Skips where one is not installed."""
    folder = Path(tempfile.mkdtemp(prefix="aniworld-servers-"))
    try:
        queue, database = Redis(folder), PostgreSQL(folder)
        database.start()
        try:
            queue.start()
            yield database, queue
        finally:
            queue.kill()
            database.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
