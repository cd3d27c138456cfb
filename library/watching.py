"""Notices changes in the library folder while they happen, and asks for a scan of the folders concerned.

One process of an installation watches: the `up` that leads, from its chores. The thread that waits for the system's
news only writes names into a set; the chore decides when the folder has been quiet for long enough.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path, PurePath

from django.utils.module_loading import import_string

from aniworld.configuration import store
from aniworld.refusals import NotReady, Refused
from library import scanning
from library.name_noise import EXTENSIONS
from library.root import library_root

log = logging.getLogger(__name__)
# It logs each change otherwise.
logging.getLogger("watchfiles").setLevel(logging.WARNING)

# Seconds without news before a scan is asked for, and how long it is put off while news keep coming.
QUIET = 3.0
LONGEST_WAIT = 60.0
# After the system could not watch the folder, in seconds.
_TRY_AGAIN = 600.0
# A folder's name may hold a dot as well: only these endings are surely nothing of a scan's.
_OTHERS = frozenset({"nfo", "jpg", "jpeg", "png", "webp", "txt", "srt", "ass", "ssa", "sub", "idx", "part", "tmp"})


class Watcher:
    """Watches one folder from `start` on until `stop`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.failed = ""
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._changed: set[str] = set()
        self._first_at = self._last_at = 0.0
        self._thread = threading.Thread(target=self._run, name="watch-library", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Ends, within a moment."""
        self._stop.set()

    def note(self, paths: Iterable[str]) -> None:
        """Something happened at these absolute paths."""
        folders = {folder for path in paths if (folder := self._folder(path))}
        if not folders:
            return
        with self._lock:
            now = time.monotonic()
            self._first_at = self._first_at if self._changed else now
            self._last_at = now
            self._changed |= folders

    def settled(self) -> list[str]:
        """The folders in which something changed, once that is over."""
        with self._lock:
            now = time.monotonic()
            is_due = now - self._last_at >= QUIET or now - self._first_at >= LONGEST_WAIT
            return sorted(self._changed) if self._changed and is_due else []

    def done(self, folders: Iterable[str]) -> None:
        """They are taken care of."""
        with self._lock:
            self._changed -= set(folders)

    def _folder(self, path: str) -> str:
        """The folder directly below the library that the change is in; empty when it is nothing to a scan."""
        try:
            parts = PurePath(path).relative_to(self.root).parts
        except ValueError:
            return ""
        if not parts or any(part.startswith(".") for part in parts):
            return ""
        ending = parts[-1].rpartition(".")[2].lower()
        if ending in _OTHERS or (len(parts) == 1 and ending in EXTENSIONS):
            return ""
        return parts[0] if parts[0].isprintable() else ""

    def _run(self) -> None:
        try:
            # Imported on first use: only who watches needs it. WATCHFILES_FORCE_POLLING makes it poll.
            watch: Callable[..., Iterable[set[tuple[object, str]]]] = import_string("watchfiles.watch")
            for changes in watch(self.root, stop_event=self._stop, watch_filter=None, raise_interrupt=False):
                self.note(path for _change, path in changes)
            self.failed = "" if self._stop.is_set() else "it ended"
        except Exception as error:  # the thread has nobody else to tell
            self.failed = str(error) or type(error).__name__


class _Watch:
    """What `look` remembers between two calls."""

    watcher: Watcher | None = None
    try_again_at = 0.0


_watch = _Watch()


def look() -> None:
    """Starts or ends the watching as configured, and asks for a scan of what changed and is quiet again.

    Meant to be called every second or so, by one thread.
    """
    root = _wanted_root()
    watcher = _watch.watcher
    if watcher and (watcher.failed or watcher.root != root):
        watcher.stop()
        _watch.watcher = None
        if watcher.failed:
            _watch.try_again_at = time.monotonic() + _TRY_AGAIN
            log.warning("The library folder can't be watched (%s); docs/scanning.md says what helps", watcher.failed)
    elif watcher:
        _ask_for_scan(watcher)
    elif root and time.monotonic() >= _watch.try_again_at:
        _watch.watcher = Watcher(root)
        _watch.watcher.start()
        log.info("Watching %s", root)


def rest() -> None:
    """Ends the watching: another machine does it."""
    if _watch.watcher:
        _watch.watcher.stop()
        _watch.watcher = None


def _wanted_root() -> Path | None:
    if not store.current().library.watch_folder:
        return None
    try:
        return library_root()
    except NotReady:
        return None


def _ask_for_scan(watcher: Watcher) -> None:
    folders = watcher.settled()
    if not folders:
        return
    try:
        scanning.start_folders(folders)
    except Refused as refusal:
        # Another scan runs, most likely: these folders wait for the next look.
        log.debug("Not scanned yet: %s", refusal)
        return
    watcher.done(folders)
