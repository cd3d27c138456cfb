"""Asks the catalogues for what the indexer is asked for: behind the answer, and for a moment before it.

A request waits a second at most for a title that nobody has looked for yet; what comes later is there for the next.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from datetime import timedelta

from aniworld import clock
from aniworld.accounts import throttling
from aniworld.accounts.tokens import Principal
from integrations.torznab.models import LONGEST_QUERY, NEWEST, KnownSeries, Lookup
from library import bell, catalog
from library.catalog import SearchOutcome
from library.models import Series
from library.models.loading_state import LoadingState
from providers import registry
from providers.contracts import NewEpisode, SeriesDetails
from providers.exceptions import ProviderError
from providers.monitored import MonitoredCatalogue

log = logging.getLogger(__name__)

TASK = "integrations.torznab.tasks.look_up"
# How long a request waits for the catalogues, in seconds: the whole answer takes two at most.
PATIENCE = 1.2
_LOOK_AGAIN = 0.05
# Look-ups that one caller may begin in a minute; answers that are known are not counted.
_MOST_A_MINUTE = 30
# Of one search these are read, best first, and of each so many seasons.
_MOST_SERIES = 4
_MOST_SEASONS = 60
_MOST_EPISODES = 3000
# One look-up does not keep a worker for longer, in seconds.
_LONGEST = 60.0
_MOST_NEWEST = 500
_WORD = re.compile(r"\w+")
_SHORTEST_WORD, _MOST_WORDS = 4, 3
# Episodes of a series that nobody monitors are read anew when it is asked for after so long.
_STALE = timedelta(hours=1)


class LookupLost(Exception):
    """Somebody else has it by now, or it has taken too long."""


def ask(query: str, principal: Principal, begun: float) -> None:
    """Has the catalogues asked, unless the answer is fresh, and waits for a moment where none is known yet.

    `begun` is when the request began, by the monotonic clock: what it took until now is not waited again.

    Raises `SlowDown` for whoever asks for too many different things.
    """
    query = query[:LONGEST_QUERY]
    known = Lookup.objects.filter(query=query).only("done_at").first()
    if known is None:
        throttling.count(f"torznab {principal.user.pk}", _MOST_A_MINUTE, timedelta(minutes=1))
    row, is_asked = Lookup.objects.ask(query)
    if is_asked:
        bell.ring_for(TASK)
    if row.done_at is None:
        _wait(row, begun + PATIENCE)


def refresh(series: Series) -> None:
    """Has a series of the library read anew that nobody monitors, when that was long ago; behind the answer."""
    at_rest = series.loading_status in (LoadingState.Loading.COMPLETED, LoadingState.Loading.FAILED)
    read = series.checked_at or series.created_at
    if not series.monitored and at_rest and read < clock.now() - _STALE and series.updated_at < clock.now() - _STALE:
        catalog.reload(series, ("episodes",))


def run_due() -> int:
    """Carries out what waits, one after the other; answers how many there were."""
    count = 0
    while row := Lookup.objects.claim_next():
        count += 1
        try:
            _run(row)
        except LookupLost as lost:
            row.end([], str(lost))
            log.warning("The look-up %s was given up: %s", row, lost)
    return count


def ring_if_due() -> None:
    """Rings again for what waits: bells get lost."""
    if Lookup.objects.due(clock.now() - timedelta(seconds=3)).exists():
        bell.ring_for(TASK)


def _wait(row: Lookup, until: float) -> None:
    while time.monotonic() < until:
        if Lookup.objects.filter(pk=row.pk, done_at__isnull=False).exists():
            return
        time.sleep(_LOOK_AGAIN)


def _run(row: Lookup) -> None:
    found, errors = _newest(row) if row.query == NEWEST else _search(row)
    row.end(found, "; ".join(errors)[:1000])


def _search(row: Lookup) -> tuple[list[list[str]], list[str]]:
    outcome = _asked(row.query)
    errors = [f"{warning.provider}: {warning.message}" for warning in outcome.unanswered]
    found, until = [], time.monotonic() + _LONGEST
    for item in [one for one in outcome.items if not one.in_library][:_MOST_SERIES]:
        try:
            found.append(_remember(row, registry.catalogue(item.provider), item.link, until))
        except ProviderError as error:
            errors.append(f"{item.provider}: {error}")
    return found, errors


def _asked(query: str) -> SearchOutcome:
    """What the catalogues find; where that is nothing, what they find by its longest words.

    Managers leave out apostrophes and accents, which catalogues may insist on.
    """
    outcome = catalog.search(query)
    words = sorted({word for word in _WORD.findall(query) if len(word) >= _SHORTEST_WORD}, key=len, reverse=True)
    for word in words[:_MOST_WORDS]:
        if outcome.items or outcome.unanswered:
            break
        outcome = catalog.search(word)
    return outcome


def _remember(row: Lookup, catalogue: MonitoredCatalogue, link: str, until: float) -> list[str]:
    details = catalogue.details(link)
    episodes: list[list[object]] = []
    for season in details.seasons[:_MOST_SEASONS]:
        if not row.renew() or time.monotonic() > until:
            raise LookupLost(f"{catalogue.name} takes too long")
        listed = catalogue.episodes(season)
        episodes += [
            [entry.season, entry.number, entry.title[:200], [language.value for language in entry.languages]]
            for entry in listed
        ]
    slug = catalog.slug_of(details.link or link)
    KnownSeries.objects.update_or_create(
        provider=catalogue.name, slug=slug, defaults=_values(details, episodes[:_MOST_EPISODES])
    )
    return [catalogue.name, slug]


def _values(details: SeriesDetails, episodes: list[list[object]]) -> dict[str, object]:
    return {
        "name": _line(details.name)[:500] or details.slug[:500],
        "alternative_titles": [_line(title)[:500] for title in details.alternative_titles[:50]],
        "year": details.year if details.year and 0 < details.year < 10000 else None,
        "imdb_id": _line(details.imdb_id)[:20],
        "episodes": [[*place, _line(str(title)), languages] for *place, title, languages in episodes],
        "read_at": clock.now(),
    }


def _newest(row: Lookup) -> tuple[list[list[object]], list[str]]:
    """Of every catalogue what it lists as new; when each was seen first is kept."""
    seen = {tuple(one[:5]): one[6] for one in row.found if isinstance(one, list) and len(one) == 7}
    now, errors = clock.now().isoformat(), []
    found: list[list[object]] = []
    for catalogue in registry.enabled_catalogues():
        if not row.renew():
            raise LookupLost("somebody else has it")
        try:
            for episode in _read_newest(catalogue):
                place = [catalogue.name, episode.slug, episode.season, episode.number, episode.language.value]
                found.append([*place, _line(episode.name)[:500], _seen(episode, seen.get(tuple(place), now))])
        except ProviderError as error:
            errors.append(f"{catalogue.name}: {error}")
    return found, errors


def _read_newest(catalogue: MonitoredCatalogue) -> Iterator[NewEpisode]:
    for episode in catalogue.newest()[:_MOST_NEWEST]:
        if catalog.is_slug(episode.slug) and episode.season >= 0 and episode.number >= 0:
            yield episode


def _seen(episode: NewEpisode, before: str) -> str:
    return f"{episode.published.isoformat()}T00:00:00+00:00" if episode.published else before


def _line(text: str) -> str:
    return " ".join(text.replace("\0", "").encode(errors="ignore").decode().split())


def prune() -> int:
    """Deletes what nobody has asked for in a long time, and series that were not read for as long."""
    old = KnownSeries.objects.filter(read_at__lt=clock.now() - timedelta(days=30)).delete()[0]
    return Lookup.objects.prune() + old
