"""Makes a backup of the database while everything runs."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils.translation import gettext as _

from aniworld.backups import making, shelf
from aniworld.backups.shelf import Backup
from aniworld.management.command import OneLineErrors, WrongUse
from aniworld.refusals import NotThere


class Command(OneLineErrors):
    help = "Makes a backup of the database in DATA_DIR/backups, whether or not the program runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--verify", action="store_true", help="restores it for a trial, and checks that everything is there"
        )
        parser.add_argument("--file", help="verifies this one (a name from --list, or a path) instead of making one")
        parser.add_argument("--list", action="store_true", help="shows those there are")
        parser.add_argument("--reason", default="command", help="kept with it")
        parser.add_argument("--json", action="store_true", help="for scripts")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list"]:
            self._tell([*shelf.listed()], as_json=options["json"])
        elif options["file"]:
            if not options["verify"]:
                raise WrongUse(_("--file goes with --verify. To put a backup back, use restore."))
            self._tell(making.prove(found(options["file"])), as_json=options["json"])
        else:
            self._tell(making.make(reason=options["reason"], verify=options["verify"]), as_json=options["json"])

    def _tell(self, told: Backup | list[Backup], *, as_json: bool) -> None:
        if as_json:
            shown = [_facts(one) for one in told] if isinstance(told, list) else _facts(told)
            self.stdout.write(json.dumps(shown, cls=DjangoJSONEncoder))
            return
        for backup in told if isinstance(told, list) else [told]:
            state = _("verified") if backup.is_verified else backup.problem or _("not verified")
            self.stdout.write(f"{backup.path}  {backup.size / 1e6:.1f} MB  {state}")


def found(name: str) -> Backup:
    """A backup by its name in the folder of backups, or by its path. Raises `NotThere`."""
    if "/" in name or Path(name).is_file():
        return shelf.of_file(Path(name))
    try:
        return shelf.named(name)
    except NotThere as error:
        hint = _("backup --list shows those there are.")
        raise NotThere(f"{error} {hint}") from None


def _facts(backup: Backup) -> dict[str, Any]:
    return {**asdict(backup), "path": str(backup.path), "name": backup.name, "verified": backup.is_verified}
