"""A migrated database for whatever tests, made once on a machine and copied: to migrate anew takes seconds."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import django

from aniworld.environment import ROOT


def sqlite_there(folder: Path) -> None:
    """The database in a data folder that has none yet, as the product's own start would make it."""
    there = folder / "aniworld.db"
    if not there.exists():
        shutil.copyfile(_kept(), there)
        there.chmod(0o600)


def migrated(environment: Mapping[str, str]) -> None:
    """The database that a program of that environment will find, new on either kind."""
    if environment.get("DATABASE_URL"):
        _migrate(environment)
    else:
        sqlite_there(Path(environment["DATA_DIR"]))


@cache
def _kept() -> Path:
    """Another one for other migrations, and for each user of the machine."""
    place = Path(tempfile.gettempdir()) / f"aniworld-migrated-{os.getuid()}-{_print_of_migrations()}.db"
    if not place.exists():
        with tempfile.TemporaryDirectory(dir=place.parent) as folder:
            _migrate({**os.environ, "DATA_DIR": folder, "DATABASE_URL": "", "DEMO": "off"})
            (Path(folder) / "aniworld.db").rename(place)
    return place


def _migrate(environment: Mapping[str, str]) -> None:
    command = [sys.executable, "manage.py", "migrate", "-v0", "--skip-checks"]
    subprocess.run(command, env=environment, cwd=ROOT, check=True, timeout=90)


def _print_of_migrations() -> str:
    said = hashlib.sha256(django.__version__.encode())
    own = [path for top in ("aniworld", "downloads", "integrations", "library", "providers") for path in _under(top)]
    for path in (ROOT / "requirements.txt", *own):
        said.update(path.read_bytes())
    return said.hexdigest()[:12]


def _under(top: str) -> list[Path]:
    return sorted((ROOT / top).glob("**/migrations/*.py"))
