"""The folder for what is handed over: where it is here, and how the other side calls it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from aniworld.configuration import store
from library.naming import sanitise
from library.root import LibraryUnavailable, configured_root, library_root

log = logging.getLogger(__name__)

HIDDEN = ".handover"


def folder() -> Path:
    """Here, whether or not it is there."""
    configured = store.current().integrations.qbittorrent_folder
    return Path(configured) if configured else configured_root() / HIDDEN


def made_folder() -> Path:
    """Here, made when it is missing. Raises `LibraryUnavailable` and OSError."""
    if not store.current().integrations.qbittorrent_folder:
        library_root()
    found = folder()
    found.mkdir(exist_ok=True)
    return found


def within(place: str) -> Path:
    """Something below the folder. Raises ValueError for what would lead out of it."""
    root = folder()
    path = root.joinpath(*PurePosixPath(place).parts)
    if not place or ".." in path.parts or not path.resolve().is_relative_to(root.resolve()) or path == root:
        raise ValueError(f"{place!r} is not below the folder")
    return path


def of_category(category: str) -> str:
    """The folder of a category below it; "" without one."""
    return "/".join(sanitise(part) for part in category.split("/") if part.strip())


def make(category: str) -> None:
    """Makes the folder of a category: managers warn of one that is not there. What keeps it is told at the handover."""
    try:
        made_folder()
        within(of_category(category)).mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError, LibraryUnavailable) as error:
        log.warning("The folder of the category %s could not be made: %s", category, error)


@dataclass(frozen=True, slots=True)
class Outside:
    """The folder as the other side writes it."""

    root: str
    divider: str

    def path(self, place: str) -> str:
        """A path below it."""
        parts = [part for part in place.split("/") if part]
        return self.divider.join([self.root.rstrip("/\\") or self.root, *parts]) if parts else self.root


def outside() -> Outside:
    """As it is configured now."""
    root = store.current().integrations.qbittorrent_seen_as or str(folder())
    return Outside(root, "\\" if "\\" in root and "/" not in root else "/")


def seen(place: str = "") -> str:
    """A path below the folder as the other side writes it."""
    return outside().path(place)


# A manager asks for its whole list again and again.
@lru_cache(maxsize=20_000)
def expected(category: str, name: str) -> str:
    """Where a torrent of that name is handed over, unless another one of its name stands there."""
    return "/".join(part for part in (of_category(category), sanitise(name)) if part)
