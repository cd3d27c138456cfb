"""What changed on disk, told from names, sizes and times alone."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from library.scanner.comparing import Changes, compare, match_moves
from library.scanner.walking import Video

PATHS = st.sampled_from([f"{folder}/{name}.mkv" for folder in "ab" for name in "xyz"])
SIZES, TIMES = st.integers(1, 3), st.integers(1, 2).map(float)
VIDEOS = st.dictionaries(PATHS, st.tuples(SIZES, TIMES)).map(
    lambda found: [Video(path, *values) for path, values in found.items()]
)


def compared(known: list[Video], videos: list[Video], is_readable: Callable[[str], bool]) -> Changes:
    changes = compare(known, videos, is_readable)
    match_moves(changes)
    return changes


def anywhere(path: str) -> bool:
    return True


def test_each_kind_of_change() -> None:
    known = [
        Video("a/same.mkv", 10, 1.0),
        Video("a/grown.mkv", 10, 1.0),
        Video("a/old.mkv", 33, 3.0),
        Video("a/gone.mkv", 44, 4.0),
        Video("locked/x.mkv", 55, 5.0),
    ]
    videos = [
        Video("a/same.mkv", 10, 1.0),
        Video("a/grown.mkv", 11, 2.0),
        Video("b/renamed.mkv", 33, 3.0),
        Video("a/new.mkv", 66, 6.0),
    ]
    changes = compared(known, videos, lambda path: not path.startswith("locked"))
    assert [video.path for video in changes.new] == ["a/new.mkv"]
    assert [(row.size, video.size) for row, video in changes.changed] == [(10, 11)]
    assert [(row.path, video.path) for row, video in changes.moved] == [("a/old.mkv", "b/renamed.mkv")]
    assert [row.path for row in changes.vanished] == ["a/gone.mkv"]


def test_what_could_be_either_is_not_guessed() -> None:
    known = [Video("a/1.mkv", 10, 1.0), Video("a/2.mkv", 10, 1.0)]
    videos = [Video("b/1.mkv", 10, 1.0), Video("b/3.mkv", 10, 1.0)]
    changes = compared(known, videos, anywhere)
    assert [(row.path, video.path) for row, video in changes.moved] == [("a/1.mkv", "b/1.mkv")]
    assert [row.path for row in changes.vanished] == ["a/2.mkv"]
    assert [video.path for video in changes.new] == ["b/3.mkv"]


@given(VIDEOS, VIDEOS)
def test_property_nothing_is_lost_or_told_twice(known: list[Video], videos: list[Video]) -> None:
    changes = compared(known, videos, anywhere)
    pairs = [*changes.changed, *changes.moved]
    rows = [row.path for row in changes.vanished] + [row.path for row, _video in pairs]
    paths = [video.path for video in changes.new] + [video.path for _row, video in pairs]
    assert len(set(rows)) == len(rows)
    assert len(set(paths)) == len(paths)
    same = {row.path for row in known} & {video.path for video in videos}
    assert {row.path for row in changes.vanished} | {row.path for row, _video in changes.moved} == (
        {row.path for row in known} - same
    )
    assert {video.path for video in changes.new} | {video.path for _row, video in changes.moved} == (
        {video.path for video in videos} - same
    )


@given(VIDEOS)
def test_property_what_nobody_could_look_at_is_not_gone(known: list[Video]) -> None:
    assert compared(known, [], lambda path: False).vanished == []
