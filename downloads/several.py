"""What is done to many series at once: each by itself, one that refuses keeps no other, and one undo takes all back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from aniworld.accounts.models import User
from aniworld.refusals import Refused
from downloads import queue, removal
from downloads.models import Undo
from library import catalog, changes
from library.models import Series
from library.root import library_root


@dataclass(slots=True)
class Several:
    """How many series or episodes were changed, why some were not, and what takes it back ("" where nothing can)."""

    count: int = 0
    refusals: list[str] = field(default_factory=list)
    undo_id: str = ""


def download_missing(series: Sequence[Series], by: User) -> Several:
    """Queues what is missing of each; counts episodes. Raises `LibraryUnavailable`."""
    done, added = Several(), list[int]()
    library_root()
    _each(done, series, lambda one: added.extend(queue.enqueue_missing(one, by=by).added))
    done.count = len(added)
    done.undo_id = Undo.remember("remove_again", added, by) if added else ""
    return done


def reload(series: Sequence[Series]) -> Several:
    """Has the catalogues asked for new episodes of each."""
    done = Several()
    _each(done, series, lambda one: catalog.reload(one, ("episodes",)))
    return done


def remove(series: Sequence[Series], by: User) -> Several:
    """Takes them out of the library; their files stay."""
    done, undone_by = Several(), list[str]()

    def remove_one(one: Series) -> None:
        with changes.recorded(one, by=by.username, via="page", action="removed"):
            undone_by.append(removal.remove_series(one, by=by))

    _each(done, series, remove_one)
    done.undo_id = Undo.remember("several", undone_by, by) if undone_by else ""
    return done


def _each(done: Several, series: Sequence[Series], work: Callable[[Series], object]) -> None:
    for one in series:
        try:
            work(one)
            done.count += 1
        except Refused as refusal:
            done.refusals.append(str(refusal))
