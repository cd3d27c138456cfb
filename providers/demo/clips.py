"""The demo's clips: MP4 files and HLS segments with a moving picture and a tone, made on this machine, once."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import threading
import uuid
from dataclasses import dataclass
from pathlib import Path

from aniworld.environment import ROOT
from aniworld.supervisor.tie import PARENT

log = logging.getLogger(__name__)

AUDIO_LANGUAGES = ("deu", "jpn", "eng")
VARIANTS = 2
QUALITIES = {"360p": (640, 360, 1_300_000), "180p": (320, 180, 300_000)}
SEGMENT_SECONDS = 4
# Instead of an audio language: only the picture is in it. Instead of a quality: only the sound.
SILENT, SOUND = "silent", "sound"


@dataclass(frozen=True, slots=True)
class Clips:
    """The folder of clips of one length, in seconds."""

    folder: Path

    def file(self, variant: int, audio: str) -> Path:
        """The MP4 of a variant with an audio language."""
        return self.folder / f"{variant}-{audio}.mp4"

    def playlist(self, variant: int, audio: str, quality: str) -> Path:
        """The media playlist of a variant; its segments lie beside it, named `<stem>-<n>.ts`.

        With `SILENT` as audio, or `SOUND` as quality, the one without the other.
        """
        return self.folder / f"{variant}-{audio}-{quality}.m3u8"

    def segment(self, variant: int, audio: str, quality: str, number: int) -> Path:
        """One MPEG-TS segment."""
        return self.folder / f"{variant}-{audio}-{quality}-{number}.ts"


def clips_in(folder: Path, seconds: int) -> Clips:
    """Where the clips of that length are kept; another number for another kind of content."""
    return Clips(folder / f"clips-2-{seconds}s")


class NotEncoded(Exception):
    """The encoder gave up; the text is the last it said."""


class ClipMaker:
    """Makes the clips in a thread; whoever needs them waits."""

    def __init__(self, folder: Path, seconds: int = 24) -> None:
        self.seconds = seconds
        self.clips = clips_in(folder, seconds)
        self.error: str = ""
        self._ready = threading.Event()

    def start(self) -> None:
        """Begins; returns at once."""
        threading.Thread(target=self._run, name="demo-clips", daemon=True).start()

    def wait(self, timeout: float) -> Clips | None:
        """The clips once they are there; None when that takes too long or failed (`error` says why)."""
        return self.clips if self._ready.wait(timeout) and not self.error else None

    def _run(self) -> None:
        try:
            make(self.clips, self.seconds)
        except Exception as error:
            log.exception("The demo's clips could not be made.")
            self.error = f"{type(error).__name__}: {error}"
        self._ready.set()


def make(clips: Clips, seconds: int) -> None:
    """Makes all clips unless they are there. Several processes may do so at once: the first to finish wins.

    Raises OSError when the folder cannot be written, and `NotEncoded` when the encoder gives up.
    """
    if clips.folder.is_dir():
        return
    clips.folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = clips.folder.with_name(f".{clips.folder.name}.{uuid.uuid4().hex}")
    unfinished.mkdir()
    try:
        _encode(unfinished, seconds)
        os.rename(unfinished, clips.folder)  # noqa: PTH104 - the atomic call itself is meant
    except OSError:
        if not clips.folder.is_dir():
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _encode(folder: Path, seconds: int) -> None:
    """In a process of its own: FFmpeg would keep some 40 MB of this one for as long as it lives."""
    ended = subprocess.run(
        [sys.executable, "-m", "providers.demo.encoding", str(folder.resolve()), str(seconds)],
        env={**os.environ, PARENT: str(os.getpid())},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise NotEncoded((ended.stderr.strip() or f"ended with {ended.returncode}").splitlines()[-1])
