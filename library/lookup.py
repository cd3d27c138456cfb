"""Which series of the catalogues somebody means by a word: its key there, or its title. This asks the network."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from django.utils.translation import gettext as _

from aniworld.refusals import Invalid, NotReady, NotThere
from library import catalog
from library.catalog import Found, SearchOutcome
from library.models import Series
from providers import registry
from providers.exceptions import NotConfigured, NotFound
from providers.monitored import MonitoredCatalogue

_MOST_TITLES = 5
# A typo is looked for by the beginnings of so many of its words, each of so many letters at least.
_MOST_PARTS = 3
_SHORTEST = 3
_WORD = re.compile(r"\w+")
# The share of letters in common from which on a title is worth naming.
_LIKE = 0.6


@dataclass(frozen=True, slots=True)
class Meant:
    """The catalogue's name, its own key of the series, and what it calls it; "" where nobody was asked."""

    provider: str
    key: str
    name: str = ""


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
    return [Meant(catalogue.name, word, name) for catalogue in catalogues if (name := _name_at(catalogue, word))]


def _name_at(catalogue: MonitoredCatalogue, key: str) -> str:
    """What it calls the series of that key; "" when it has none."""
    try:
        return catalogue.details(key).name or key
    except NotFound:
        return ""


def _by_title(word: str, provider: str) -> list[Meant]:
    outcome = catalog.search(word.replace("-", " "))
    items = [item for item in outcome.items if provider in ("", item.provider)]
    exact = [item for item in items if item.name.casefold() == word.strip().casefold()]
    if not exact:
        raise _nothing(word, items or near_to(word, provider, outcome), outcome)
    return [Meant(item.provider, item.slug, item.name) for item in exact]


def near_to(word: str, provider: str, outcome: SearchOutcome) -> list[Found]:
    """Titles that are written nearly like `word`: catalogues find none for a typo, but some for its beginning."""
    if outcome.unanswered:
        return []
    parts = sorted(_WORD.findall(word), key=len, reverse=True)[:_MOST_PARTS]
    beginnings = dict.fromkeys(part[: max(_SHORTEST, len(part) // 2)] for part in parts if len(part) >= _SHORTEST)
    found = {(item.provider, item.link): item for part in beginnings for item in catalog.search(part).items}.values()
    rated = [(_likeness(word, item), item) for item in found if provider in ("", item.provider)]
    return [item for score, item in sorted(rated, key=lambda pair: -pair[0]) if score >= _LIKE]


def _likeness(word: str, item: Found) -> float:
    wanted = word.replace("-", " ").casefold()
    names = (item.name.casefold(), item.slug.replace("-", " ").casefold())
    return max(SequenceMatcher(None, wanted, name).ratio() for name in names)


def _nothing(word: str, items: Sequence[Found], outcome: SearchOutcome) -> NotThere | NotReady:
    if outcome.unanswered and not items:
        reasons = "; ".join(f"{warning.provider}: {warning.message}" for warning in outcome.unanswered)
        return NotReady(_("No catalogue could be asked: %s") % reasons, "catalogue_unavailable")
    if not items:
        return NotThere(_("No enabled catalogue has a series “%s”.") % word[:80], "unknown_series")
    near = ", ".join(f"{item.name} ({item.slug})" for item in items[:_MOST_TITLES])
    return NotThere(
        _("There is no “%(word)s”. Near to it: %(near)s.") % {"word": word[:80], "near": near}, "unknown_series"
    )
