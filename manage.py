#!/usr/bin/env python
"""Entry point of every command: `python manage.py NAME`."""

from __future__ import annotations

import os
import sys
from difflib import get_close_matches
from pathlib import Path

from django.core.management import ManagementUtility, find_commands, get_commands, load_command_class
from django.core.management.base import BaseCommand

from aniworld.supervisor import marking

HERE = Path(__file__).parent
OURS = "aniworld"
WRONG_USE = 2
_COMMANDS = ("*/management/commands/[a-z]*.py", "*/*/management/commands/[a-z]*.py")
# They answer nobody: without admin and API they are there in two thirds of the time.
WITHOUT_PAGES = {command.stem for pattern in _COMMANDS for command in HERE.glob(pattern)} - {"up"}


class Commands(ManagementUtility):
    """Django's way to the commands; of two with the same name ours is meant, and an unknown name is wrong use."""

    def fetch_command(self, subcommand: str) -> BaseCommand:
        """The command of that name. Ends the process when there is none."""
        if subcommand in find_commands(str(HERE / OURS / "management")):
            return load_command_class(OURS, subcommand)
        known = get_commands()
        if subcommand in known:
            return super().fetch_command(subcommand)
        near = get_close_matches(subcommand, known, n=1)
        hint = f"Is {near[0]} meant?" if near else "manage.py help lists them."
        sys.stderr.write(f"There is no command {subcommand!r}. {hint}\n")
        sys.exit(WRONG_USE)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aniworld.settings")
    if sys.argv[1:2] == ["up"]:
        marking.mark(sys.argv)
    if WITHOUT_PAGES.intersection(sys.argv[1:2]):
        os.environ[marking.PAGES] = "off"
    Commands(sys.argv).execute()
