"""What an operator is shown of indexer and download client: their addresses, and whether they would work."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q
from django.http import HttpRequest
from django.urls import get_script_prefix
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from aniworld.accounts.models import ApiKey, User
from aniworld.accounts.tokens import Principal
from aniworld.configuration import store
from aniworld.refusals import Explained
from integrations.qbittorrent import places
from integrations.torznab import answering
from integrations.torznab.query import Query
from library.folders import renames_between
from library.root import library_root
from providers import registry


@dataclass(frozen=True, slots=True)
class Address:
    """What is typed into a field of the other side. `name` is a word for the page."""

    name: str
    title: str
    value: str


@dataclass(frozen=True, slots=True)
class Tried:
    """One thing that was tried: whether it works, and a sentence about it."""

    target: str
    ok: bool
    told: str


def addresses(request: HttpRequest) -> list[Address]:
    """Those of this site, as whoever looks at the page reaches it."""
    base = request.build_absolute_uri(get_script_prefix()).rstrip("/")
    prefix = get_script_prefix().strip("/")
    return [
        Address("torznab", _("Indexer (Torznab): URL"), f"{base}/integrations/torznab"),
        Address("torznab-path", _("Indexer (Torznab): API path"), "/api"),
        Address("client-host", _("Download client (qBittorrent): host and port"), request.get_host()),
        Address(
            "client",
            _("Download client (qBittorrent): URL base"),
            "/".join(filter(None, (prefix, "integrations/qbittorrent"))),
        ),
        Address("client-user", _("Download client (qBittorrent): user name; the API key is its password"), "apikey"),
    ]


def try_out(user: User) -> list[Tried]:
    """What both need, each with a plain result."""
    return [_key(), *_indexer(user), *_client()]


def _key() -> Tried:
    now = timezone.now()
    rows = ApiKey.objects.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now), user__is_active=True)
    names = [key.name for key in rows.filter(scope__in=[ApiKey.Scope.QUEUE, ApiKey.Scope.ADMIN])[:5]]
    if names:
        return Tried(_("API key"), True, _("There is one that may work the queue: %s.") % ", ".join(names))
    return Tried(
        _("API key"), False, _("There is none that may work the queue. Make one under “API keys”, scope “Queue”.")
    )


def _indexer(user: User) -> Iterator[Tried]:
    title = _("Indexer")
    if not store.current().integrations.torznab_enabled:
        yield Tried(title, False, _("It is switched off."))
        return
    catalogues = [catalogue.display_name for catalogue in registry.enabled_catalogues()]
    if not catalogues:
        yield Tried(title, False, _("No catalogue is enabled, so nothing can be offered."))
        return
    try:
        _offers, total = answering.answer(Query(), Principal(user))
    except Explained as error:
        yield Tried(title, False, str(error))
        return
    text = ngettext(
        "%(count)d new release is offered from %(names)s.", "%(count)d new releases are offered from %(names)s.", total
    )
    yield Tried(title, total > 0, text % {"count": total, "names": ", ".join(catalogues)})


def _client() -> Iterator[Tried]:
    title = _("Download client")
    if not store.current().integrations.qbittorrent_enabled:
        yield Tried(title, False, _("It is switched off."))
        return
    try:
        folder, library = places.made_folder(), library_root()
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(13, _("it is not writable"))
        same_disk = renames_between(folder, library)
    except (OSError, Explained) as error:
        reason = getattr(error, "strerror", None) or str(error)
        yield Tried(
            title, False, _("%(folder)s can't be used: %(reason)s.") % {"folder": places.folder(), "reason": reason}
        )
        return
    facts = {"folder": folder, "seen": places.seen()}
    yield Tried(title, True, _("Hands over in %(folder)s, which the other side reads as %(seen)s.") % facts)
    if not same_disk:
        text = _(
            "That folder is on another disk or mount than the library: files are copied, and take their space twice."
        )
        yield Tried(title, True, text)
