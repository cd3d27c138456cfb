"""The demo's clips for whatever tests, encoded once on a machine: each product of its own would take seconds for it."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from providers.demo import clips, encoding
from providers.demo.clips import Clips
from providers.demo.options import DEFAULT_CLIP_SECONDS


def clips_there(folder: Path, seconds: int = DEFAULT_CLIP_SECONDS) -> Clips:
    """The clips of that length in a demo site's folder. Nobody writes into them, so they may be the same files."""
    there = clips.clips_in(folder, seconds)
    if not there.folder.exists():
        kept = clips.clips_in(_kept(), seconds)
        clips.make(kept, seconds)
        there.folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(dir=there.folder.parent))
        shutil.copytree(kept.folder, unfinished, copy_function=_linked, dirs_exist_ok=True)
        unfinished.rename(there.folder)
    return there


def _kept() -> Path:
    """Another folder for another way of encoding, and for each user of the machine."""
    code = b"".join(Path(str(module.__file__)).read_bytes() for module in (clips, encoding))
    return Path(tempfile.gettempdir()) / f"aniworld-clips-{os.getuid()}-{hashlib.sha256(code).hexdigest()[:12]}"


def _linked(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        # Another file system.
        shutil.copyfile(source, target)
