"""Programs of the tests beside this process, on a migrated database of either kind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from aniworld.environment import ROOT
from tests.database_copies import migrated
from tests.database_servers import postgresql_database


@contextmanager
def database(kind: str, folder: Path, **variables: str) -> Iterator[dict[str, str]]:
    """The environment of processes on a migrated database of that kind, with further `variables`."""
    environment = {**os.environ, "DATA_DIR": str(folder), "DEMO": "off", "DATABASE_URL": "", **variables}
    with postgresql_database() if kind == "postgresql" else nullcontext("") as url:
        environment["DATABASE_URL"] = url
        migrated(environment)
        yield environment


def run(environment: dict[str, str], *arguments: str) -> str:
    """What a Python program printed; it has to end well."""
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
