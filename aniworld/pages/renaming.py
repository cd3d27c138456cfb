"""The names that the template asks for, beside those that the files of a series have; for administrators."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import resolve, reverse
from django.utils.translation import ngettext

from aniworld.accounts.authentication import user_of
from aniworld.configuration import store
from aniworld.pages import feedback
from aniworld.pages.access import action, members
from aniworld.pages.series import find
from aniworld.refusals import Refused
from downloads import renames
from library.models import EpisodeFile

# Compared word by word: letters that happen to be the same say nothing.
_WORDS = re.compile(r"\w+|\W")


@dataclass(frozen=True)
class Piece:
    """Some of a path, and whether the other path has it too."""

    text: str
    is_same: bool


@dataclass(frozen=True)
class Shown:
    """A file as it is called, as it would be, and why it can't."""

    old: list[Piece]
    new: list[Piece]
    problem: str


def compared(old: str, new: str) -> tuple[list[Piece], list[Piece]]:
    """Both paths in pieces, with what differs told apart."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    blocks = list(_same(before, after))
    return (
        list(_pieces(before, [(block[0], block[2]) for block in blocks])),
        list(_pieces(after, [(block[1], block[2]) for block in blocks])),
    )


def _same(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Where each block begins in both, and how long it is. The folders in front are the same for most files."""
    start = _alike(before, after)
    end = _alike(before[start:][::-1], after[start:][::-1])
    yield 0, 0, start
    between = (before[start : len(before) - end], after[start : len(after) - end])
    for block in difflib.SequenceMatcher(None, *between, autojunk=False).get_matching_blocks():
        yield start + block.a, start + block.b, block.size
    yield len(before) - end, len(after) - end, end


def _alike(before: Sequence[str], after: Sequence[str]) -> int:
    """How many words both begin with."""
    pairs = enumerate(zip(before, after, strict=False))
    return next((place for place, (one, other) in pairs if one != other), min(len(before), len(after)))


def _pieces(words: Sequence[str], same: Sequence[tuple[int, int]]) -> Iterator[Piece]:
    place = 0
    for start, size in same:
        if start > place:
            yield Piece("".join(words[place:start]), is_same=False)
        if size:
            yield Piece("".join(words[start : start + size]), is_same=True)
        place = start + size


def _back(request: HttpRequest) -> str:
    return reverse("series-rename", args=[str(resolve(request.path_info).kwargs["key"])])


def _shown(move: Mapping[str, Any]) -> Shown:
    old, new = compared(move["old"], move["new"])
    return Shown(old, new, move["problem"] or "")


@members
def page(request: HttpRequest, key: str) -> HttpResponse:
    """What would be renamed; with the form sent, it is."""
    if not request.user.is_staff:
        raise PermissionDenied
    if request.method == "POST":
        return _rename(request, key)
    series = find(key)
    context: dict[str, Any] = {"series": series, "template": store.current().library.file_template}
    try:
        moves = [_shown(move) for move in renames.rename(series, apply=False)["moves"]]
    except Refused as refusal:
        return render(request, "pages/rename.html", {**context, "refusal": str(refusal), "moves": []})
    context |= {
        "moves": moves,
        "free_count": sum(not move.problem for move in moves),
        "file_count": EpisodeFile.objects.filter(episode__series=series).count(),
    }
    return render(request, "pages/rename.html", context)


@action(_back)
def _rename(request: HttpRequest, key: str) -> HttpResponse:
    done = renames.rename(find(key), apply=True, by=user_of(request))
    count, failed = len(done["moves"]), done["failed"]
    message = ngettext("%d file was renamed.", "%d files were renamed.", count) % count
    if not failed:
        there = reverse("series", args=[key])
        return feedback.done(request, message, there, ("episodes",), undo_id=done["undo_id"] or "")
    left = ngettext("%d could not be:", "%d could not be:", len(failed)) % len(failed)
    told = f"{message} {left} {failed[0]['old']}: {failed[0]['problem']}"
    return feedback.done(request, told, _back(request), ("episodes",), "warning", done["undo_id"] or "")
