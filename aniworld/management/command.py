"""The base of every command: what goes wrong is one line on standard error, and the exit code tells."""

from __future__ import annotations

import re
import sys
from typing import Any

import pydantic
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from aniworld.logs import one_line
from aniworld.refusals import Explained

# As SQLite and PostgreSQL say that there are no tables yet.
_NO_TABLES = re.compile(r"no such table|relation \".*\" does not exist")
FAILED = 1
WRONG_USE = 2


class WrongUse(CommandError):
    """Arguments that make no sense together: exit code 2, like a wrong option."""

    def __init__(self, message: str) -> None:
        super().__init__(message, returncode=WRONG_USE)


def explanation(error: Exception) -> str:
    """What went wrong, in one line."""
    if isinstance(error, pydantic.ValidationError):
        found = [(".".join(str(part) for part in one["loc"]), one["msg"]) for one in error.errors()]
        return one_line("; ".join(f"{where}: {what}" if where else what for where, what in found))
    if isinstance(error, ValidationError):
        return one_line("; ".join(error.messages))
    if isinstance(error, DatabaseError) and _NO_TABLES.search(str(error)):
        return (
            f"Nothing is set up in {settings.DATA_DIR} yet. Start the program there once (manage.py up), "
            "or name its folder in DATA_DIR."
        )
    if isinstance(error, OSError) and error.filename and error.strerror:
        return one_line(f"{error.filename}: {error.strerror}.")
    return one_line(str(error) or type(error).__name__)


class OneLineErrors(BaseCommand):
    """A command whose expected errors are one line: exit 1 for a failed operation, 2 for wrong use.

    `-v 3` lets the traceback through. Under `call_command` they are raised as `CommandError`.
    """

    # `up` and `doctor` tell of the installation; the output of the others stays what was asked for.
    requires_system_checks: list[str] = []

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Runs the command; see the class."""
        try:
            return super().execute(*args, **options)
        except KeyboardInterrupt:
            sys.exit(130)
        except (CommandError, Explained, ValidationError, pydantic.ValidationError, DatabaseError, OSError) as error:
            if int(options.get("verbosity") or 1) >= 3:
                raise
            self._fail(error)
        return None

    def _fail(self, error: Exception) -> None:
        code = error.returncode if isinstance(error, CommandError) else FAILED
        # Django sets this mark when the command was not started by `call_command`.
        if not getattr(self, "_called_from_command_line", False):
            raise error if isinstance(error, CommandError) else CommandError(explanation(error), returncode=code)
        self.stderr.write(explanation(error))
        sys.exit(code)
