"""Where the library folder is, and whether it can be used now. One that vanished is never silently made anew."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from aniworld.configuration import store
from aniworld.refusals import NotReady
from library.models import EpisodeFile


class LibraryUnavailable(NotReady):
    """The library folder is unset, gone or not writable. The text says what would help."""

    code = "library_unavailable"


def configured_root() -> Path:
    """The library folder as configured, whether or not it is there."""
    return Path(store.current().library.directory or settings.LIBRARY_DIR)


def library_root() -> Path:
    """The library folder, there and writable. Raises `LibraryUnavailable`.

    The folder of the environment is made once, when it was never seen before and its parent is there.
    """
    root = configured_root()
    if not root.is_absolute():
        raise LibraryUnavailable(
            _("The library folder “%s” must be an absolute path; correct it in the settings.") % root
        )
    seen = _seen()
    if not _is_folder(root):
        _make_first(root, seen, is_default=not store.current().library.directory)
    _demand_usable(root, was_mount=seen.get(str(root), False))
    if str(root) not in seen or (not seen[str(root)] and root.is_mount()):
        _remember(root)
    return root


def filled_root() -> Path:
    """The library folder, where nothing shall be believed gone or put anew if its disk is only not there.

    A disk that is not mounted leaves an empty folder behind, also where it was no mount point of its own.
    Raises `LibraryUnavailable`.
    """
    root = library_root()
    if not os.listdir(root) and EpisodeFile.objects.exists():  # noqa: PTH208 - names are enough
        text = _("The library folder “%s” is empty, but files are known in it. Mount its disk, or put any file there.")
        raise LibraryUnavailable(text % root)
    return root


def _is_folder(root: Path) -> bool:
    try:
        return root.is_dir()
    except OSError:  # a dead network mount, a name that is too long
        return False


def _make_first(root: Path, seen: dict[str, bool], *, is_default: bool) -> None:
    if str(root) in seen or not is_default or not _is_folder(root.parent):
        raise LibraryUnavailable(
            _("The library folder “%s” is not there. Mount its disk, create it, or choose another one in the settings.")
            % root
        )
    try:
        root.mkdir(exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise LibraryUnavailable(
            _("The library folder “%(folder)s” can't be created: %(reason)s.") % {"folder": root, "reason": reason}
        ) from None


def _demand_usable(root: Path, *, was_mount: bool) -> None:
    try:
        writable = os.access(root, os.W_OK | os.X_OK | os.R_OK)
        # An unmounted disk leaves its empty mount point behind, and downloads would fill the disk below it.
        unmounted = was_mount and not root.is_mount() and not any(root.iterdir())
    except OSError:
        writable, unmounted = False, False
    if not writable:
        raise LibraryUnavailable(
            _("The library folder “%s” can't be written. Give this program the right to, or check the disk.") % root
        )
    if unmounted:
        text = _("The disk of the library folder “%s” is not mounted. Mount it, or put a file there to do without.")
        raise LibraryUnavailable(text % root)


def _memory() -> Path:
    return Path(settings.DATA_DIR) / "library_folders.json"


def _seen() -> dict[str, bool]:
    """Folders that were a usable library once, and whether each was a mount point."""
    try:
        content = json.loads(_memory().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(path): bool(mount) for path, mount in content.items()} if isinstance(content, dict) else {}


def _remember(root: Path) -> None:
    """Written whole or not at all; when two processes write at once, the loser's entry comes with its next look."""
    temporary = _memory().with_name(f".library_folders.{secrets.token_hex(4)}")
    content = json.dumps({**_seen(), str(root): root.is_mount()})
    with suppress(OSError):
        temporary.write_text(content, encoding="utf-8")
        temporary.replace(_memory())
