"""Looks at everything that can be wrong with an installation, and says what helps."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import IO, Any, cast

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aniworld import checks
from aniworld.checks.doctor import EVERYTHING
from aniworld.management.command import OneLineErrors


class Command(OneLineErrors):
    help = "Checks folders, space, database, workers, clocks and providers; exit code 1 when something is wrong."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for scripts")

    def handle(self, *args: Any, **options: Any) -> None:
        found = list(checks.run(EVERYTHING))
        if options["json"]:
            text = json.dumps({"ok": _is_fine(found), "checks": [asdict(check) for check in found]}, indent=2)
            self.stdout.write(text)
        else:
            self._show(found)
        if not _is_fine(found):
            sys.exit(1)

    def _show(self, found: list[checks.Check]) -> None:
        table = Table(_("Check"), "", _("Found"), box=None, pad_edge=False)
        for check in found:
            told = Text(check.message)
            if not check.ok:
                told.append(f"\n→ {check.remedy}", style="bold")
            table.add_row(check.name, _mark(check), told)
        console = Console(file=cast("IO[str]", self.stdout), highlight=False)
        console.print(table)
        wrong = sum(not check.ok and check.severity == "error" for check in found)
        summary = ngettext("%d problem.", "%d problems.", wrong) % wrong
        console.print(summary if wrong else _("No problem found."))


def _mark(check: checks.Check) -> Text:
    if check.ok:
        return Text("ok", style="green")
    return Text(_("wrong"), style="red") if check.severity == "error" else Text(_("note"), style="yellow")


def _is_fine(found: list[checks.Check]) -> bool:
    return all(check.ok or check.severity != "error" for check in found)
