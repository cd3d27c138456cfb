"""Log lines that carry the item and the provider they speak of, as text or JSON, one event a line."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import WatchedFileHandler

from aniworld.logs.text import hide, one_line, without_secrets

__all__ = ["about", "hide", "one_line", "without_secrets"]

_context: ContextVar[dict[str, str] | None] = ContextVar("log_context", default=None)


@contextmanager
def about(**fields: object) -> Iterator[None]:
    """Every line logged inside carries these fields, for example `about(item=42, provider="voe")`."""
    merged = {**(_context.get() or {}), **{name: str(value) for name, value in fields.items()}}
    token = _context.set(merged)
    try:
        yield
    finally:
        _context.reset(token)


class PrivateFile(WatchedFileHandler):
    """A log file that only its owner reads: it names series, people and addresses."""

    def _open(self) -> TextIOWrapper:
        # Not by the umask of the process, which is for the library.
        with suppress(OSError):
            os.close(os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        return super()._open()


class ContextFilter(logging.Filter):
    """Puts the fields of `about` on each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Never drops a record."""
        record.fields = dict(_context.get() or {})
        return True


class Seldom(logging.Filter):
    """Lets one record through in so many `seconds`: for what strangers can cause as often as they like."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self._next_at = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is time again; it is told without its traceback then."""
        now = time.monotonic()
        if now < self._next_at:
            return False
        self._next_at = now + self._seconds
        # Strangers cause it, not a line of this program.
        record.exc_info = None
        return True


class LineFormatter(logging.Formatter):
    """`2026-11-20T10:05:00Z INFO downloads.engine item=42 provider=voe message`, or the same as a JSON object."""

    def __init__(self, as_json: bool = False) -> None:
        super().__init__()
        self.as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        """One line, with a traceback folded into it."""
        message = record.getMessage()
        if record.exc_info:
            message = f"{message}\n{self.formatException(record.exc_info)}"
        # Secrets first: a line break inside of one must not hide its rest.
        message = one_line(without_secrets(message))
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        told = getattr(record, "fields", {}).items()
        fields: dict[str, str] = {name: one_line(without_secrets(value)) for name, value in told}
        if self.as_json:
            line = {"time": when, "level": record.levelname, "logger": record.name, **fields, "message": message}
            return json.dumps(line, ensure_ascii=False)
        about_whom = "".join(f" {name}={_quoted(value)}" for name, value in fields.items())
        return f"{when} {record.levelname} {record.name}{about_whom} {message}"


def _quoted(value: str) -> str:
    """As it is, or in quotes where it would read like more than one field."""
    return value if value and not any(sign in value for sign in ' "=') else json.dumps(value, ensure_ascii=False)
