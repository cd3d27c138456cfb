"""Several machines on one queue: an `up` each, with a data folder of its own and one library for all."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from tests.downloads.driving import demo_address
from tests.running import Running
from tests.scale.servers import PostgreSQL, Redis

KEY = "the-same-key-for-every-machine-of-this-fleet-of-tests"
# On a machine with much else to do.
READY_SECONDS = 240.0


class Fleet:
    """The machines of a test. `database` is the name of a database that is made for it."""

    def __init__(self, postgresql: PostgreSQL, redis: Redis, database: str, **environment: str) -> None:
        self.postgresql, self.redis = postgresql, redis
        self.folder = Path(tempfile.mkdtemp(prefix="aniworld-fleet-"))
        self.library = self.folder / "library"
        self.library.mkdir()
        # What the demo hosts serve is made once.
        (self.folder / "demo").mkdir()
        postgresql.tell(f'CREATE DATABASE "{database}"')
        redis.client.flushall()
        self.database_url = postgresql.url.removesuffix("postgres") + database
        self.machines: list[Running] = []
        self._environment = environment

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for machine in self.machines:
            machine.kill_everything()
        shutil.rmtree(self.folder, ignore_errors=True)

    def machine(self, name: str, *arguments: str, **environment: str) -> Running:
        """A machine that is not started yet: `--web-only`, `--workers-only`, or both."""
        data = self.folder / name
        data.mkdir(mode=0o700, exist_ok=True)
        if not (data / "demo").exists():
            (data / "demo").symlink_to(self.folder / "demo")
        values = {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis.url,
            "SECRET_KEY": KEY,
            "LIBRARY_DIR": str(self.library),
            "DEMO_SPEED": "0",
            "TASK_WORKERS": "1",
            "DOWNLOAD_WORKERS": "2",
        }
        machine = Running(
            *arguments, data_dir=data, demo=True, environment={**values, **self._environment, **environment}
        )
        self.machines.append(machine)
        return machine

    def start(self, *machines: Running) -> None:
        """All of them at once."""
        for machine in machines:
            machine.launch()
        for machine in machines:
            machine.wait_until_ready(READY_SECONDS)

    def fault(self, host: str, plan: Any, *among: Running) -> None:
        """The same fault in each machine's outside world."""
        for machine in among or self.machines:
            answer = requests.put(f"{demo_address(machine)}/_faults/{host}", json=plan, timeout=5)
            assert answer.ok, answer.text

    def heal(self, *among: Running) -> None:
        """No faults any more."""
        for machine in among or self.machines:
            requests.delete(f"{demo_address(machine)}/_faults", timeout=5)

    def sign_in(self, web: Running, as_in: Running | None = None) -> None:
        """The first machine makes the user; the others know the same credentials."""
        if as_in is None:
            web.setup(library_dir=str(self.library))
        else:
            web.token = as_in.token
            web.http.headers["Authorization"] = f"Bearer {web.token}"

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What the database says."""
        return self.postgresql.ask(statement, self.database_url)
