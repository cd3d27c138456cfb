"""Segments on disk: which of a playlist are there, and whether they belong to it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from downloads.fetchers.playlist import MediaPlaylist, Segment
from downloads.workfolder import read_journal, write_journal

# A segment's file is named by its place and its size: what a power cut left short is seen by its name.
_NAME = re.compile(r"(init-)?(\d{5})-(\d{1,15})", re.ASCII)


@dataclass
class Track:
    """One media playlist, the files of its finished segments by index, and of its init sections by group."""

    playlist: MediaPlaylist
    folder: Path
    finished: dict[int, Path] = field(default_factory=dict)
    inits: dict[int, Path] = field(default_factory=dict)

    def find(self) -> None:
        """Takes in what an earlier try left; files that are not what their names say are removed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in self.folder.iterdir():
            match = _NAME.fullmatch(path.name)
            if match and path.stat().st_size == int(match[3]):
                (self.inits if match[1] else self.finished)[int(match[2])] = path
            else:
                path.unlink()
        for segment in self.playlist.segments:
            if segment.init and segment.group not in self.inits:
                self.finished.pop(segment.index, None)

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
    if read_journal(folder).get("identity") != identity:
        shutil.rmtree(folder / "segments", ignore_errors=True)
        write_journal(folder, {"identity": identity, "duration": playlists[0].duration})
    names = ("picture", "sound")
    tracks = [Track(one, folder / "segments" / name) for name, one in zip(names, playlists, strict=False)]
    for track in tracks:
        track.find()
    return tracks
