"""What a call says: its parameters, which may come in the address or in the form, and the torrents that it names."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.translation import gettext as _

from aniworld.accounts.models import User
from aniworld.accounts.tokens import Principal
from aniworld.refusals import Invalid, NotThere
from integrations.qbittorrent.models import ClientTorrent
from integrations.qbittorrent.models.torrent import ClientTorrentQuerySet
from integrations.qbittorrent.working import named
from integrations.releases import HASH, number

_TRUE = frozenset(("true", "1", "yes", "on"))


@dataclass(frozen=True, slots=True)
class Call:
    """A request of somebody who may make it."""

    request: HttpRequest
    principal: Principal

    @property
    def user(self) -> User:
        """Who calls."""
        return self.principal.user

    def has(self, name: str) -> bool:
        """Whether the parameter is given, be it empty."""
        return name in self.request.POST or name in self.request.GET

    def text(self, name: str) -> str:
        """A parameter; "" when it is missing."""
        value = self.request.POST.get(name)
        return str(self.request.GET.get(name, "") if value is None else value)

    def flag(self, *names: str) -> bool:
        """Whether one of these parameters says yes."""
        return any(self.text(name).strip().lower() in _TRUE for name in names)

    def count(self, name: str) -> int | None:
        """A whole number, which may be negative; None when it is none."""
        text = self.text(name).strip()
        found = number(text.removeprefix("-"))
        return found if found is None or not text.startswith("-") else -found

    def hashes(self, name: str = "hashes") -> set[str] | None:
        """The hashes named; None for all of them. Raises `Invalid` when the parameter is missing."""
        if not self.has(name):
            raise Invalid(_("The parameter %s is missing.") % name)
        text = self.text(name).strip()
        return None if text.lower() == "all" else {part.strip().lower() for part in text.split("|")}

    def torrents(self) -> ClientTorrentQuerySet:
        """Those that `hashes` names."""
        return named(self.hashes())

    def torrent(self) -> ClientTorrent:
        """The one that `hash` names. Raises `NotThere`."""
        text = self.text("hash").strip().lower()
        found = named({text}).with_items().first() if HASH.fullmatch(text) else None
        if found is None:
            raise NotThere(_("There is no such torrent."))
        return found
