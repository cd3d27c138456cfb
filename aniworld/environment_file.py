"""The file `.env`: one `NAME=value` a line. What the environment itself says wins."""

from __future__ import annotations

import os
import re
from pathlib import Path

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
_QUOTES = ("'", '"')


class WrongLine(SystemExit):
    """A line of the file is not understood. What it holds is not repeated: it may be a secret."""

    def __init__(self, path: Path, number: int, reason: str) -> None:
        super().__init__(f"{path}, line {number}: {reason}")


def read(path: Path) -> dict[str, str]:
    """What the file sets; nothing when there is none. Spaces around `=` do not matter, nor does `export` before it.

    Raises `WrongLine`.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SystemExit(f"{path} can't be read: {error}") from None
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        match = _LINE.fullmatch(text)
        if match is None:
            raise WrongLine(path, number, "write it as NAME=value")
        found[match[1]] = _unquoted(match[2], path, number)
    return found


def _unquoted(text: str, path: Path, number: int) -> str:
    if text[:1] not in _QUOTES:
        return text
    if len(text) < 2 or text[-1] != text[0]:
        raise WrongLine(path, number, "the quote at the beginning of the value is not closed at its end")
    return text[1:-1]


def apply(values: dict[str, str]) -> None:
    """Puts them into the environment of this process and its children, where that does not say otherwise."""
    for name, value in values.items():
        os.environ.setdefault(name, value)
