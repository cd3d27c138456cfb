"""Every provider by name, ready to be asked: what is installed, configured from its row at each call."""

from __future__ import annotations

import os
import threading
from functools import cache, partial
from typing import TypeVar

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from aniworld.configuration import store
from providers import demo, installed
from providers.catalogues.numbering import language_called
from providers.contracts import Catalogue, Host, Language
from providers.exceptions import NotConfigured
from providers.http import Client, Policy
from providers.installed import catalogue_classes, host_classes
from providers.models import Provider, ProviderStatus
from providers.monitored import MonitoredCatalogue, MonitoredHost
from providers.request_rate import may_ask_again

P = TypeVar("P", Catalogue, Host)
# The operator's parameter of a catalogue whose files may tell no language: which one they are in.
LANGUAGE_PARAMETER = "language"
_clients: dict[tuple[int, str], Client] = {}
_clients_lock = threading.Lock()


def sync() -> None:
    """Makes the rows of providers that have none, and takes those of the demo away while it is off. Idempotent."""
    with transaction.atomic():
        if not settings.DEMO:
            Provider.objects.filter(name__in=demo.PROVIDERS).delete()
        _sync_kind(Provider.Kind.CATALOGUE, catalogue_classes())
        _sync_kind(Provider.Kind.HOST, host_classes())
    Provider.forget()


def catalogue(name: str, wanted: Language | None = None) -> MonitoredCatalogue:
    """The catalogue of that name, ready to be asked. Raises `NotConfigured`.

    `wanted` is what its files are taken for where nothing tells their language; else what is wanted first of all.
    """
    row, found = _configured(name, Provider.Kind.CATALOGUE, catalogue_classes())
    address = row.address
    if row.lacks_address:
        raise NotConfigured(_("%(name)s has no address yet.") % {"name": row.display_name})
    return MonitoredCatalogue(row, _speaking(row, found(address, _client(row)), wanted), host_named)


def host(name: str) -> MonitoredHost:
    """The host of that name, ready to resolve. Raises `NotConfigured`."""
    row, found = _configured(name, Provider.Kind.HOST, host_classes())
    return MonitoredHost(row, found(row.address, _client(row)))


def host_named(label: str) -> str | None:
    """The registered name behind what a catalogue calls a host: "Voe.SX" → "voe", "Dood" → "doodstream"."""
    labels = _host_labels(tuple(host_classes().items()))
    return labels.get(_plain(label)) or labels.get(_plain(label.strip().rpartition(".")[0]))


def enabled_catalogues() -> list[MonitoredCatalogue]:
    """Those that can be asked, in the operator's order."""
    names = [row.name for row in Provider.known().values() if row.kind == Provider.Kind.CATALOGUE and row.enabled]
    found = []
    for name in names:
        try:
            found.append(catalogue(name))
        except NotConfigured:
            continue
    return found


def without_address() -> list[Provider]:
    """Enabled catalogues that can't be asked, because nobody told where they are."""
    return [row for row in Provider.known().values() if row.enabled and row.lacks_address]


def catalogue_for_link(link: str) -> MonitoredCatalogue | None:
    """The enabled catalogue that a pasted link belongs to; one that takes any link comes last."""
    asked = sorted(enabled_catalogues(), key=lambda found: found.takes_any_link)
    return next((found for found in asked if found.accepts(link)), None)


def switched_off_for_link(link: str, *, of_any_site: bool = False) -> Provider | None:
    """A catalogue that a pasted link belongs to by its site, and that is not enabled.

    With `of_any_site` also one that takes any link, if no other knows it.
    """
    classes, known = catalogue_classes(), Provider.known()
    off = [row for name in classes if (row := known.get(name)) and not row.enabled]
    off.sort(key=lambda row: classes[row.name].takes_any_link)
    # One that may take any link and was given an address keeps to that site.
    asked = [row for row in off if _site(row) or (of_any_site and not classes[row.name].needs_address)]
    return next((row for row in asked if although_off(row).accepts(link)), None)


def although_off(row: Provider) -> MonitoredCatalogue:
    """A catalogue that is not enabled, for a link that an administrator pasted: where it is, or where most use it."""
    return MonitoredCatalogue(row, catalogue_classes()[row.name](_site(row), _client(row)), host_named)


