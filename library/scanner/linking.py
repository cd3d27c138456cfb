"""Finds out which series of the catalogues an adopted one is. This asks the network, a few series at a time."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from aniworld.refusals import Invalid, NotReady, Refused
from library import candidates, catalog
from library.catalog import AlreadyThere, Found
from library.metadata import beside, matching, nfo
from library.metadata.choosing import TVSHOW
from library.models import Finding, Series
from library.scanner.merging import merge
from providers import registry

log = logging.getLogger(__name__)

# Series that one call asks for: a library of thousands must not press on a catalogue.
MOST_AT_ONCE = 10
_MOST_CANDIDATES = 10
_WORTH_SHOWING = 0.3
# While one asks, nobody else does; and a catalogue that did not answer is left alone for so long.
_PATIENCE = timedelta(minutes=30)


def link_waiting(limit: int = MOST_AT_ONCE) -> int:
    """Asks the catalogues for adopted series that nobody has asked for yet; answers how many were linked."""
    if not registry.enabled_catalogues():
        return 0
    linked = 0
    now = timezone.now()
    for finding in Finding.objects.unmatched(now).select_related("series").order_by("id")[:limit]:
        if finding.reserve(now, now + _PATIENCE):
            linked += _look(finding)
    return linked


def link(finding: Finding, choice: int = 0) -> Series:
    """Makes the series of a finding the one that its candidate number `choice` is, and has it loaded.

    Where the library has that one already, the files found are given to it. Raises `Invalid` and `Conflict`.
    """
    if finding.series is None or not 0 <= choice < len(finding.candidates):
        raise Invalid(_("There is no candidate for “%s”.") % finding.path, "no_candidate")
    try:
        return _link(finding, finding.series, choice)
    except AlreadyThere as there:
        other = catalog.find(there.key)
        merge(finding.series, other)
        return other


def look_for(finding: Finding, words: str) -> int:
    """Offers what the catalogues find for these words, or the series at this address; answers how many.

    Raises `Invalid` for what is no search, or a finding that is no series without a catalogue, and `NotReady` when no
    catalogue answers.
    """
    series = finding.series
    if series is None or series.provider or finding.kind != Finding.Kind.UNMATCHED:
        raise Invalid(_("Only for a series without a catalogue can one be looked for."), "not_unmatched")
    if "://" in words:
        finding.offer([_named(words)])
        return 1
    outcome = catalog.search(words)
    if outcome.unanswered and not outcome.items:
        raise NotReady(outcome.unanswered[0].message, outcome.unanswered[0].code)
    ranked = candidates.ranked([words, series.name], series.year, outcome.items)[:_MOST_CANDIDATES]
    finding.offer([candidates.shown(found, score) for score, found in ranked])
    return len(ranked)


def _link(finding: Finding, series: Series, choice: int) -> Series:
    chosen = finding.candidates[choice]
    with transaction.atomic():
        catalog.link(series, chosen["provider"], chosen["slug"], chosen["link"])
        finding.settle()
    return series


def _named(link: str) -> dict[str, Any]:
    """The series at an address, as a candidate."""
    reference = catalog.reference_of(link)
    there = Series.objects.live().filter(provider=reference.provider, slug=reference.slug)
    found = Found(
        key=reference.slug,
        slug=reference.slug,
        name=reference.slug,
        link=reference.site,
        year=None,
        description="",
        cover_url="",
        provider=reference.provider,
        in_library=there.exists(),
    )
    return candidates.shown(found, 1.0)


def _look(finding: Finding) -> bool:
    """One search. Whether it was linked."""
    series = finding.series
    if series is None or series.provider:
        finding.settle()
        return False
    known = _read_nfo(series)
    titles = list(dict.fromkeys([known.title or series.name, series.name]))
    outcome = catalog.search(matching.searchable(titles[0])[:200] or series.name[:200])
    if outcome.unanswered and not outcome.items:
        return False
    ranked = candidates.ranked(titles, known.year or series.year, outcome.items)
    finding.offer(
        [candidates.shown(found, score) for score, found in ranked[:_MOST_CANDIDATES] if score >= _WORTH_SHOWING]
    )
    if not finding.candidates or not candidates.is_sure(ranked):
        return False
    try:
        _link(finding, series, 0)
    except Refused as refusal:
        # Such as: it is in the library already, with another folder. A person has to decide.
        log.info("%s was not linked: %s", series, refusal)
        return False
    log.info("%s is %s at %s", finding.path, ranked[0][1].name, ranked[0][1].provider)
    return True


def _read_nfo(series: Series) -> nfo.Read:
    """What a `tvshow.nfo` in its folder tells; its ids are kept."""
    try:
        content = beside.content_of(PurePosixPath(series.folder) / TVSHOW)
    except (OSError, Refused) as error:
        log.info("The NFO of %s could not be read: %s", series, error)
        return nfo.Read()
    known = nfo.read(content) if content else nfo.Read()
    ids = {"tmdb_id": known.ids.tmdb, "tvdb_id": known.ids.tvdb, "imdb_id": known.ids.imdb}
    series.describe({name: value for name, value in ids.items() if value and not getattr(series, name)})
    return known
