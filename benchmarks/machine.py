"""What the figures were measured on, and with which versions."""

from __future__ import annotations

import datetime
import os
import platform
import re
import sqlite3
import subprocess
from importlib.metadata import version
from pathlib import Path

from benchmarks.timing import program

_ASKED = {
    "nginx": ("nginx", "-v"),
    "curl": ("curl", "--version"),
    "aria2c": ("aria2c", "--version"),
    "ffmpeg": ("ffmpeg", "-version"),
    "yt-dlp": ("yt-dlp", "--version"),
}


def described() -> str:
    """One paragraph of Markdown."""
    cores = len(os.sched_getaffinity(0))
    memory = round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9)
    programs = ", ".join(f"{name} {_version(*command)}" for name, command in _ASKED.items())
    own = ", ".join(f"{name} {version(name)}" for name in ("Django", "requests", "urllib3", "av", "channels", "daphne"))
    return (
        f"Measured on {datetime.datetime.now(datetime.UTC):%Y-%m-%d}: {_processor()}, {cores} cores, {memory} GB, "
        f"Linux {platform.release().split('-')[0]}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}; {own}. Peers: {programs}. "
        f"Load of the machine when it began: {os.getloadavg()[1]:.1f} over five minutes."
    )


def _processor() -> str:
    found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    return found[1].strip() if found else platform.machine()


def _version(name: str, option: str) -> str:
    path = program(name)
    if not path:
        return "missing"
    answer = subprocess.run([path, option], capture_output=True, text=True, check=False)
    found = re.search(r"\d+(?:\.\d+)+", answer.stdout + answer.stderr)
    return found[0] if found else "of unknown version"
