"""Walks folders fast: a stack of `scandir`, names first, and a look at sizes and times of videos only."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import NamedTuple

from library.name_noise import EXTENSIONS

# Deeper than any library; what goes further leads in a circle or is no library.
DEEPEST = 12
# Every way to write an extension in upper and lower case: looking one up is quicker than lowering each name's.
_SPELLINGS = frozenset(
    "".join(letters)
    for extension in EXTENSIONS
    for letters in product(*((letter, letter.upper()) for letter in extension))
)
_IGNORED = frozenset({"@eadir", "#recycle", "$recycle.bin", "system volume information", "lost+found", ".trash"})


class Video(NamedTuple):
    """A video below the library: `path` relative to it with `/`, `size` in bytes, `mtime` in seconds since 1970."""

    path: str
    size: int
    mtime: float


@dataclass(slots=True)
class Walked:
    """What is below one folder, and which folders below it could not be read, with the reason of each."""

    videos: list[Video] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)


def top_level(root: Path) -> tuple[list[str], list[str]]:
    """The names of folders and of videos directly below the library. Raises `OSError`."""
    folders, videos = [], []
    with os.scandir(root) as entries:
        for entry in entries:
            if _is_folder(entry):
                folders.append(entry.name)
            elif entry.name.rpartition(".")[2] in _SPELLINGS and not entry.name.startswith("."):
                videos.append(entry.name)
    return folders, videos


def walk(root: Path, folder: str, look: Callable[[], None] = lambda: None, into: Walked | None = None) -> Walked:
    """Everything below `folder` (relative to the library), added to `into` if that is given.

    `look` is called at each folder and may raise to stop. A folder that can't be read is noted and passed over. Links
    to folders are not followed; hidden ones are ignored.
    """
    walked, base = Walked() if into is None else into, os.fspath(root)
    waiting = [(folder, 0)]
    while waiting:
        look()
        place, depth = waiting.pop()
        try:
            inner = _read(f"{base}/{place}", place, walked)
        except OSError as error:
            walked.unreadable[place] = error.strerror or str(error)
            continue
        if depth < DEEPEST:
            waiting += [(f"{place}/{name}", depth + 1) for name in inner]
    return walked


def _read(path: str, place: str, walked: Walked) -> list[str]:
    """Notes the videos of one folder; answers the names of the folders in it."""
    # By its handle: each look at a file then takes one step instead of the whole way from the root.
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with os.scandir(handle) as entries:
            return _taken(entries, place, walked)
    finally:
        os.close(handle)


def _taken(entries: Iterator[os.DirEntry[str]], place: str, walked: Walked) -> list[str]:
    # The innermost loop of a scan: what can be looked up once is, and the cheapest question comes first.
    folders: list[str] = []
    note, extensions, make, before = walked.videos.append, _SPELLINGS, tuple.__new__, f"{place}/"
    for entry in entries:
        name = entry.name
        if name[name.rfind(".") + 1 :] not in extensions or name[0] == ".":
            if _is_folder(entry):
                folders.append(name)
            continue
        try:
            if entry.is_file():
                found = entry.stat()
                note(make(Video, (before + name, found.st_size, found.st_mtime)))
            elif _is_folder(entry):
                folders.append(name)
        except FileNotFoundError:
            # Gone since it was listed.
            continue
        except OSError as error:
            walked.unreadable[before + name] = error.strerror or str(error)
    return folders


def _is_folder(entry: os.DirEntry[str]) -> bool:
    name = entry.name
    return not name.startswith(".") and name.lower() not in _IGNORED and entry.is_dir(follow_symlinks=False)
