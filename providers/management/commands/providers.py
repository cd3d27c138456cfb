"""`manage.py providers`."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aniworld.management.command import OneLineErrors, WrongUse
from aniworld.templatetags.quantities import duration, percent
from providers import changes, checking, health
from providers.health import HealthRecord
from providers.lights import light_of
from providers.lookup import named, state_of
from providers.models import Provider

_COLOURS = {"active": "green", "down": "red", "testing": "yellow", "blocked": "magenta", "resting": "blue"}
_HEADINGS = ("name", "kind", "status", "success", "answers", "last hour", "rests")


class Command(OneLineErrors):
    help = "Catalogues and hosts: list, check, enable, disable, reset."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = ["list", "check", "enable", "disable", "reset"]
        parser.add_argument("action", nargs="?", default="list", choices=actions)
        parser.add_argument("name", nargs="?", help="one provider; list takes all, check all enabled ones without")
        parser.add_argument("--json", action="store_true", help="for scripts")

    def handle(self, *args: Any, **options: Any) -> None:
        action, name = options["action"], options["name"]
        if not name and action not in ("list", "check"):
            raise WrongUse("Name a provider; 'providers list' shows them.")
        rows = [named(name)] if name else list(Provider.objects.all())
        silent: list[str] = []
        if action == "check":
            rows = rows if name else [row for row in rows if row.enabled]
            silent = _silent_one(rows[0]) if name else _silent(rows)
        elif action == "reset":
            changes.reset(rows[0], by="", via="command")
        elif action != "list":
            with changes.recorded(rows[0], by="", via="command"):
                {"enable": rows[0].enable, "disable": rows[0].disable}[action]()
        self._show([row.name for row in rows], as_json=options["json"])
        if silent:
            raise CommandError(f"Not every provider answered: {', '.join(silent)}.")

    def _show(self, names: list[str], *, as_json: bool) -> None:
        records = health.of_all()
        rows = Provider.objects.filter(name__in=names).select_related("status_record")
        if as_json:
            lines = [_line(row, records.get(row.name, HealthRecord())) for row in rows]
            self.stdout.write(json.dumps(lines, default=str))
            return
        table = Table()
        for heading in _HEADINGS:
            table.add_column(heading, no_wrap=True)
        for row in rows:
            table.add_row(*_cells(row, records.get(row.name, HealthRecord())))
        console = Console(file=self.stdout)  # type: ignore[arg-type]  # Django's wrapper is a text stream
        console.print(table)
        for row in rows:
            if message := state_of(row).error_message:
                console.print(Text(f"{row.name}: {message}"))


def _silent_one(row: Provider) -> list[str]:
    """Checks it; its name when it did not answer. Raises `NotConfigured` when it can't be asked at all."""
    return [row.name] if checking.check(row.name).error_message else []


def _silent(rows: list[Provider]) -> list[str]:
    """Checks them; the names of those that did not answer. Who can't be asked at all is none of them."""
    checking.check_these(Provider.objects.filter(pk__in=[row.pk for row in rows]).select_related("status_record"))
    checked = [named(row.name) for row in rows]
    return [row.name for row in checked if state_of(row).error_message and _can_be_asked(row)]


def _can_be_asked(row: Provider) -> bool:
    return not checking.why_not(row)


def _line(row: Provider, record: HealthRecord) -> dict[str, Any]:
    status = state_of(row)
    return {
        "name": row.name,
        "display_name": row.display_name,
        "kind": row.kind,
        "enabled": row.enabled,
        "usable": row.is_usable,
        "priority": row.priority,
        "light": light_of(row).word,
        "status": status.status,
        "last_check": status.last_check,
        "error": status.error_message,
        "breaker": status.breaker,
        "open_until": status.open_until,
        "health": asdict(record),
    }


def _cells(row: Provider, record: HealthRecord) -> list[str | Text]:
    light, status = light_of(row), state_of(row)
    rests = (
        duration((status.open_until - timezone.now()).total_seconds()) if status.is_open and status.open_until else ""
    )
    return [
        row.name,
        row.kind,
        Text(str(light.label), style=_COLOURS.get(light.word, "")),
        _percent(record.success_rate),
        "" if record.average_response_time_ms is None else f"{record.average_response_time_ms:.0f} ms",
        _percent(record.uptime_percentage),
        rests,
    ]


def _percent(value: float | None) -> str:
    return "" if value is None else percent(value)
