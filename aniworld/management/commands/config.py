"""`manage.py config`: shows and changes the configuration."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from pydantic import ValidationError

from aniworld.configuration import exchange, judging, store
from aniworld.management.command import OneLineErrors, WrongUse, explanation


class Command(OneLineErrors):
    help = "Shows and changes the configuration. Secrets are written, never shown."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb")
        show = verbs.add_parser("show", help="everything (what `config` alone does)")
        get = verbs.add_parser("get", help="one value")
        get.add_argument("name", help="section.key, for example downloads.max_retries")
        change = verbs.add_parser("set", help="changes values, after a backup")
        change.add_argument(
            "pairs",
            nargs="+",
            metavar="section.key=value",
            help="value as JSON or plain text, for example downloads.max_retries=5; null empties it",
        )
        export = verbs.add_parser("export", help="writes the configuration as JSON, without secrets")
        export.add_argument("file", nargs="?", default="-")
        load = verbs.add_parser("import", help="reads what export wrote (- is standard input); all of it or nothing")
        load.add_argument("file")
        reset = verbs.add_parser("reset", help="back to the defaults, after a backup")
        for verb in (show, get, change, load, reset):
            verb.add_argument("--json", action="store_true", help="for scripts")

    def handle(self, *args: Any, **options: Any) -> None:
        verbs = {
            "get": self._get,
            "set": self._set,
            "export": self._export,
            "import": self._import,
            "reset": self._reset,
        }
        verbs.get(options["verb"] or "show", self._show)(options)

    def _show(self, options: dict[str, Any]) -> None:
        dumped = store.public_dump()
        if options.get("json"):
            self.stdout.write(json.dumps(dumped, ensure_ascii=False))
            return
        for section, values in dumped.items():
            for key, value in values.items():
                self.stdout.write(f"{section}.{key} = {json.dumps(value, ensure_ascii=False)}")

    def _get(self, options: dict[str, Any]) -> None:
        section, key = _split(options["name"])
        value: Any = store.public_dump().get(section)
        try:
            for part in key.split("."):
                value = value[part]
        except (KeyError, TypeError):
            raise _unknown(options["name"]) from None
        plain = isinstance(value, str) and not options["json"]
        self.stdout.write(value if plain else json.dumps(value, ensure_ascii=False))

    def _set(self, options: dict[str, Any]) -> None:
        changes: dict[str, dict[str, Any]] = {}
        for pair in options["pairs"]:
            name, sign, text = pair.partition("=")
            if not sign:
                raise WrongUse(_("Write it as %s=VALUE, without spaces around the sign.") % (pair or "section.key"))
            section, key = _split(name.strip())
            if not text.strip() and store.may_be_none(section, key):
                raise WrongUse(_("%s: Write a value, or null for none.") % name.strip())
            _put(changes.setdefault(section, {}), section, key, text.strip())
        try:
            store.change(changes, reason="config set")
        except ValidationError as error:
            # What was typed is wrong, a name or a value.
            raise WrongUse(explanation(error)) from error
        self._done(_("Saved."), options)

    def _export(self, options: dict[str, Any]) -> None:
        text = json.dumps(exchange.export(), indent=2, ensure_ascii=False)
        if options["file"] == "-":
            self.stdout.write(text)
        else:
            Path(options["file"]).write_text(f"{text}\n", encoding="utf-8")

    def _import(self, options: dict[str, Any]) -> None:
        file = options["file"]
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        exchange.take_over(exchange.read(text))
        self._done(_("Imported."), options)

    def _reset(self, options: dict[str, Any]) -> None:
        store.reset()
        self._done(_("Reset. What was in force before is a backup."), options)

    def _done(self, told: str, options: dict[str, Any]) -> None:
        """A sentence, or for scripts what is in force now."""
        dumped = json.dumps(store.public_dump(), ensure_ascii=False)
        self.stdout.write(dumped if options["json"] else told)


def _split(name: str) -> tuple[str, str]:
    section, sign, key = name.partition(".")
    if not (section and sign and key):
        raise WrongUse(_("“%s” needs a section and a key, as in downloads.max_retries.") % name)
    return section, key


def _unknown(name: str) -> WrongUse:
    meant = judging.suggestion((name,))
    hint = _("Is %s meant?") % meant if meant else _("config show lists them.")
    return WrongUse(_("There is no setting “%(name)s”. %(hint)s") % {"name": name, "hint": hint})


def _put(place: dict[str, Any], section: str, key: str, text: str) -> None:
    """Into `place`; `language_plan.order` changes one setting of a group and keeps the others."""
    value = _value(section, key, text)
    group, _sign, inner = key.partition(".")
    before = store.without_secrets().get(section, {}).get(group)
    if not inner or not isinstance(before, dict):
        place[key] = value
        return
    values = place.setdefault(group, dict(before))
    is_list = isinstance(before.get(inner), list) and isinstance(value, str)
    values[inner] = [word.strip() for word in value.split(",")] if is_list else value


def _value(section: str, key: str, text: str) -> Any:
    """JSON where the setting is no plain text: so a name may be `123` and a number `5`."""
    if store.is_text(section, key):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
