"""Gives the files of a series the names that the template asks for: a plan first, then the moves, and back."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from django.db import transaction
from django.utils.translation import gettext as _

from aniworld.refusals import Conflict
from library import files, moving
from library.files import ArrivalFailed
from library.models import EpisodeFile, Series
from library.models.series import free_folder
from library.naming import checked_extension, episode_path
from library.year_in_folder import wanted_folder

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Move:
    """One file from `old` to `new`, both relative to the library. `problem` says why it can't go there.

    With `series_id` it is the folder of that series, with what is left in it when its files are moved.
    """

    file_id: int
    old: str
    new: str
    problem: str = ""
    series_id: int | None = None


@dataclass(frozen=True, slots=True)
class Renamed:
    """What was moved, and what could not be, with its reason."""

    moved: tuple[Move, ...]
    failed: tuple[Move, ...]


def plan(series: Series) -> list[Move]:
    """Each file of the series whose name or folder differs from the template's, and its folder if that lacks the year.

    Two files that would get the same name are told apart as on arrival; nothing on disk is looked at but what is known.
    Raises `Invalid` for a bad template.
    """
    rows = EpisodeFile.objects.filter(episode__series=series).select_related("episode").order_by("path")
    known = list(rows)
    taken = {file.path.casefold() for file in known}
    moves: list[Move] = []
    folder = wanted_folder(series)
    for file in known:
        new = _wanted(series, file, folder)
        if new == file.path:
            continue
        is_taken = new.casefold() in taken and new.casefold() != file.path.casefold()
        problem = _("Another file has that name.") if is_taken else ""
        taken.add(new.casefold())
        moves.append(Move(file.pk, file.path, new, problem))
    if folder != series.folder:
        moves.append(Move(0, series.folder, folder, series_id=series.pk))
    return moves


def apply(moves: Sequence[Move]) -> Renamed:
    """Moves files one after the other, each with its row; one that can't be moved keeps no other. Never overwrites.

    Raises `LibraryUnavailable`, and `Conflict` when there is nothing to do.
    """
    files.library_root()
    if not moves:
        raise Conflict(_("Every file has the name that the template asks for."), "nothing_to_rename")
    moved: list[Move] = []
    failed: list[Move] = []
    for move in moves:
        problem = move.problem or _moved(move, is_first=not moved)
        if problem:
            failed.append(Move(move.file_id, move.old, move.new, problem))
        else:
            moved.append(move)
    _tell(moved)
    return Renamed(tuple(moved), tuple(failed))


def reverted(moves: Iterable[Move]) -> list[Move]:
    """The moves that put everything back, last one first."""
    return [Move(move.file_id, move.new, move.old, series_id=move.series_id) for move in reversed(list(moves))]


def _wanted(series: Series, file: EpisodeFile, folder: str) -> str:
    extension = checked_extension(PurePosixPath(file.path).suffix or ".mp4")
    path = episode_path(series, file.episode, file.language, extension, last=file.last_number)
    return str(PurePosixPath(folder, *path.parts[1:]))


def _moved(move: Move, *, is_first: bool) -> str:
    """Why it could not be moved; empty when it was.

    The row follows the file: a crash between the two leaves a file that the next scan finds under its new name.
    The first one is told of with its row, so that a crash before the last one keeps nobody from knowing.
    """
    if move.series_id is not None:
        return _folder_moved(move, move.series_id)
    row = EpisodeFile.objects.filter(pk=move.file_id, path=move.old).first()
    if row is None:
        return _("It is not known under that name any more.")
    try:
        moving.move(PurePosixPath(move.old), PurePosixPath(move.new))
    except ArrivalFailed as error:
        log.warning("%s was not renamed: %s", move.old, error)
        return str(error)
    with transaction.atomic():
        row.moved(move.new)
        if is_first:
            _tell([move])
    return ""


def _tell(moves: Sequence[Move]) -> None:
    """Tells of the files that were moved, by series: where they were, and where they are."""
    ids = [move.file_id for move in moves if move.series_id is None]
    rows = EpisodeFile.objects.filter(pk__in=ids).select_related("episode__series")
    series = {row.pk: row.episode.series for row in rows}
    folders: defaultdict[Series, set[str]] = defaultdict(set)
    for move in moves:
        if of := series.get(move.file_id):
            folders[of] |= {PurePosixPath(move.old).parts[0], PurePosixPath(move.new).parts[0]}
    for one, touched in folders.items():
        one.tell_of_files("rename", *sorted(touched))


def _folder_moved(move: Move, series_id: int) -> str:
    """Likewise for the folder of a series. Its row goes first: what arrives meanwhile lies in the new one."""
    series = Series.objects.live().filter(pk=series_id, folder=move.old).first()
    if series is None:
        return _("It is not known under that name any more.")
    if free_folder(move.new, except_for=series) != move.new:
        return _("The folder “%s” belongs to another series.") % move.new
    series.follow_folder(move.new)
    try:
        moving.move_folder(move.old, move.new)
    except ArrivalFailed as error:
        log.warning("What is left in %s was not moved: %s", move.old, error)
    return ""
