"""Who changed what in the administration, and how: one row for each change, with the old and the new values.

audit.record(by="anna", via="admin", action="changed", subject="provider VOE", changes={"timeout": (10, 20)})
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.apps import apps as installed

# Stands in for a value that must not be seen, old and new alike.
MASK = "•••"
_LONGEST_TEXT = 500
_LONGEST_SUBJECT = 300

Pairs = Mapping[str, tuple[Any, Any]]


def record(by: str, via: str, action: str, subject: str, changes: Pairs | None = None) -> None:
    """Writes down that `by` (a user's name, "" for the program itself) did `action` to `subject`.

    `via` is one of admin, api, page, command. `changes` maps a name to its old and new value; secrets have to be
    masked before (`masked`). A change that is rolled back takes its row with it: call this in the same transaction.
    """
    pairs = {name: [_plain(old), _plain(new)] for name, (old, new) in (changes or {}).items()}
    installed.get_model("audit", "Change").objects.create(
        by=by[:150], via=via, action=action[:100], subject=subject[:_LONGEST_SUBJECT], changes=pairs
    )


@contextmanager
def compared(
    look: Callable[[], Mapping[str, Any]], by: str, via: str, action: str, subject: str, secrets: tuple[str, ...] = ()
) -> Iterator[None]:
    """Writes down how what `look` answers differs after the block from before: nothing, if it does not.

    Names that end with one of `secrets` are masked. The other arguments are those of `record`.
    """
    before = look()
    yield
    after = look()
    names = dict.fromkeys([*before, *after])
    changes = {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}
    if changes:
        hidden = {name for name in changes if secrets and name.endswith(secrets)}
        record(by, via, action, subject, masked(changes, hidden))


def masked(changes: Pairs, secrets: Iterable[str]) -> dict[str, tuple[Any, Any]]:
    """The changes with the values of `secrets` hidden: it is seen that there was one, and that it changed."""
    hidden = set(secrets)
    return {
        name: (MASK if old else old, MASK if new else new) if name in hidden else (old, new)
        for name, (old, new) in changes.items()
    }


def _plain(value: Any) -> Any:
    """What JSON can hold; anything else as its text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    text = str(value)
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"
