"""Whether a folder that somebody chooses can be the library."""

from __future__ import annotations

import tempfile
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from aniworld.refusals import Invalid


def checked_folder(text: str, *, make: bool = True) -> Path:
    """The folder `text` names, tried by writing a file into it. When only its last part is missing, it is made.

    Without `make` it stays missing, and the folder above it is tried. Raises `Invalid` with the reason.
    """
    text = text.strip()
    try:
        folder = Path(text).expanduser()
    except RuntimeError:  # the home of nobody
        folder = Path(text)
    if not folder.is_absolute() or "\x00" in text:
        raise _refusal(_("The library folder must be an absolute path, such as /srv/series."))
    try:
        _demand_place(folder, text)
        if make:
            folder.mkdir(exist_ok=True)
        with tempfile.TemporaryFile(dir=folder if folder.is_dir() else folder.parent):
            return folder.resolve()
    except (OSError, ValueError) as error:
        # Also the name that is too long, and the one that no file system can spell.
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise _refusal(
            _("The library folder “%(folder)s” can't be written: %(reason)s.") % {"folder": text, "reason": reason}
        ) from None


def _demand_place(folder: Path, text: str) -> None:
    if folder.exists() and not folder.is_dir():
        raise _refusal(_("“%s” is a file; the library needs a folder.") % text)
    if not folder.parent.is_dir():
        raise _refusal(_("There is no folder “%s”; create it first, or mount its disk.") % folder.parent)
    whole = folder.resolve()
    own = (settings.WORK_DIR, settings.BACKUP_DIR, settings.LOG_DIR, settings.RUN_DIR, settings.DEMO_DIR)
    for taken in (Path(place).resolve() for place in own):
        if whole.is_relative_to(taken) or taken.is_relative_to(whole):
            raise _refusal(
                _("“%(folder)s” is no place for the library: the program itself uses %(taken)s.")
                % {"folder": text, "taken": taken}
            )


def _refusal(sentence: str) -> Invalid:
    return Invalid(sentence, "library_unavailable")
