"""Searches the catalogues."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aniworld.management.command import OneLineErrors
from library import catalog, links


class Command(OneLineErrors):
    help = "Searches every enabled catalogue for a series. Exit code 1 when none of them answered."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("query", nargs="+", help="Part of the title, or the link of a series.")
        parser.add_argument("--json", action="store_true", help="Print what a program can read.")

    def handle(self, *args: Any, query: list[str], **options: Any) -> None:
        wanted = " ".join(query)
        is_link = links.is_link(wanted)
        outcome = links.look_up(wanted, is_administrator=True) if is_link else catalog.search(wanted)
        if options["json"]:
            self.stdout.write(json.dumps(asdict(outcome), ensure_ascii=False, indent=2))
        else:
            self._show(outcome)
        for warning in outcome.warnings:
            self.stderr.write(f"{warning.provider}: {warning.message}")
        if outcome.warnings and not outcome.items:
            raise SystemExit(1)

    def _show(self, outcome: catalog.SearchOutcome) -> None:
        table = Table("Title", "Year", "Catalogue", "Key", "In library")
        for item in outcome.items:
            year = str(item.year) if item.year else ""
            there = "yes" if item.in_library else ""
            table.add_row(*(escape(text) for text in (item.name, year, item.provider, item.key, there)))
        console = Console(file=self.stdout)  # type: ignore[arg-type]  # Django's wrapper is a text stream
        console.print(table if outcome.items else "Nothing found.")
