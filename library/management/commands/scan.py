"""Scans the library in the foreground."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from aniworld.management.command import OneLineErrors
from library import scanning
from library.files import library_root
from library.models import Finding, Scan


class Command(OneLineErrors):
    help = (
        "Looks through the library folder, or that of one series, and says what changed. No file is ever deleted. "
        "Exit code 1 when it failed or was cancelled."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key", nargs="?", default="", help="The key of a series; without it, everything.")

    def handle(self, *args: Any, key: str, **options: Any) -> None:
        folders = scanning.folders_of(key)
        library_root()
        scan = Scan.objects.begin(folders, key=key)
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total}"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
        ) as bar:
            task = bar.add_task("Scanning", total=None)
            scan.listener = lambda current, total, folder: bar.update(
                task, completed=current, total=total, description=escape(folder)[:40]
            )
            scanning.work(scan)
            if scan.status == Scan.Status.COMPLETED:
                # The last steps are told too seldom for the bar to get there by itself.
                looked_at = scan.statistics["folders"]
                bar.update(task, completed=looked_at, total=looked_at, description="Scanned")
        self._tell(scan)

    def _tell(self, scan: Scan) -> None:
        if scan.status != Scan.Status.COMPLETED:
            scan.refresh_from_db()
            raise CommandError(scan.error or f"The scan was not completed: {scan.get_status_display()}.")
        self.stdout.write(scanning.said(scan.statistics))
        waiting = Finding.objects.waiting()
        count = (waiting.below(scan.folders) if scan.folders else waiting).count()
        if count:
            what = "1 finding waits" if count == 1 else f"{count} findings wait"
            where = f" in “{', '.join(scan.folders)}”" if scan.folders else ""
            self.stdout.write(f"{what}{where} for somebody to look: the page /findings lists them.")
