"""What every fetcher is given, and what it answers with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from downloads.control import Control
from downloads.pace import Pace, Unlimited
from providers.contracts import Stream
from providers.http import Client


@dataclass(frozen=True, slots=True)
class Job:
    """One stream to be fetched into one folder, which may hold what an earlier try at the same source left.

    `quality` is best or a height such as 720p, `audio` the ISO 639-2 code of the language that should be heard;
    `work_root` is where free space counts. `clients` answers each time with the one that is in force.
    """

    stream: Stream
    clients: Callable[[], Client]
    folder: Path
    control: Control
    connections: int
    quality: str
    work_root: Path
    pace: Pace = field(default_factory=Unlimited)
    audio: str = ""

    @property
    def client(self) -> Client:
        """For the next connection: what the operator changed at the host counts from then on."""
        return self.clients()


@dataclass(frozen=True, slots=True)
class Fetched:
    """The whole file, and how long it should play according to where it came from (seconds)."""

    path: Path
    duration: float | None = None
