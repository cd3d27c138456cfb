"""`manage.py providers`."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from rich.console import Console
from rich.table import Table

from aniworld.management.command import OneLineErrors, WrongUse
from providers import registry
from providers.models import Provider, ProviderStatus


class Command(OneLineErrors):
    help = "Catalogues and hosts: list, check, enable, disable."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", nargs="?", default="list", choices=["list", "check", "enable", "disable"])
        parser.add_argument("name", nargs="?", help="one provider; check takes all enabled ones without")
        parser.add_argument("--json", action="store_true", help="for scripts")

    def handle(self, *args: Any, **options: Any) -> None:
        action, name = options["action"], options["name"]
        if action in ("enable", "disable"):
            row = self._named(name)
            (row.enable if action == "enable" else row.disable)()
        elif action == "check":
            names = [self._named(name).name] if name else [row.name for row in Provider.objects.filter(enabled=True)]
            checked = [registry.check(one) for one in names]
            self._show([_line(status.provider) for status in checked], options["json"])
            if any(status.status != ProviderStatus.Status.ACTIVE for status in checked):
                raise CommandError("Not every provider answered.")
        else:
            self._show([_line(row) for row in Provider.objects.select_related("status_record")], options["json"])

    def _named(self, name: str | None) -> Provider:
        if not name:
            raise WrongUse("Name a provider; 'providers list' shows them.")
        row = Provider.objects.filter(name=name).first()
        if row is None:
            raise CommandError(f"There is no provider '{name}'; 'providers list' shows them.")
        return row

    def _show(self, lines: list[dict[str, Any]], as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(lines, default=str))
            return
        table = Table()
        headings = ("name", "kind", "enabled", "priority", "status", "error")
        for heading in headings:
            table.add_column(heading, overflow="fold")
        for line in lines:
            table.add_row(*(str(line[heading]) for heading in headings))
        Console().print(table)


def _line(row: Provider) -> dict[str, Any]:
    status = row.status_record
    return {
        "name": row.name,
        "kind": row.kind,
        "enabled": row.enabled,
        "priority": row.priority,
        "status": status.status,
        "last_check": status.last_check,
        "error": status.error_message,
    }
