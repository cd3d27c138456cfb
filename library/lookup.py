"""Which series of the catalogues somebody means by a word: its key there, or its title. This asks the network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from aniworld.refusals import Invalid, NotReady, NotThere
from library import catalog
from library.catalog import Found, SearchOutcome
from library.models import Series
from providers import registry
from providers.exceptions import NotConfigured, NotFound
from providers.monitored import MonitoredCatalogue

_MOST_TITLES = 5


@dataclass(frozen=True, slots=True)
class Meant:
    """The catalogue's name and its own key of the series."""

    provider: str
    key: str


def look_up(word: str, provider: str = "") -> Meant:
    """The one series that has `word` as its key or its title, at `provider` or any enabled catalogue.

    Raises `NotThere` with the nearest titles, `Invalid` when several have it, `NotReady` when no catalogue answers, and
    `ProviderError`.
    """
    found = _in_library(word, provider) or _by_key(word, _catalogues(provider)) or _by_title(word, provider)
    if len(found) > 1:
        names = ", ".join(meant.provider for meant in found)
        raise Invalid(_("Several catalogues have it; name one with --provider: %s.") % names, "provider_needed")
    return found[0]


def _in_library(word: str, provider: str) -> list[Meant]:
    rows = Series.objects.live().filter(slug=word) if "\0" not in word else Series.objects.none()
    places = rows.values_list("provider", "slug")
    return [Meant(*place) for place in (places.filter(provider=provider) if provider else places)]


def _catalogues(provider: str) -> Sequence[MonitoredCatalogue]:
    if not provider:
        return registry.enabled_catalogues()
    try:
        return [registry.catalogue(provider)]
    except NotConfigured as error:
        raise Invalid(str(error), "not_configured") from None


def _by_key(word: str, catalogues: Sequence[MonitoredCatalogue]) -> list[Meant]:
    if not catalog.is_slug(word):
        return []
    return [Meant(catalogue.name, word) for catalogue in catalogues if _has(catalogue, word)]


def _has(catalogue: MonitoredCatalogue, key: str) -> bool:
    try:
        catalogue.details(key)
    except NotFound:
        return False
    return True


def _by_title(word: str, provider: str) -> list[Meant]:
    outcome = catalog.search(word.replace("-", " "))
    items = [item for item in outcome.items if provider in ("", item.provider)]
    exact = [item for item in items if item.name.casefold() == word.strip().casefold()]
    if not exact:
        raise _nothing(word, items, outcome)
    return [Meant(item.provider, catalog.slug_of(item.link)) for item in exact]


def _nothing(word: str, items: Sequence[Found], outcome: SearchOutcome) -> NotThere | NotReady:
    if outcome.warnings and not items:
        reasons = "; ".join(f"{warning.provider}: {warning.message}" for warning in outcome.warnings)
        return NotReady(_("No catalogue could be asked: %s") % reasons, "catalogue_unavailable")
    if not items:
        return NotThere(_("No enabled catalogue has a series “%s”.") % word[:80], "unknown_series")
    near = ", ".join(f"{item.name} ({catalog.slug_of(item.link)})" for item in items[:_MOST_TITLES])
    return NotThere(
        _("There is no “%(word)s”. Near to it: %(near)s.") % {"word": word[:80], "near": near}, "unknown_series"
    )
