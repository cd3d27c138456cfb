"""What changed between the rows of files and the files themselves. Pure: nothing is read or written here."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from library.scanner.walking import Video

# Path, size and time of a file as the database has it.
Row = tuple[str, int, float]


@dataclass(slots=True)
class Changes:
    """The difference. Each video is in one list at most, and so is each row, which is a video as it was."""

    new: list[Video] = field(default_factory=list)
    changed: list[tuple[Video, Video]] = field(default_factory=list)
    moved: list[tuple[Video, Video]] = field(default_factory=list)
    vanished: list[Video] = field(default_factory=list)

    def join(self, other: Changes) -> None:
        """Takes over what another comparison found."""
        self.new += other.new
        self.changed += other.changed
        self.moved += other.moved
        self.vanished += other.vanished


def compare(known: Collection[Row], videos: Collection[Video], is_readable: Callable[[str], bool]) -> Changes:
    """Rows against videos. What `is_readable` (of a path) denies is not called vanished: nobody could look.

    What was moved is both new and vanished until `match_moves` has seen everything.
    """
    # As a set, which costs next to nothing where nothing changed.
    before = set(known)
    found = {video.path: video for video in videos if video not in before}
    changes = Changes()
    if not found and len(videos) == len(before):
        return changes
    for path, size, mtime in before.difference(videos):
        video = found.pop(path, None)
        row = Video(path, size, mtime)
        if video is not None:
            changes.changed.append((row, video))
        elif is_readable(path):
            changes.vanished.append(row)
    changes.new = sorted(found.values())
    changes.vanished.sort()
    return changes


def match_moves(changes: Changes) -> None:
    """Joins what vanished with what is new where size and time are the same and leave no choice.

    Of several alike the one with the same name is taken; where that does not decide either, nothing is guessed.
    """
    candidates: dict[tuple[int, float], list[Video]] = {}
    for video in changes.new:
        candidates.setdefault((video.size, video.mtime), []).append(video)
    gone: dict[tuple[int, float], list[Video]] = {}
    for row in changes.vanished:
        gone.setdefault((row.size, row.mtime), []).append(row)
    for mark, rows in gone.items():
        changes.moved += _pairs(rows, candidates.get(mark, []))
    old_paths = {row.path for row, _video in changes.moved}
    new_paths = {video.path for _row, video in changes.moved}
    changes.vanished = [row for row in changes.vanished if row.path not in old_paths]
    changes.new = [video for video in changes.new if video.path not in new_paths]


def _pairs(rows: list[Video], videos: list[Video]) -> list[tuple[Video, Video]]:
    if len(rows) == len(videos) == 1:
        return [(rows[0], videos[0])]
    pairs = []
    for row in rows:
        alike = [video for video in videos if _name(video.path) == _name(row.path)]
        rivals = [other for other in rows if _name(other.path) == _name(row.path)]
        if len(alike) == len(rivals) == 1:
            pairs.append((row, alike[0]))
    return pairs


def _name(path: str) -> str:
    return path.rpartition("/")[2]
