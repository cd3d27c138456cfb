"""Which series of TMDB one of the library is: found by ids and titles, or chosen by a person."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import PurePosixPath

from django.db import transaction
from django.utils.translation import gettext as _

from aniworld.refusals import Invalid, NotThere
from library import catalog
from library.metadata import beside, matching, nfo, tmdb
from library.metadata.records import LARGEST_ID, Candidate, Ids, ShowFacts
from library.metadata.tmdb import Tmdb
from library.models import Series
from providers.exceptions import NotFound

log = logging.getLogger(__name__)

TVSHOW = "tvshow.nfo"
# What a choice of another match has to be loaded anew for.
PARTS = ("nfo", "logo", "images")
# Titles that are searched for, and candidates whose other titles are asked for, until one is sure.
_MOST_SEARCHES = 3
_MOST_LOOKED_AT = 3
_MOST_SHOWN = 20
_SURE = 0.95


def facts_of(series: Series) -> ShowFacts | None:
    """What TMDB says of a series that the caller loads; None without a key or a sure match, or where it was refused.

    The ids are written into its row. Raises `ProviderError` and `LoadingLost`.
    """
    if series.tmdb_refused or not tmdb.is_configured():
        return None
    source = tmdb.connect()
    for number in _possible(series, source):
        try:
            facts = source.show(number)
        except NotFound:
            log.info("TMDB has no series %d any more", number)
            continue
        _keep_ids(series, facts.ids)
        return facts
    return None


def candidates(series: Series, words: str = "") -> list[Candidate]:
    """Series of TMDB that it may be, best first; `words` are searched for instead of its titles.

    Raises `NoKey`, `Invalid` and `ProviderError`.
    """
    words = " ".join(words.split())
    if len(words) > 200 or "\0" in words:
        raise Invalid(_("Search for 1 to 200 characters."), "invalid_query")
    found = _search(tmdb.connect(), series, words)
    return found[:_MOST_SHOWN]


def choose(series: Series, tmdb_id: int, *, overwrite: bool = False) -> ShowFacts:
    """Makes it that series of TMDB, and has its NFO files and pictures loaded anew.

    Raises `NotThere` for a number that TMDB does not know, `NoKey`, `Conflict`, `ProviderError`.
    """
    if not 0 < tmdb_id <= LARGEST_ID:
        raise Invalid(_("This is no number of TMDB."), "invalid_tmdb_id")
    try:
        facts = tmdb.connect().show(tmdb_id)
    except NotFound:
        raise NotThere(_("TMDB has no series with the number %d.") % tmdb_id, "unknown_tmdb_id") from None
    with transaction.atomic():
        # First, because a loader at work would put the former ids back.
        catalog.reload(series, PARTS, overwrite=overwrite)
        ids = {"tmdb_id": facts.ids.tmdb, "tvdb_id": facts.ids.tvdb, "imdb_id": facts.ids.imdb}
        series.describe({**ids, "tmdb_refused": False, "dates_looked_at": None})
    return facts


def refuse(series: Series, *, overwrite: bool = False) -> None:
    """Says that TMDB does not have it: it stays with the catalogue's data and is not matched again.

    What a former match brought goes with the next loading, which this asks for. Raises `Conflict`.
    """
    with transaction.atomic():
        catalog.reload(series, ("episodes", *PARTS), overwrite=overwrite)
        series.describe({"tmdb_id": None, "tvdb_id": None, "imdb_id": "", "tmdb_refused": True})


def _possible(series: Series, source: Tmdb) -> Iterator[int]:
    """TMDB's numbers that it may have, the surest first; each is asked for only when the one before is wrong."""
    if series.tmdb_id:
        yield series.tmdb_id
    for ids in (_ids_on_disk(series), Ids(tvdb=series.tvdb_id, imdb=series.imdb_id)):
        if found := source.find(ids):
            yield found
    if sure := matching.surest(_search(source, series)):
        yield sure.tmdb_id


def _ids_on_disk(series: Series) -> Ids:
    """Those in a `tvshow.nfo` that is there already: whoever wrote it knew the series."""
    content = beside.content_of(PurePosixPath(series.folder) / TVSHOW)
    return nfo.read(content).ids if content else Ids()


def _search(source: Tmdb, series: Series, words: str = "") -> list[Candidate]:
    own = [series.name, *(title for title in series.alternative_titles if isinstance(title, str))]
    titles = [words, *own] if words else own
    found: dict[int, Candidate] = {}
    ranked: list[Candidate] = []
    for query in [words] if words else _queries(titles):
        found |= {candidate.tmdb_id: candidate for candidate in source.search(query)}
        ranked = matching.rank(titles, series.year, found.values())
        if ranked and ranked[0].score >= _SURE:
            return ranked
    for candidate in ranked[:_MOST_LOOKED_AT]:
        found[candidate.tmdb_id] = candidate.rated(0, source.titles(candidate.tmdb_id))
    return matching.rank(titles, series.year, found.values())


def _queries(titles: list[str]) -> list[str]:
    queries = (matching.searchable(title) for title in titles)
    return list(dict.fromkeys(query for query in queries if query))[:_MOST_SEARCHES]


def _keep_ids(series: Series, ids: Ids) -> None:
    values = {"tmdb_id": ids.tmdb, "tvdb_id": ids.tvdb or series.tvdb_id, "imdb_id": ids.imdb or series.imdb_id}
    if any(getattr(series, name) != value for name, value in values.items()):
        series.hold_loading(**values)
