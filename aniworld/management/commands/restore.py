"""Puts a backup in place of the database."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from aniworld.backups import making
from aniworld.management.command import OneLineErrors, WrongUse
from aniworld.management.commands.backup import found


class Command(OneLineErrors):
    help = "Puts a backup in place of the database, which is kept beside. Stop the program first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="a name from `backup --list`, or a path")
        parser.add_argument("--yes", action="store_true", help="does not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        backup = found(options["file"])
        if not options["yes"]:
            self._ask(backup.name)
        kept = making.restore(backup.path)
        self.stdout.write(_("Restored from %s. Everybody has to sign in again.") % backup.name)
        if kept:
            self.stdout.write(_("The former database is kept as %s.") % kept)

    def _ask(self, name: str) -> None:
        if not sys.stdin.isatty():
            raise WrongUse(_("Nobody can be asked here: say --yes to put %s in place of the database.") % name)
        self.stdout.write(
            _("Put %s in place of the database? What was changed since is not in it. [y/N] ") % name, ending=""
        )
        self.stdout.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise CommandError(_("Nothing was changed."))
