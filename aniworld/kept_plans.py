"""Plans that PostgreSQL keeps as long as a connection lives, of statements that are asked again and again.

To plan a claim takes it longer than the claim. Under a pooler the session must be the connection's own
(docs/scaling.md), as for everything else that a session holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from django.db import DatabaseError, connection
from django.db.backends.utils import CursorWrapper

# Never used twice, so that a plan which was let go of stands in nobody's way.
_numbers = count(1)
# PostgreSQL's codes: a column got another type since; somebody took the plans away.
_PLAN_IS_LOST = ("0A000", "26000")


def ask(cursor: CursorWrapper, *asked: tuple[str, Sequence[Any]]) -> None:
    """Has PostgreSQL work at statements with their parameters, sent in one message: an answer is waited for longer."""
    known = _known()
    calls = [known.get(statement) or _plan(cursor, statement) for statement, _parameters in asked]
    try:
        cursor.execute("; ".join(calls), [parameter for _statement, parameters in asked for parameter in parameters])
    except DatabaseError as error:
        # Whoever tries again plans anew.
        if getattr(error.__cause__, "sqlstate", None) in _PLAN_IS_LOST:
            known.clear()
        raise


def _known() -> dict[str, str]:
    """Of the connection at hand: how each statement that has a plan is called."""
    if not hasattr(connection.connection, "plans"):
        connection.connection.plans = {}
    known: dict[str, str] = connection.connection.plans
    return known


def _plan(cursor: CursorWrapper, statement: str) -> str:
    parts, name = statement.split("%s"), f"aniworld_{next(_numbers)}"
    numbered = "".join(f"{part}${number}" for number, part in enumerate(parts[:-1], 1)) + parts[-1]
    cursor.execute(f"PREPARE {name} AS {numbered}")
    parameters = ", ".join(["%s"] * (len(parts) - 1))
    call = f"EXECUTE {name}({parameters})" if parameters else f"EXECUTE {name}"
    _known()[statement] = call
    return call
