"""The folder for what is handed over: where it is here, and how the other side calls it."""

from __future__ import annotations

import logging
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


def seen(place: str = "") -> str:
    """A path below the folder as the other side writes it."""
    root = store.current().integrations.qbittorrent_seen_as or str(folder())
    divider = "\\" if "\\" in root and "/" not in root else "/"
    parts = [part for part in place.split("/") if part]
    return divider.join([root.rstrip("/\\") or root, *parts]) if parts else root