def _site(row: Provider) -> str:
    return row.address or installed.usual_site(row.name)


def media_client(name: str) -> Client:
    """The client under the policy of a host or catalogue, for streams and pictures; defaults for an unknown name."""
    return _client(Provider.known().get(name) or Provider(name=name))


def checkable(name: str) -> MonitoredCatalogue | MonitoredHost:
    """A provider as its check asks it: a host that needs no address, where its pages were last found.

    Raises `NotConfigured`.
    """
    row = Provider.known().get(name)
    if row is None:
        raise NotConfigured(_("There is no provider named %(name)s.") % {"name": name[:64]})
    if row.kind == Provider.Kind.CATALOGUE:
        return catalogue(name)
    row, found = _configured(name, Provider.Kind.HOST, host_classes())
    record: ProviderStatus | None = getattr(row, "status_record", None)
    configured, seen_at = row.address, record.seen_at if record else ""
    return MonitoredHost(row, found(configured or seen_at, _client(row)), is_found=not configured)


def _sync_kind(kind: Provider.Kind, classes: dict[str, type[P]]) -> None:
    for position, (name, found) in enumerate(classes.items(), start=1):
        row, _made = Provider.objects.get_or_create(
            name=name,
            defaults={
                "kind": kind,
                "display_name": found.display_name,
                "enabled": found.enabled_by_default,
                # Of hosts the score decides, until the operator does.
                "priority": position * 10 if kind == Provider.Kind.CATALOGUE else 100,
            },
        )
        if row.display_name != found.display_name:
            row.display_name = found.display_name
            row.save(update_fields=["display_name", "updated_at"])
        ProviderStatus.objects.get_or_create(provider=row)


def _configured(name: str, kind: Provider.Kind, classes: dict[str, type[P]]) -> tuple[Provider, type[P]]:
    row, found = Provider.known().get(name), classes.get(name)
    if row is not None and not row.enabled:
        # It may have been switched on by another process this very second.
        Provider.forget()
        row = Provider.known().get(name)
    if row is None or found is None or row.kind != kind:
        raise NotConfigured(_("There is no provider named %(name)s.") % {"name": name[:64]})
    if not row.enabled:
        raise NotConfigured(_("%(name)s is not enabled.") % {"name": row.display_name})
    return row, found


def _speaking(row: Provider, found: Catalogue, wanted: Language | None) -> Catalogue:
    """The same, which knows what it is to take files for that tell no language."""
    if found.may_lack_language:
        told = language_called(_texts(row.custom_params).get(LANGUAGE_PARAMETER))
        configured = language_called(store.current().downloads.language_plan.order[0])
        found.usual_language = told or wanted or configured or Catalogue.usual_language
        found.is_usual_guessed = told is None
    return found


def _policy(row: Provider) -> Policy:
    rules = row.rules()
    params, found = _texts(row.custom_params), catalogue_classes().get(row.name)
    if found and found.may_lack_language:
        params.pop(LANGUAGE_PARAMETER, None)
    allowed = {*settings.ALLOWED_PRIVATE_HOSTS, *([demo.authority()] if settings.DEMO else [])}
    return Policy(
        timeout=rules.timeout_seconds,
        retries=rules.max_retries,
        retry_delay=rules.retry_delay,
        headers=_texts(row.custom_headers),
        params=params,
        allowed_private_hosts=frozenset(allowed),
    )


def _client(row: Provider) -> Client:
    """Kept per provider, so that connections are used again, until its policy changes. Never shared after a fork."""
    policy, key = _policy(row), (os.getpid(), row.name)
    with _clients_lock:
        client = _clients.get(key)
        if client is None or client.policy != policy:
            client = _clients[key] = Client(policy, may_ask_again=partial(may_ask_again, row.name))
        return client


def _texts(given: object) -> dict[str, str]:
    return {str(name): str(value) for name, value in given.items()} if isinstance(given, dict) else {}


def _plain(label: str) -> str:
    return "".join(character for character in label.casefold() if character.isalnum())


@cache
def _host_labels(classes: tuple[tuple[str, type[Host]], ...]) -> dict[str, str]:
    return {_plain(label): name for name, found in classes for label in (name, found.display_name, *found.aliases)}
