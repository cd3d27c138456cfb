"""Reads the environment once, strictly: a wrong value stops the start with one line that says what is allowed."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from aniworld import environment_file

T = TypeVar("T")

ROOT = Path(__file__).resolve().parent.parent
# What the file beside manage.py sets, and every name that was asked for: the difference is misspelt.
FROM_FILE = environment_file.read(ROOT / ".env")
environment_file.apply(FROM_FILE)
_asked: set[str] = set()


class WrongValue(SystemExit):
    """An environment variable holds what the product cannot start with. Its text is the whole message."""

    def __init__(self, name: str, value: str, allowed: str) -> None:
        # Up to the last @: a password may hold any character.
        shown = re.sub(r"//\S*@", "//***@", value)
        super().__init__(f"{name}={shown!r} is not usable: {allowed}")


def raw(name: str) -> str | None:
    """The variable's text, or what the file named by `NAME_FILE` holds; None when neither is set or it is empty."""
    _asked.add(name)
    path = os.environ.get(f"{name}_FILE")
    if path:
        try:
            return Path(path).read_text(encoding="utf-8").strip() or None
        except (OSError, UnicodeDecodeError) as error:
            raise WrongValue(f"{name}_FILE", path, f"it must name a readable text file ({error})") from None
    return os.environ.get(name, "").strip() or None


def unknown() -> list[str]:
    """Names that the file sets and nothing has asked for; to be called when all settings were read."""
    return sorted(name for name in FROM_FILE if name not in _asked and name.removesuffix("_FILE") not in _asked)


def read(name: str, default: T, convert: Callable[[str], T], allowed: str) -> T:
    """`convert` of the variable's text, or `default`; a ValueError in `convert` becomes `WrongValue`."""
    value = raw(name)
    if value is None:
        return default
    try:
        return convert(value)
    except (ValueError, ArithmeticError):
        raise WrongValue(name, value, allowed) from None


def text(name: str, default: str) -> str:
    """A plain text value."""
    return read(name, default, str, "any text")


def boolean(name: str, default: bool) -> bool:
    """on/off in the usual spellings."""
    words = {"1": True, "on": True, "true": True, "yes": True, "0": False, "off": False, "false": False, "no": False}

    def convert(value: str) -> bool:
        if value.lower() not in words:
            raise ValueError(value)
        return words[value.lower()]

    return read(name, default, convert, "allowed are on, true, yes, 1 and off, false, no, 0")


def integer(name: str, default: int, least: int, most: int) -> int:
    """A whole number within bounds, both included."""

    def convert(value: str) -> int:
        number = int(value)
        if not least <= number <= most:
            raise ValueError(value)
        return number

    return read(name, default, convert, f"allowed is a whole number from {least} to {most}")


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """One of a few words, compared without regard to case; answers it as `allowed` spells it."""
    spelled = {word.lower(): word for word in allowed}

    def convert(value: str) -> str:
        if value.lower() not in spelled:
            raise ValueError(value)
        return spelled[value.lower()]

    return read(name, default, convert, f"allowed are {', '.join(allowed)}")


def words(name: str, default: list[str]) -> list[str]:
    """A list separated by commas or spaces."""
    return listed(name, default, str, "a list separated by commas")


def listed(name: str, default: list[T], convert: Callable[[str], T], allowed: str) -> list[T]:
    """A list separated by commas or spaces, each word through `convert`."""
    return read(name, default, lambda value: [convert(word) for word in value.replace(",", " ").split()], allowed)


def folder(name: str, default: Path) -> Path:
    """An absolute folder path; a relative one counts from the project's folder."""
    return read(name, default, lambda value: (ROOT / Path(value).expanduser()).resolve(), "allowed is a path")
