"""Brings series and files from elsewhere."""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from aniworld import clock
from aniworld.management.command import OneLineErrors, WrongUse
from integrations.moving import exporting, imports, texts, working
from integrations.moving.models import ImportLine, ImportRun

BY = "command line"
_LOOK_EVERY = 0.2


class Command(OneLineErrors):
    help = (
        "Brings series from a list of links (a file, or - for standard input), from Sonarr, or files from a folder. "
        "Without --apply it only shows what would come. Exit code 1 when it failed, or something was left over."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", choices=ImportRun.Kind.values)
        parser.add_argument("source", help="A file or -, the address of Sonarr, or a folder.")
        parser.add_argument("--key-file", default="", help="Holds Sonarr's API key; - reads it from standard input.")
        parser.add_argument("--apply", action="store_true", help="Take over what was found.")
        parser.add_argument("--languages", default="", help="In the order in which they are wanted, with commas.")
        parser.add_argument("--monitored", choices=["as-there", "yes", "no"], default="as-there")
        parser.add_argument("--download", action="store_true", help="Queue the missing episodes of what is added.")
        parser.add_argument("--mode", choices=["copy", "move", "hardlink"], default="copy", help="Of a folder's files.")
        parser.add_argument("--language", default="", help="What files of a folder are in that name no language.")
        parser.add_argument("--json", action="store_true", help="The report as JSON.")

    def handle(self, *args: Any, kind: str, source: str, **options: Any) -> None:
        run = _begun(kind, source, options)
        _work(run)
        if run.status == ImportRun.Status.READY and options["apply"] and _is_wanted(run):
            imports.apply(run, by=BY, via="command")
            _work(run)
        self._tell(run, as_json=options["json"])
        if run.status in (ImportRun.Status.FAILED, ImportRun.Status.CANCELLED):
            raise CommandError(run.error or "The import was cancelled.")
        left = ImportLine.objects.filter(run=run, state__in=ImportLine.LEFT_OVER).count()
        if left:
            raise CommandError("1 line is left over." if left == 1 else f"{left} lines are left over.")

    def _tell(self, run: ImportRun, *, as_json: bool) -> None:
        lines = list(exporting.report(run))
        if as_json:
            told = {"id": run.pk, "status": str(run.status), "error": run.error, "lines": lines}
            self.stdout.write(json.dumps(told, ensure_ascii=False, indent=2))
            return
        for line in lines:
            goal = f" → {line['target'] or line['series']}" if line["target"] or line["series"] else ""
            why = f" ({line['reason']})" if line["reason"] else ""
            self.stdout.write(f"{line['state']:<12} {line['text']}{goal}{why}")
        counts = ImportLine.objects.filter(run=run).counts()
        said = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
        self.stdout.write(f"Import {run.pk} is {run.status}: {said or 'no lines'}.")


def _begun(kind: str, source: str, options: dict[str, Any]) -> ImportRun:
    wishes: dict[str, Any] = {"download": options["download"] or None}
    if options["languages"]:
        wishes["language_plan"] = {"order": [name.strip() for name in options["languages"].split(",")]}
    if options["monitored"] != "as-there":
        wishes["monitored"] = options["monitored"] == "yes"
    if kind == ImportRun.Kind.FOLDER:
        wishes |= {"mode": options["mode"], "language": options["language"]}
        return imports.from_folder(str(Path(source).absolute()), options=wishes, by=BY)
    if kind == ImportRun.Kind.SONARR:
        if not options["key_file"]:
            raise WrongUse("Name the file with Sonarr's API key: --key-file FILE, or - for standard input.")
        return imports.from_sonarr(source, _content(options["key_file"]).decode().strip(), options=wishes, by=BY)
    return imports.from_links(texts.decoded(_content(source)), place=source, options=wishes, by=BY)


def _content(source: str) -> bytes:
    if source == "-":
        return sys.stdin.buffer.read(texts.LARGEST_FILE + 1)
    with Path(source).open("rb") as file:
        return file.read(texts.LARGEST_FILE + 1)


def _work(run: ImportRun) -> None:
    """Right here, unless a worker was faster: then it is waited for."""
    while True:
        run.refresh_from_db()
        if not run.is_under_way:
            return
        if run.take(clock.now()):
            working.work(run)
        else:
            time.sleep(_LOOK_EVERY)


def _is_wanted(run: ImportRun) -> bool:
    return ImportLine.objects.filter(run=run).to_apply().exists()
