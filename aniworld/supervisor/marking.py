"""Gives an `up` its name and what its processes are to load, in the environment that the process table shows of it.

Its forks have the environment that it was started with, whatever it sets later: so it starts itself once more, before
anything is loaded.
"""

from __future__ import annotations

import os
import secrets
import socket
import sys

from aniworld import environment

INSTANCE = "ANIWORLD_INSTANCE"
DATA = "ANIWORLD_DATA_DIR"
WORKERS = "ANIWORLD_WORKERS"
PAGES = "ANIWORLD_PAGES"
# Whose mark it is: an `up` started from within another one finds that one's in its environment.
_MARKED = "ANIWORLD_UP"


def mark(arguments: list[str]) -> None:
    """Starts this process anew with its marks, unless it has them; its id stays."""
    if is_marked():
        return
    folder = environment.folder("DATA_DIR", environment.ROOT / "data")
    values = {
        _MARKED: str(os.getpid()),
        INSTANCE: new_name(),
        DATA: str(folder),
        # Workers alone need 20 MB less without admin and API. See aniworld/settings.py.
        PAGES: "off" if "--workers-only" in arguments else "on",
        WORKERS: "" if "--web-only" in arguments else "on",
    }
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **values})  # noqa: S606 - this very program


def is_marked() -> bool:
    """Whether this very process was started with marks of its own."""
    return os.environ.get(_MARKED) == str(os.getpid())


def new_name() -> str:
    """A name for a new `up`: the host and a random part, at most 64 characters."""
    return f"{socket.gethostname()[:50]}-{secrets.token_hex(4)}"
