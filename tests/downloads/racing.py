"""Processes that race for the same rows, on either database."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from aniworld.environment import ROOT


def most_at_once(lines: list[dict[str, Any]]) -> int:
    changes = sorted([(line["claimed"], 1) for line in lines] + [(line["given"], -1) for line in lines])
    most = now = 0
    for _moment, change in changes:
        now += change
        most = max(most, now)
    return most


def race(environment: dict[str, str], verb: str, limit: int, count: int) -> list[dict[str, Any]]:
    """What `count` claimers said, that all begin at the same moment."""
    command = [sys.executable, "-m", "tests.downloads.claimer", verb, str(limit)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    claimers: list[Any] = [
        subprocess.Popen([*command, str(number)], env=environment, cwd=ROOT, **pipes) for number in range(count)
    ]
    try:
        assert [claimer.stdout.readline() for claimer in claimers] == ["ready\n"] * count
        for claimer in claimers:
            claimer.stdin.write("go\n")
            claimer.stdin.flush()
        said = [claimer.communicate(timeout=90)[0] for claimer in claimers]
    finally:
        for claimer in claimers:
            claimer.kill()
    assert [claimer.returncode for claimer in claimers] == [0] * count
    return [json.loads(line) for text in said for line in text.splitlines()]
