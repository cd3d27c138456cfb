"""Adds a series."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from rich.console import Console
from rich.markup import escape
from rich.status import Status

from aniworld.management.command import OneLineErrors
from library import catalog, links, loading, lookup
from library.models import Series

# How long, in seconds, a worker may take to begin before the loading is done right here.
WORKER_PATIENCE = 3
_OVER = (Series.Loading.COMPLETED, Series.Loading.FAILED)


class Command(OneLineErrors):
    help = "Adds a series by its link, its key at a catalogue or its title; its details are loaded in the background."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("link_or_key", help="An address at a catalogue, the last part of one, or the whole title.")
        parser.add_argument("--provider", default="", help="The catalogue that the key belongs to.")
        parser.add_argument("--name", default="", help="What to call it until its details are loaded.")
        parser.add_argument("--wait", action="store_true", help="Show the loading; exit code 1 when it fails.")
        parser.add_argument(
            "--download", choices=["none", "missing"], default="none", help="Queue all its missing episodes."
        )

    def handle(self, *args: Any, link_or_key: str, **options: Any) -> None:
        link, meant = _meant(link_or_key, options["provider"])
        opened = links.open_catalogue(link, by=None, via="command") if link else ""
        if opened:
            self.stdout.write(f"{opened} is switched on from now on.")
        series = catalog.add(
            link=link,
            key=meant.key,
            provider=meant.provider,
            name=options["name"] or meant.name,
            download=options["download"] == "missing",
        )
        self.stdout.write(f"Added {series.name} as “{series.key}”.")
        if options["wait"]:
            self._wait(series)

    def _wait(self, series: Series) -> None:
        console = Console(file=self.stdout)  # type: ignore[arg-type]  # Django's wrapper is a text stream
        with console.status(_line(series)) as shown:
            _follow(series, shown)
        if series.loading_status == Series.Loading.FAILED:
            raise CommandError(series.loading_error)
        self.stdout.write(f"{series.name}: {series.total_episodes} episodes, folder “{series.folder}”.")


def _meant(text: str, provider: str) -> tuple[str, lookup.Meant]:
    """A link, or what is meant by a word: what no catalogue has is told at once and leaves no series behind."""
    if "/" in text:
        return text, lookup.Meant("", "")
    return "", lookup.look_up(text, provider)


def _follow(series: Series, shown: Status) -> None:
    """Until it is loaded. Where nobody takes it on, it is loaded right here."""
    waiting_since = time.monotonic()
    while series.loading_status not in _OVER:
        time.sleep(0.3)
        if not series.still_waits(timezone.now()):
            waiting_since = time.monotonic()
        elif time.monotonic() - waiting_since > WORKER_PATIENCE:
            loading.load_pending()
        series.refresh_from_db()
        shown.update(_line(series))


def _line(series: Series) -> str:
    return escape(f"{series.name}: {series.loading_message or series.get_loading_status_display()}")
