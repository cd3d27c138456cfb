"""docs/api-clients.md and docs/examples as they stand, run against a real `up` with the demo."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aniworld.environment import ROOT
from tests.running import Running

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("api-examples")]
PAGE = ROOT / "docs" / "api-clients.md"
EXAMPLES = ROOT / "docs" / "examples"
STIRRING = "for _ in 1 2 3 4 5 6 7 8 9; do sleep 1; call POST /queue/pause; call POST /queue/resume; done"
# What a block has to have printed, by a piece of it.
PRINTS = {
    "apikey create": r"awk_[\w-]{20}",
    "/health": r'"status": ?"healthy"[\s\S]*"statistics"',
    "call POST /anime/search": r"^\d+$",
    "call POST /queue/start": r"Season 01/.*S01E01.*\.mp4$",
    "/why": r'"next',
    "call POST /queue/pause": r'"added_items"',
    "max_retries": r'^4\n[\s\S]*"max_retries"',
    "/config/backups": r"\.json\n\d+$|^\S+\n\d+$",
    "add_and_download.py": r"^found .*\n(.*\n)*completed .*S01E01.*\.mp4\ntried demo-\w+ completed$",
    "missing.py": r"^ +\d+  \S",
    "watch.py": r"^(download|queue)_\w+ ",
}


@pytest.fixture(scope="module")
def up() -> Iterator[Running]:
    with Running(demo=True, environment={"DEMO_SPEED": "0", "DEMO_CLIP_SECONDS": "8"}) as one:
        one.setup()
        yield one


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def key(up: Running) -> str:
    return str(up.api("POST", "/api/auth/apikeys", {"name": "tests", "scope": "admin"})["key"])


def shell(up: Running, key: str, script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Everything so far in one shell, as a reader's; what it prints is of the last block."""
    words = script.replace("http://127.0.0.1:8000", up.url).replace("awk_…", key)
    stand_in = folder / "python3"
    stand_in.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    stand_in.chmod(0o755)
    paths = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", words],
        env={**up.environment, **paths},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.timeout(400)
def test_every_block_of_the_page_runs_as_printed(up: Running, key: str, tmp_path: Path) -> None:
    marked, told = [], "printf '\\036'\n"
    for block in blocks("sh"):
        marked.append(told + _own_interpreter(block, watching="watch.py" in block))
    ended = shell(up, key, "\n".join(marked), tmp_path)
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr
    printed = ended.stdout.split("\036")[1:]
    assert len(printed) == len(blocks("sh")) >= 12
    for piece, wanted in PRINTS.items():
        number = next(number for number, block in enumerate(blocks("sh")) if piece in block)
        assert re.search(wanted, printed[number].strip("\n"), re.MULTILINE), (piece, printed[number])


def _own_interpreter(block: str, *, watching: bool) -> str:
    """The environment that runs this test stands for .venv; what is watched has to happen."""
    block = block.replace(".venv/bin/python", sys.executable)
    if watching:
        return f"({STIRRING}) >/dev/null &\n{block}kill %1 2>/dev/null || true\n"
    return block


def test_each_example_is_run_and_shown_as_it_is() -> None:
    page = PAGE.read_text()
    names = [path.name for path in EXAMPLES.glob("*.py")]
    assert len(names) == 3
    assert [name for name in names if f"python3 docs/examples/{name}" not in page] == []
    code = "\n".join(path.read_text() for path in EXAMPLES.glob("*.py"))
    assert blocks("python")
    assert [block for block in blocks("python") if block not in code] == []


def test_a_wrong_key_is_one_line(up: Running) -> None:
    environment = {**up.environment, "ANIWORLD": up.url, "ANIWORLD_KEY": "awk_wrong"}
    command = [sys.executable, str(EXAMPLES / "add_and_download.py"), "a"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("401 unauthorized: The API key is wrong")
    assert "Traceback" not in ended.stderr
