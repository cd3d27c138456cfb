"""`manage.py apikey`: makes, lists and deletes API keys."""

from __future__ import annotations

import json
from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from typing import IO, Any, cast

from django.utils import timezone
from django.utils.translation import gettext as _
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aniworld.accounts import keys
from aniworld.accounts.models import ApiKey, User
from aniworld.management.command import OneLineErrors
from aniworld.refusals import NotThere


class Command(OneLineErrors):
    help = "Makes, lists and deletes API keys. A new key is printed once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="makes a key and prints it")
        create.add_argument("name")
        create.add_argument(
            "--scope",
            choices=ApiKey.Scope.values,
            default=ApiKey.Scope.READ.value,
            help="what it may do: read looks only (default); queue also works the queue; admin all its user may",
        )
        create.add_argument("--days", type=_days, help="after so many days it opens nothing any more (1 to 3650)")
        create.add_argument("--user", help="whom it acts for; the first administrator when left out")
        listing = verbs.add_parser("list", help="all keys, without what opens")
        delete = verbs.add_parser("delete", help="deletes a key")
        delete.add_argument("name")
        for verb in (create, listing):
            verb.add_argument("--json", action="store_true", help="for scripts")

    def handle(self, *args: Any, **options: Any) -> None:
        {"create": self._create, "list": self._list, "delete": self._delete}[options["verb"]](options)

    def _create(self, options: dict[str, Any]) -> None:
        user = _user(options["user"])
        days = options["days"]
        ends = timezone.now() + timedelta(days=days) if days else None
        key, text = keys.make(user, options["name"][:100], options["scope"], ends, by="", via="command")
        shown = {"name": key.name, "scope": key.scope, "user": user.username, "expires_at": _moment(key), "key": text}
        self.stdout.write(json.dumps(shown) if options["json"] else text)
        if not options["json"]:
            # Apart from the key, so that `$(manage.py apikey create NAME)` holds nothing else.
            self.stderr.write(_allows(key) % {"user": user.username}, self.style.SUCCESS)
            self.stderr.write(_("It is not shown again. Send it as the header X-Api-Key."), self.style.SUCCESS)

    def _list(self, options: dict[str, Any]) -> None:
        rows: list[dict[str, Any]] = [
            {
                "name": key.name,
                "prefix": key.prefix,
                "scope": key.scope,
                "user": key.user.username,
                "expires_at": _moment(key),
            }
            for key in ApiKey.objects.select_related("user")
        ]
        if options["json"]:
            self.stdout.write(json.dumps(rows))
            return
        if not rows:
            self.stdout.write(_("There are no API keys. Make one with apikey create NAME."))
            return
        headers = (_("Name"), _("Begins with"), _("Scope"), _("Acts for"), _("Until"))
        table = Table(*headers, box=None, pad_edge=False)
        for row in rows:
            texts = (row["name"], f"{row['prefix']}…", row["scope"], row["user"], row["expires_at"] or "–")
            table.add_row(*(Text(text) for text in texts))
        Console(file=cast("IO[str]", self.stdout), highlight=False).print(table)

    def _delete(self, options: dict[str, Any]) -> None:
        keys.delete(ApiKey.objects.filter(name=options["name"]).first(), by="", via="command")
        self.stdout.write(_("Deleted."))


def _days(text: str) -> int:
    days = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= days <= 3650:
        raise ArgumentTypeError(_("“%s” is no number of days; write one from 1 to 3650.") % text[:40])
    return days


def _moment(key: ApiKey) -> str | None:
    return key.expires_at.isoformat(timespec="seconds").replace("+00:00", "Z") if key.expires_at else None


def _allows(key: ApiKey) -> str:
    """What the key may do, in a sentence."""
    return {
        ApiKey.Scope.READ: _("Scope read: it may look at everything %(user)s sees, and change nothing (see --scope)."),
        ApiKey.Scope.QUEUE: _("Scope queue: as %(user)s it may look, queue downloads and work the queue."),
        ApiKey.Scope.ADMIN: _("Scope admin: it may do all that %(user)s may."),
    }[ApiKey.Scope(key.scope)]


def _user(name: str | None) -> User:
    staff = User.objects.filter(is_active=True).order_by("pk")
    user = (staff.filter(username=name) if name else staff.filter(is_superuser=True)).first()
    if user is None:
        raise NotThere(_("There is no such user; run setup first.") if name is None else _("There is no such user."))
    return user
