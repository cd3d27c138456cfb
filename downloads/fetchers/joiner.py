"""Has segments joined by a process of its own (`downloads.media.joining_child`), which is told of each as it comes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aniworld.environment import ROOT
from downloads.media.remux import Aim, IndexTooLarge
from providers.exceptions import WrongContent

_CHILD = "downloads.media.joining_child"
_KEPT = ("PATH", "LANG", "LD_LIBRARY_PATH", "PYTHONPATH")

Groups = Sequence[Iterator[Path]]


class JoinerDied(Exception):
    """The process that joined came to its end before the file did: killed, or crashed by what it read."""


class Joiner:
    """The process, started at once: it needs a tenth of a second, in which the playlists are asked for. A context."""

    def __init__(self) -> None:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self._child = subprocess.Popen(
            [sys.executable, "-m", _CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
            # What is secret in the environment is not for it.
            env={**kept, "PYTHONUTF8": "1"},
        )

    def end(self) -> None:
        """Ends it at once, whatever it does. May be called at any time and from any thread."""
        self._child.kill()

    def to_mp4(self, aim: Aim, renditions: Sequence[Groups], alive: Callable[[], None]) -> None:
        """As `remux.to_mp4`, once, with the paths of each group as they come.

        Raises what that does, `JoinerDied`, and what the paths and `alive` raise.
        """
        ended = self._served(aim, renditions, alive)
        if ended["ended"] == "index":
            raise IndexTooLarge
        if ended["ended"] == "wrong":
            raise WrongContent(ended["message"])
        if ended["ended"] == "system":
            raise OSError(ended["errno"], os.strerror(ended["errno"]))

    def _served(self, aim: Aim, renditions: Sequence[Groups], alive: Callable[[], None]) -> dict[str, Any]:
        """Answers its questions until it says how it ended."""
        target, groups = str(aim.target), [len(groups) for groups in renditions]
        self._tell({"aim": {**asdict(aim), "target": target}, "groups": groups})
        for line in self._child.stdout or ():
            message: dict[str, Any] = json.loads(line)
            if "ended" in message:
                return message
            if "next" in message:
                rendition, group = message["next"]
                path = next(renditions[rendition][group], None)
                self._tell({"path": None if path is None else str(path)})
            else:
                alive()
        raise JoinerDied("The process that joins the segments ended before its work did.")

    def _tell(self, message: dict[str, Any]) -> None:
        # One that is gone is noticed by the end of what it says.
        with suppress(BrokenPipeError):
            print(json.dumps(message), file=self._child.stdin, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        with suppress(BrokenPipeError):
            self._child.__exit__(kind, error, trace)
