"""From a query to the offers that answer it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from aniworld.accounts.tokens import Principal
from integrations.torznab import lookups
from integrations.torznab.listings import (
    Entry,
    Listing,
    Match,
    default_plan,
    entry_of,
    heads,
    is_exact,
    listings,
    matches,
    of_library,
)
from integrations.torznab.models import NEWEST, Lookup
from integrations.torznab.offers import Offer, offers_of, singles, wanted
from integrations.torznab.query import Query
from library.models import Episode, Series
from providers.contracts import Language

# Of the library's episodes the latest so many are looked at for what is new.
_LATEST = 300
# Of a row in what was looked up as new.
_COLUMNS = 7


def answer(query: Query, principal: Principal) -> tuple[list[Offer], int]:
    """The offers asked for, newest first, and how many there are in all. Raises `SlowDown`."""
    if query.is_elsewhere:
        return [], 0
    found = _newest(principal) if query.is_open else _searched(query, principal)
    offers = {offer.release.info_hash: offer for offer in found if wanted(offer, query)}
    ordered = sorted(offers.values(), key=_newest_first, reverse=True)
    return ordered[query.offset : query.offset + query.limit], len(ordered)


def _newest_first(offer: Offer) -> tuple[datetime, int, int, int]:
    release = offer.release
    return offer.published, release.season, release.episode or 0, offer.seeders


def _searched(query: Query, principal: Principal) -> Iterable[Offer]:
    begun = time.monotonic()
    found = matches(query, heads())
    if query.looked_for and not any(is_exact(match, query) for match in found):
        lookups.ask(query.looked_for.casefold(), principal, begun)
        found = matches(query, heads())
    _refresh(found)
    for match, listing in zip(found, listings(found), strict=True):
        yield from offers_of(listing, query, match.absolute)


def _refresh(found: list[Match]) -> None:
    """What is asked for by name is read anew behind the answer, when it was read long ago."""
    rows = [match.head.row for match in found if not match.head.is_known][:3]
    for series in Series.objects.live().filter(pk__in=rows):
        lookups.refresh(series)


def _newest(principal: Principal) -> list[Offer]:
    """What came last into the library's lists and what the catalogues name as new."""
    lookups.ask(NEWEST, principal, time.monotonic())
    row = Lookup.objects.filter(query=NEWEST).first()
    found = {offer.release.info_hash: offer for offer in _latest_of_library()}
    for offer in _named_new(row.found if row else []):
        ours = found.get(offer.release.info_hash)
        # What the library knows of it (names, numbers, sizes) is better; when it came, the catalogue may know.
        found[offer.release.info_hash] = (
            replace(ours, published=max(ours.published, offer.published)) if ours else offer
        )
    return list(found.values())


def _latest_of_library() -> Iterator[Offer]:
    rows = Episode.objects.filter(series__deleted_at__isnull=True).exclude(languages={})
    rows = rows.exclude(series__provider="").exclude(series__slug="")
    for episode in rows.select_related("series").order_by("-pk")[:_LATEST]:
        yield from singles(of_library(episode.series, ()), entry_of(episode))


def _named_new(rows: Iterable[object]) -> Iterator[Offer]:
    """Of what the catalogues named as new."""
    plan = default_plan()
    for row in rows:
        if isinstance(row, list) and len(row) == _COLUMNS:
            provider, slug, season, number, language, name, seen = row
            entry = Entry(season, number, number, (Language(language),), datetime.fromisoformat(seen))
            yield from singles(Listing(provider, slug, name, plan, (entry,)), entry)
