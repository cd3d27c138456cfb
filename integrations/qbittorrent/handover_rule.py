"""The rule that the folder for what is handed over has to obey: imported once the app is ready."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from aniworld.configuration.rules import Rule, add
from aniworld.configuration.sections import Integrations
from aniworld.refusals import Invalid
from library.root import configured_root


def _folder(integrations: Integrations) -> None:
    if not integrations.qbittorrent_folder:
        return
    folder = Path(integrations.qbittorrent_folder)
    if not folder.is_absolute():
        raise Invalid(_("Write the whole path of the folder, such as /srv/handover."))
    try:
        is_there = folder.is_dir() or folder.parent.is_dir()
        whole, library = folder.resolve(), configured_root().resolve()
    except (OSError, ValueError, RuntimeError):
        is_there, whole, library = False, folder, folder
    if not is_there:
        raise Invalid(_("There is no folder “%s”; create it first, or mount its disk.") % folder.parent)
    inside = whole.relative_to(library).parts if whole.is_relative_to(library) else None
    if inside is not None and not any(part.startswith(".") for part in inside):
        # A scan would take what is handed over for series.
        raise Invalid(_("A folder inside the library has to be a hidden one, such as %s.") % (library / ".handover"))
    if library.is_relative_to(whole):
        # A category of the other side's choice would lead into it.
        raise Invalid(_("The library lies in %s; choose a folder beside it, or a hidden one in it.") % whole)
    own = (settings.WORK_DIR, settings.BACKUP_DIR, settings.LOG_DIR, settings.RUN_DIR, settings.DEMO_DIR)
    for taken in (Path(place).resolve() for place in own):
        if whole.is_relative_to(taken) or taken.is_relative_to(whole):
            raise Invalid(_("The program itself uses %s.") % taken)


add(Rule("integrations", ("qbittorrent_folder",), _folder))
