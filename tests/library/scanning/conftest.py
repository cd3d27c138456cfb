"""An empty library folder in use, with ways to put files there and to scan it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aniworld.configuration import store
from library import scanning
from library.models import EpisodeFile, Finding, Scan
from tests.migrated import database


class Shelves:
    """A library on a real disk."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._mtime = 1_700_000_000

    def put(self, path: str, size: int = 100, mtime: int | None = None) -> Path:
        """A file of that size; each has a time of its own unless told."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x" * size)
        self._mtime += 1
        os.utime(file, (0, mtime or self._mtime))
        return file

    def move(self, old: str, new: str) -> None:
        """As a person does by hand."""
        (self.root / new).parent.mkdir(parents=True, exist_ok=True)
        (self.root / old).rename(self.root / new)

    def scan(self, key: str = "", *folders: str) -> Scan:
        """One run, here."""
        scan = Scan.objects.begin(folders or scanning.folders_of(key), key=key)
        scanning.work(scan)
        return scan

    def changes(self, key: str = "") -> dict[str, int]:
        """What a scan counts, without what is 0 or says how much there is."""
        scan = self.scan(key)
        assert scan.status == Scan.Status.COMPLETED, scan.error
        kept = ("new", "changed", "moved", "vanished", "adopted", "followed")
        return {name: scan.statistics[name] for name in kept if scan.statistics[name]}


def known() -> dict[str, str]:
    """Each file's path and what it is."""
    rows = EpisodeFile.objects.select_related("episode__series")
    return {file.path: f"{file.episode.series.name} {file.episode.code} {file.language}".strip() for file in rows}


def findings() -> set[tuple[str, str]]:
    """What waits for a person."""
    return set(Finding.objects.waiting().exclude(kind=Finding.Kind.UNMATCHED).values_list("kind", "path"))


@pytest.fixture
def shelves(tmp_path: Path, db: None) -> Shelves:
    folder = tmp_path / "library"
    folder.mkdir(exist_ok=True)
    store.change({"library": {"directory": str(folder)}})
    return Shelves(folder)


@contextmanager
def shelved(kind: str, folder: Path) -> Iterator[dict[str, str]]:
    """A migrated database, and an empty library."""
    library = folder / "library"
    library.mkdir()
    with database(kind, folder, LIBRARY_DIR=str(library)) as environment:
        yield environment
