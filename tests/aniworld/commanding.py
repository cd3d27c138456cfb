"""Runs management commands as processes of their own, on a data folder of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from aniworld.environment import ROOT
from tests.database_copies import migrated


class Installation:
    """A data folder with a database, and the commands that work on it."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.environment = {**os.environ, "DATA_DIR": str(folder), "DEMO": "off", **environment}

    @property
    def database(self) -> Path:
        """SQLite's file."""
        return self.folder / "aniworld.db"

    @property
    def backups(self) -> list[Path]:
        """The files under a final name, the oldest first."""
        return sorted(path for path in (self.folder / "backups").glob("aniworld-*") if path.suffix != ".json")

    def launch(self, *arguments: str) -> subprocess.Popen[str]:
        """Starts a command and does not wait."""
        return subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env=self.environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, code: int = 0) -> str:
        """Runs a command, which has to end with `code`; answers all it printed."""
        process = self.launch(*arguments)
        output, errors = process.communicate(timeout=180)
        assert process.returncode == code, f"{arguments}: {process.returncode}\n{output}\n{errors}"
        return output + errors

    def migrate(self) -> None:
        """Makes the tables."""
        migrated(self.environment)
