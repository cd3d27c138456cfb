"""Renames the files of a series by the template, in a way that can be taken back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from aniworld.accounts.models import User
from downloads.models import Undo
from library import renaming
from library.models import Series
from library.renaming import Move


def rename(series: Series, *, apply: bool, by: User | None = None) -> dict[str, Any]:
    """The moves that the template asks for; with `apply` carried out, with the id that takes them back.

    Raises `Invalid`, `LibraryUnavailable`, and `Conflict` when there is nothing to apply.
    """
    moves = renaming.plan(series)
    if not apply:
        return _told(moves, [], applied=False, undo_id=None)
    done = renaming.apply(moves)
    undo_id = Undo.remember("rename", [asdict(move) for move in done.moved], by) if done.moved else None
    return _told(done.moved, done.failed, applied=True, undo_id=undo_id)


def take_back(state: list[dict[str, Any]]) -> int:
    """Moves the files back that are still where the renaming put them; answers how many."""
    return len(renaming.apply(renaming.reverted(Move(**entry) for entry in state)).moved)


def _told(moves: Any, failed: Any, *, applied: bool, undo_id: str | None) -> dict[str, Any]:
    return {
        "applied": applied,
        "undo_id": undo_id,
        "moves": [{"old": move.old, "new": move.new, "problem": move.problem or None} for move in moves],
        "failed": [{"old": move.old, "new": move.new, "problem": move.problem} for move in failed],
    }
