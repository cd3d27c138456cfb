"""`manage.py setup`: the first user and the library folder without the browser."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from aniworld import setup
from aniworld.management.command import OneLineErrors, WrongUse


class Command(OneLineErrors):
    help = "Makes the first user, who administers, and keeps the library folder."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username", default="admin")
        group = parser.add_mutually_exclusive_group(required=True)
        group.add_argument("--password", help="seen by others in the list of processes: rather use --password-file")
        group.add_argument("--password-file", help="a file that holds the password; - is standard input")
        parser.add_argument("--library", help="the library folder")
        parser.add_argument("--demo", choices=("on", "off"), help="whether the demo catalogue is on")

    def handle(self, *args: Any, **options: Any) -> None:
        password = options["password"] or _read(options["password_file"])
        if not password:
            raise WrongUse(_("The password is empty."))
        demo = None if options["demo"] is None else options["demo"] == "on"
        user = setup.first_run(options["username"], password, library_dir=options["library"], demo=demo)
        self.stdout.write(_("Set up. Sign in as %s.") % user.username)


def _read(path: str | None) -> str:
    if not path:
        return ""
    text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    return text.rstrip("\r\n")
