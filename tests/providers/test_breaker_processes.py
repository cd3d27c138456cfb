"""The breaker as several processes see it, and after a restart."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from aniworld.environment import ROOT
from tests.database_servers import postgresql_database

PROCESSES, THREADS = 2, 5


def _start(environment: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _end(process: subprocess.Popen[str]) -> str:
    said, complaint = process.communicate(timeout=90)
    assert process.returncode == 0, complaint[-3000:]
    return said


@pytest.mark.processes
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_exactly_one_of_all_workers_probes_and_a_restart_forgets_nothing(kind: str, tmp_path: Path) -> None:
    with postgresql_database() if kind == "postgresql" else nullcontext("") as url:
        environment = {**os.environ, "DATA_DIR": str(tmp_path), "DEMO": "off", "DATABASE_URL": url}

        def prober(*arguments: str) -> Any:
            return json.loads(_end(_start(environment, "-m", "tests.providers.prober", *arguments)))

        assert prober("seed") == {"breaker": "open", "level": 3}
        command = ("-m", "tests.providers.prober", "probe", str(THREADS))
        racing = [_start(environment, *command) for _number in range(PROCESSES)]
        outcomes = Counter(outcome for process in racing for outcome in json.loads(_end(process))["outcomes"])
        assert outcomes == {"probe": 1, "resting": PROCESSES * THREADS - 1}
        found = prober("end")
        assert found["failed"] == {"breaker": "open", "level": 4}
        assert 0 < found["asked"]["retry_after"] <= 30
        assert found["languages"] == ["", "English Sub", "German Dub"]
