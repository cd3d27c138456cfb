"""The kept place in the event log: nothing is passed over, by two readers at once and over gaps, on both databases."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aniworld.environment import ROOT
from tests.running import postgresql_database

pytestmark = pytest.mark.processes


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_each_event_is_handed_over_once(database: str, tmp_path: Path) -> None:
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "DEMO": "off"}
    if database == "postgresql":
        with postgresql_database() as url:
            _run({**environment, "DATABASE_URL": url})
    else:
        _run(environment)


def _run(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.integrations.following_driver"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
