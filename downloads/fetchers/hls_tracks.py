"""Segments on disk: which of a playlist are there, and whether they belong to it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from downloads.fetchers.hls_flushing import flushed
from downloads.fetchers.playlist import MediaPlaylist, Piece, Segment
from downloads.range_journal import boot_id
from downloads.workfolder import read_journal, write_journal

SEGMENTS = "segments"
# A segment's file is named by its place and its size: what a power cut left short is seen by its name.
_NAME = re.compile(r"(init-)?(\d{5})-(\d{1,15})", re.ASCII)


@dataclass
class Track:
    """One media playlist, the files of its finished segments by index, and of its init sections by group."""

    playlist: MediaPlaylist
    folder: Path
    finished: dict[int, Path] = field(default_factory=dict)
    inits: dict[int, Path] = field(default_factory=dict)

    def find(self, trusted: Collection[str] | None = None) -> None:
        """Takes in what an earlier try left; files that are not what their names say are removed.

        `trusted`: the only ones that count, by their folder's name and their own; None for all of them.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in self.folder.iterdir():
            match = _NAME.fullmatch(path.name)
            is_trusted = trusted is None or f"{self.folder.name}/{path.name}" in trusted
            if match and is_trusted and path.stat().st_size == int(match[3]):
                (self.inits if match[1] else self.finished)[int(match[2])] = path
            else:
                path.unlink()
        for segment in self.playlist.segments:
            if segment.init and segment.group not in self.inits:
                self.finished.pop(segment.index, None)

    def missing(self) -> Iterator[Piece]:
        """What is still to be fetched, as others may be fetching it now."""
        return (segment.piece for segment in self.playlist.segments if segment.index not in self.finished)

    def path(self, segment: Segment, size: int) -> Path:
        """Where the whole segment belongs."""
        return self.folder / f"{segment.index:05d}-{size}"

    def init_path(self, segment: Segment, size: int) -> Path:
        """Where the init section of its group belongs."""
        return self.folder / f"init-{segment.group:05d}-{size}"

    def groups(self) -> list[list[Segment]]:
        """The segments that belong together up to a discontinuity."""
        found: list[list[Segment]] = []
        for segment in self.playlist.segments:
            if not found or segment.group != found[-1][0].group:
                found.append([])
            found[-1].append(segment)
        return found


def open_tracks(folder: Path, playlists: Sequence[MediaPlaylist]) -> list[Track]:
    """The tracks with what is on disk of them; nothing is kept of another stream than these playlists list."""
    identity = "|".join(playlist.identity for playlist in playlists)
    noted, boot = read_journal(folder), boot_id()
    trusted = None if noted.get("boot") == boot else flushed(folder / SEGMENTS)
    if noted.get("identity") != identity:
        shutil.rmtree(folder / SEGMENTS, ignore_errors=True)
    names = ("picture", "sound")
    tracks = [Track(one, folder / SEGMENTS / name) for name, one in zip(names, playlists, strict=False)]
    for track in tracks:
        track.find(trusted)
    # After the untrusted ones are gone: from then on what is there was written since the machine started.
    write_journal(folder, {"identity": identity, "duration": playlists[0].duration, "boot": boot}, durable=True)
    return tracks
