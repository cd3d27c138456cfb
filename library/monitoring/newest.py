"""Asks a catalogue for its newest episodes, and has the monitored series looked up that it names something new of."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from aniworld import clock
from aniworld.logs import about
from library.models import Episode, Series, Timetable
from library.monitoring import pacing
from library.monitoring.due import PREFIX
from providers import registry
from providers.contracts import NewEpisode
from providers.exceptions import NotConfigured, ProviderError

log = logging.getLogger(__name__)

# Longer than all tries of the one request take.
LEASE = timedelta(minutes=5)
# Rows of the list that are remembered, so that what the series' own page does not show is looked up once.
_REMEMBERED = 1000
Row = tuple[str, int, int, str]


def ask(timetable: Timetable) -> bool:
    """Asks the catalogue whose list is due, unless somebody else does. Raises nothing of what the outside does."""
    rhythm = pacing.of_newest()
    if rhythm is None or not timetable.claim(rhythm, clock.now(), LEASE):
        return False
    name = timetable.name.removeprefix(PREFIX)
    with about(provider=name):
        try:
            rows = registry.catalogue(name).newest()
        except (NotConfigured, ProviderError) as error:
            log.warning("The newest episodes could not be read: %s", error)
            timetable.end(Timetable.Outcome.FAILED, str(error))
            return True
        _take_in(timetable, name, rows)
    return True


def _take_in(timetable: Timetable, provider: str, rows: Iterable[NewEpisode]) -> None:
    listed = list(dict.fromkeys(_key(row) for row in rows))
    before = {tuple(row) for row in timetable.memory}
    fresh = [row for row in listed if row not in before]
    with transaction.atomic():
        named = _tell(provider, fresh)
        message = _("%(listed)d episodes listed, %(named)d monitored series to look up") % {
            "listed": len(listed),
            "named": named,
        }
        timetable.end(Timetable.Outcome.COMPLETED, message, memory=[list(row) for row in listed[:_REMEMBERED]])
    log.info("%s", message)


def _tell(provider: str, rows: Iterable[Row]) -> int:
    """Has each monitored series read of which a row is not known yet; answers how many."""
    by_slug = defaultdict[str, list[Row]](list)
    for row in rows:
        by_slug[row[0]].append(row)
    count = 0
    for series in Series.objects.monitored_at(provider).filter(slug__in=list(by_slug)):
        seasons = _unknown_seasons(series, by_slug[series.slug])
        if seasons:
            series.tell_news(seasons)
            count += 1
    return count


def _unknown_seasons(series: Series, rows: Iterable[Row]) -> set[int]:
    known = {(row.season, row.number): row.languages for row in Episode.objects.filter(series=series)}
    return {season for _slug, season, number, language in rows if language not in known.get((season, number), ())}


def _key(row: NewEpisode) -> Row:
    return row.slug, row.season, row.number, row.language.value
