"""The files: their names, what is known of each, and how many are kept.

Beside each backup lies a small JSON file with the same name, which tells how many rows every table had, and whether the
backup was restored for a trial. A backup without one is whole all the same; only less is known of it.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from aniworld.backups.refusals import BackupFailed
from aniworld.refusals import NotThere
from downloads.workfolder import flush

# By what a file is restored: SQLite's own, or pg_dump's custom format.
SUFFIXES = {"sqlite": ".sqlite3", "postgresql": ".pgdump"}
_NAME = re.compile(r"aniworld-(\d{8}T\d{6})Z(-\d+)?\.(sqlite3|pgdump)")
# What a killed backup leaves begins so, and nothing else does.
_UNDER_WAY = ".aniworld-"


@dataclass(frozen=True)
class Backup:
    """One backup. `size` is in bytes as it was when it was made; `rows` maps each table to its number of rows."""

    path: Path
    made_at: datetime
    size: int
    reason: str = ""
    version: str = ""
    verified_at: datetime | None = None
    problem: str = ""
    rows: Mapping[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The file's name, which is what it is called everywhere."""
        return self.path.name

    @property
    def is_verified(self) -> bool:
        """Whether a trial restore succeeded."""
        return self.verified_at is not None

    def proved(self, problem: str = "") -> Backup:
        """Notes the outcome of a trial restore; empty: it succeeded."""
        noted = _noted(self.path) | {"verified_at": None if problem else _text(timezone.now()), "problem": problem}
        _note(self.path, noted)
        return _read(self.path)

    def delete(self) -> None:
        """Removes it."""
        self.path.unlink(missing_ok=True)
        _beside(self.path).unlink(missing_ok=True)


def folder() -> Path:
    """Where they are."""
    return Path(settings.BACKUP_DIR)


def listed() -> list[Backup]:
    """All, the newest first."""
    found = [path for path in folder().glob("aniworld-*") if _NAME.fullmatch(path.name)]
    return sorted((_read(path) for path in found), key=lambda one: (one.made_at, one.name), reverse=True)


def newest() -> Backup | None:
    """The last one that was made."""
    return next(iter(listed()), None)


def named(name: str) -> Backup:
    """The backup of that name. Raises `NotThere`."""
    path = folder() / name if _NAME.fullmatch(name) else None
    if path is None or not path.is_file():
        raise NotThere(_("There is no backup of this name."))
    return _read(path)


def of_file(path: Path) -> Backup:
    """A file from anywhere as a backup, with what is known when it is one of ours. Raises `NotThere`."""
    if not path.is_file():
        raise NotThere(_("There is no file %s.") % path)
    return _read(path)


@contextmanager
def alone() -> Iterator[None]:
    """One backup is made or proved at a time. Raises `BackupFailed` when another process does so."""
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(folder(), os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise BackupFailed(_("Another backup is being made or proved now. Try again when it is done.")) from None
    finally:
        os.close(handle)


def begin(kind: str) -> Path:
    """An empty file that only its owner reads, to write a new backup into. What killed ones left is removed."""
    for left in folder().glob(f"{_UNDER_WAY}*"):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)
    path = folder() / f".{_free_name(SUFFIXES[kind])}.partial"
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    return path


def finish(partial: Path, *, reason: str, version: str, rows: Mapping[str, int]) -> Backup:
    """Gives a whole file its name, in one step, once it is on the disk for sure."""
    path = partial.with_name(partial.name.removeprefix(".").removesuffix(".partial"))
    flush(partial)
    size = partial.stat().st_size
    _note(path, {"reason": reason, "version": version, "size": size, "rows": dict(rows), "verified_at": None})
    partial.rename(path)
    flush(path.parent)
    return _read(path)


def trial_folder() -> Path:
    """A folder for a trial restore, which the next backup removes if this process does not."""
    path = folder() / f"{_UNDER_WAY}trial-{os.getpid()}"
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(mode=0o700, parents=True)
    return path


def rotate(keep: int) -> list[str]:
    """Removes the oldest over `keep`; the newest one that was proved stays in any case. Answers their names."""
    found = listed()
    proved = next((one for one in found if one.is_verified), None)
    surplus = [one for one in found[keep:] if one != proved]
    for backup in surplus:
        backup.delete()
    for path in folder().glob("aniworld-*.json"):
        if not path.with_name(path.name.removesuffix(".json")).exists():
            path.unlink(missing_ok=True)
    return [one.name for one in surplus]


def demand_room(needed: int) -> None:
    """Raises `BackupFailed` when the folder's disk has less than `needed` bytes."""
    free = shutil.disk_usage(folder()).free
    if free < needed:
        facts = {"needed": needed / 1e6, "free": free / 1e6, "folder": folder()}
        text = _("There is no room for a backup in %(folder)s: %(needed).0f MB are needed, %(free).0f MB are free.")
        raise BackupFailed(text % facts)


def _free_name(suffix: str) -> str:
    stem = f"aniworld-{timezone.now().astimezone(UTC):%Y%m%dT%H%M%S}Z"
    names = [f"{stem}{suffix}", *(f"{stem}-{number}{suffix}" for number in range(2, 100))]
    return next(name for name in names if not (folder() / name).exists())


def _read(path: Path) -> Backup:
    noted, match = _noted(path), _NAME.fullmatch(path.name)
    size = path.stat().st_size
    stamp = datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC) if match else None
    return Backup(
        path=path,
        made_at=stamp or datetime.fromtimestamp(path.stat().st_mtime, UTC),
        size=int(noted.get("size") or size),
        reason=str(noted.get("reason") or ""),
        version=str(noted.get("version") or ""),
        verified_at=parse_datetime(str(noted.get("verified_at") or "")),
        problem=str(noted.get("problem") or ""),
        rows={str(table): int(count) for table, count in (noted.get("rows") or {}).items()},
    )


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def _noted(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(_beside(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _note(path: Path, noted: dict[str, Any]) -> None:
    beside = _beside(path)
    temporary = beside.with_name(f"{_UNDER_WAY}{beside.name}")
    with suppress(FileNotFoundError):
        temporary.unlink()
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(noted, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(beside)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
