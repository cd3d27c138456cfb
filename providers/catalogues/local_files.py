"""Files of this machine below the folder that the operator names: a tree, or an index file that lists them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from providers.catalogues import local_index
from providers.catalogues.folders import FolderCatalogue, Node, Placed, Segments, bounded
from providers.exceptions import NotFound, ServerFailed

INDEX_SUFFIXES = (".json", ".csv")


class LocalFiles(FolderCatalogue):
    """The address is a folder, or the JSON or CSV file that lists what lies beside and below it."""

    name = "local-files"
    display_name = "Local files"
    host = "local-file"
    is_local = True

    def __init__(self, address: str, client: Any) -> None:
        super().__init__(address, client)
        self._index: dict[str, list[Placed]] | None = None

    @property
    def folder(self) -> Path:
        """Nothing outside of it is read."""
        path = Path(self.address or "/")
        return path.parent if path.suffix.lower() in INDEX_SUFFIXES else path

    @property
    def root(self) -> str:
        """Its address."""
        return f"{self.folder.as_uri().rstrip('/')}/"

    def accepts(self, link: str) -> bool:
        """A `file:` link below the folder."""
        return bool(self.address) and link.startswith("file://") and self.segments_of(link) is not None

    def listing(self, segments: Segments) -> list[Node]:
        """What is in a folder; links that lead out of the tree, and hidden names, are none of it."""
        place = inside(self.folder, segments)
        try:
            with os.scandir(place) as entries:
                shown = [entry for entry in entries if not entry.name.startswith(".")]
        except OSError as error:
            raise _unreadable(segments, error) from None
        nodes = [Node(entry.name, entry.is_dir()) for entry in shown if _leads_inside(self.folder, entry)]
        return bounded(nodes, self.link_of(segments))

    def check(self) -> None:
        """Looks into the folder, or reads the index."""
        self.shelf()

    def shelf(self) -> list[Segments]:
        """The folders of the tree, or the series of the index."""
        index = self._read_index()
        return super().shelf() if index is None else [(series,) for series in index]

    def collect(self, series: Segments) -> list[Placed]:
        """As the names or the index say."""
        index = self._read_index()
        if index is None:
            return super().collect(series)
        return index.get(series[0], []) if len(series) == 1 else []

    def beside(self, file: Segments) -> list[Placed]:
        """As the names or the index say."""
        index = self._read_index()
        if index is None:
            return super().beside(file)
        listed = next((files for files in index.values() if any(one.segments == file for one in files)), [])
        return listed if inside(self.folder, file).is_file() else []

    def cover(self, series: Segments) -> str:  # noqa: ARG002 - the base class's signature
        """Pictures are fetched over the network alone."""
        return ""

    def _series(self, link: str) -> Segments:
        """Of an index, the name stands where the folder would."""
        own = self.segments_of(link) if "/" in link else None
        return own if own is not None and self._read_index() is not None else super()._series(link)

    def _read_index(self) -> dict[str, list[Placed]] | None:
        path = Path(self.address)
        if path.suffix.lower() not in INDEX_SUFFIXES:
            return None
        if self._index is None:
            try:
                with path.open("rb") as file:
                    content = file.read(local_index.LARGEST_INDEX + 1)
            except OSError as error:
                raise _unreadable((path.name,), error) from None
            self._index = local_index.read(content, path.name)
        return self._index


def inside(folder: Path, segments: Segments) -> Path:
    """The real path of a place below the folder. Raises `NotFound` for one that is not, also by a link."""
    try:
        root = folder.resolve(strict=True)
        place = root.joinpath(*segments).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        raise NotFound(f"{'/'.join(segments)[:200] or folder.name} is not in the local folder.") from None
    if not place.is_relative_to(root):
        raise NotFound(f"{'/'.join(segments)[:200]} leads out of the local folder.")
    return place


def _leads_inside(folder: Path, entry: os.DirEntry[str]) -> bool:
    if not entry.name.isprintable():
        return False
    if not entry.is_symlink():
        return True
    try:
        return Path(entry.path).resolve(strict=True).is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        # A link to nothing, or in a ring.
        return False


def _unreadable(segments: Segments, error: OSError) -> NotFound | ServerFailed:
    place = "/".join(segments)[:200] or "The local folder"
    if isinstance(error, FileNotFoundError):
        return NotFound(f"{place} is not there.")
    return ServerFailed(f"{place} can't be read: {error.strerror or error}.")
