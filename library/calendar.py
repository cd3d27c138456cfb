"""Which episodes were to be seen on which day, and which arrived: of a stretch of days, in a few queries."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from aniworld.refusals import Invalid
from library import held_files
from library.models import AnnouncedEpisode, Episode
from providers.contracts import LANGUAGES

EXPECTED, AIRED, ARRIVED = "expected", "aired", "arrived"
ON_DISK, QUEUED, MISSING, UPCOMING = "on_disk", "queued", "missing", "upcoming"
LONGEST_DAYS = 366
# Of each kind in one answer: a library that was adopted today arrived today.
MOST_OF_A_KIND = 2000
# What an entry is made of: a month has thousands, and whole rows with their series take four times as long.
_READ = ("pk", "series_id", "series__key", "series__name", "season", "number", "title", "aired_on", "updated_at")
_READ_OF_EPISODES = ("title_alt", "languages", "is_downloaded", "download_date")
Read = dict[str, Any]
_DAYS_BACK, _DAYS_AHEAD = timedelta(days=14), timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Span:
    """Days, both included."""

    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Entry:
    """An episode on a day. `kind`: expected (to be seen then), aired (was to be seen), arrived (came into the library).

    `state`: on_disk, queued, missing, or upcoming for what nobody offers yet. `episode_id` is None for an episode
    that the catalogue does not list yet.
    """

    date: date
    kind: str
    key: str
    name: str
    season: int
    number: int
    title: str
    languages: tuple[str, ...]
    state: str
    episode_id: int | None
    changed_at: datetime

    @property
    def code(self) -> str:
        """S01E05."""
        return f"S{self.season:02d}E{self.number:02d}"

    def queued(self) -> Entry:
        """The same, with a download on its way."""
        return replace(self, state=QUEUED) if self.state != ON_DISK else self


@dataclass(frozen=True, slots=True)
class Listed:
    """The entries in order; `truncated` when there are more of some kind."""

    entries: list[Entry]
    truncated: bool


def span(start: date | None, end: date | None, today: date) -> Span:
    """The days asked for; without any, those around today. Raises `Invalid`."""
    length = _DAYS_BACK + _DAYS_AHEAD
    try:
        if start is None:
            start = today - _DAYS_BACK if end is None else end - length
        end = end or (start + length)
    except OverflowError:
        raise Invalid(_("The calendar does not reach that far."), "invalid_range") from None
    if end < start:
        raise Invalid(_("The calendar's last day lies before its first."), "invalid_range")
    if (end - start).days >= LONGEST_DAYS:
        raise Invalid(_("Ask for at most %d days at once.") % LONGEST_DAYS, "range_too_long")
    return Span(start, end)


def listed(days: Span, *, today: date, monitored: bool | None = None) -> Listed:
    """What happens on these days, in four queries; of series that are monitored, are not, or of all (None).

    What aired and arrived on one day is told once, as arrived. Its languages are then those on disk, else those of the
    catalogue.
    """
    of = Q(series__deleted_at__isnull=True) & (Q() if monitored is None else Q(series__monitored=monitored))
    arrived = _some(_arrivals(days).filter(of).order_by("-download_date", "-id"), *_READ_OF_EPISODES)
    airing = Episode.objects.filter(of, aired_on__range=(days.start, days.end)).order_by("aired_on", "id")
    aired = _some(airing, *_READ_OF_EPISODES)
    announced = _some(AnnouncedEpisode.objects.unlisted(days.start, days.end).filter(of).order_by("aired_on", "id"))
    entries = list(_arrived(arrived[:MOST_OF_A_KIND]))
    told = {(entry.episode_id, entry.date) for entry in entries}
    entries += [
        entry for read in aired[:MOST_OF_A_KIND] if ((entry := _airing(read, today)).episode_id, entry.date) not in told
    ]
    entries += [_announcement(read, today) for read in announced[:MOST_OF_A_KIND]]
    entries.sort(key=lambda entry: (entry.date, entry.name.casefold(), entry.season, entry.number, entry.kind))
    return Listed(entries, any(len(some) > MOST_OF_A_KIND for some in (arrived, aired, announced)))


def with_queue(entries: Collection[Entry], queued: Collection[int]) -> Iterator[Entry]:
    """The entries, where `queued` holds the row ids of the episodes that are in the queue."""
    for entry in entries:
        yield entry.queued() if entry.episode_id in queued else entry


def _arrivals(days: Span) -> QuerySet[Episode]:
    zone = timezone.get_current_timezone()
    begin = datetime.combine(days.start, time.min, zone)
    # The day after the last one may not exist.
    until = datetime.combine(days.end, time.max, zone)
    return Episode.objects.filter(download_date__range=(begin, until), is_downloaded=True)


def _some(rows: QuerySet[Any], *more: str) -> list[Read]:
    return list(rows.values(*_READ, *more)[: MOST_OF_A_KIND + 1])


def _arrived(several: Sequence[Read]) -> Iterator[Entry]:
    on_disk = held_files.languages_at(
        (read["pk"], read["series_id"], read["season"], read["number"]) for read in several
    )
    zone = timezone.get_current_timezone()
    for read in several:
        day = read["download_date"].astimezone(zone).date()
        yield _entry(read, day, ARRIVED, ON_DISK, on_disk.get(read["pk"]) or read["languages"])


def _airing(read: Read, today: date) -> Entry:
    missing = MISSING if read["languages"] else UPCOMING
    state = ON_DISK if read["is_downloaded"] else missing
    return _entry(read, read["aired_on"], _kind(read["aired_on"], today), state, read["languages"])


def _announcement(read: Read, today: date) -> Entry:
    # Its number in the table is none of an episode's.
    return _entry({**read, "pk": None}, read["aired_on"], _kind(read["aired_on"], today), UPCOMING, ())


def _entry(read: Read, day: date, kind: str, state: str, languages: Collection[str]) -> Entry:
    return Entry(
        date=day,
        kind=kind,
        key=read["series__key"],
        name=read["series__name"],
        season=read["season"],
        number=read["number"],
        title=read["title"] or read.get("title_alt", ""),
        languages=tuple(name for name in LANGUAGES if name in languages),
        state=state,
        episode_id=read["pk"],
        changed_at=read["updated_at"],
    )


def _kind(day: date, today: date) -> str:
    return EXPECTED if day >= today else AIRED
