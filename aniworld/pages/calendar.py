"""The calendar: a month as a grid and as a list, and the address that calendar programs subscribe to."""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import get_format

from aniworld.accounts.authentication import user_of
from aniworld.accounts.feeds import Feed
from aniworld.configuration import store
from aniworld.pages.access import members
from downloads import calendar
from downloads.api.calendar import addresses
from integrations.feeds import views as arrivals
from integrations.feeds.models import ArrivalsFeed
from library.calendar import Entry, Span
from library.models import CalendarFeed

# In one day of the grid, and of the list: a library that was adopted today arrived today.
SHOWN_A_DAY = 4
LISTED_A_DAY = 60
_FIRST_YEAR, _LAST_YEAR = 1970, 9000
VIEWS = ("month", "agenda")


@dataclass(frozen=True, slots=True)
class Day:
    """A day with what is on it."""

    date: date
    is_today: bool
    is_in_month: bool
    entries: Sequence[Entry]
    is_whole: bool = False
    address: str = ""

    @property
    def shown(self) -> Sequence[Entry]:
        """What has room in the grid."""
        return self.entries[:SHOWN_A_DAY]

    @property
    def more_count(self) -> int:
        """What has none."""
        return max(0, len(self.entries) - SHOWN_A_DAY)

    @property
    def listed(self) -> Sequence[Entry]:
        """What the list has of it."""
        return self.entries if self.is_whole else self.entries[:LISTED_A_DAY]

    @property
    def unlisted_count(self) -> int:
        """What it only counts."""
        return len(self.entries) - len(self.listed)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for: the month by its first day, or one day of it, of which series, and how it is shown."""

    month: date
    monitored: bool
    view: str
    day: date | None = None

    @classmethod
    def of(cls, query: Mapping[str, str], today: date) -> Wanted:
        """What cannot be understood is as if it were not there."""
        day = _day(query.get("day", ""))
        view = "agenda" if day else query.get("view", "")
        return cls(
            day.replace(day=1) if day else _month(query.get("month", ""), today),
            query.get("show") == "monitored",
            view if view in VIEWS else VIEWS[0],
            day,
        )

    def address(self, **changed: Any) -> str:
        """The query of this calendar with something changed, without what goes without saying."""
        month, monitored, view = (changed.get(name, getattr(self, name)) for name in ("month", "monitored", "view"))
        day = changed.get("day")
        named = {
            "month": "" if day else f"{month:%Y-%m}",
            "day": f"{day:%Y-%m-%d}" if day else "",
            "show": "monitored" if monitored else "",
            "view": view if view != "month" and not day else "",
        }
        return f"?{urlencode({name: value for name, value in named.items() if value})}"


@members
def page(request: HttpRequest) -> HttpResponse:
    """The whole page."""
    return render(request, "pages/calendar.html", _shown(request) | _feed(request))


@members
def part(request: HttpRequest) -> HttpResponse:
    """All that changes while it is looked at."""
    return render(request, "parts/calendar.html", _shown(request))


@members
def subscription(request: HttpRequest) -> HttpResponse:
    """Makes or revokes the user's feed. Its address is shown in the answer and never again."""
    return _subscribed(request, CalendarFeed, "subscribe", lambda token: addresses(request, token))


@members
def arrivals_subscription(request: HttpRequest) -> HttpResponse:
    """The same for the feed of arrivals."""
    return _subscribed(
        request, ArrivalsFeed, "reader", lambda token: {"arrivals_url": arrivals.addresses(request, token)["url"]}
    )


def _subscribed(
    request: HttpRequest, kind: type[Feed], place: str, told: Callable[[str], dict[str, str]]
) -> HttpResponse:
    feeds: Any = kind._default_manager
    if request.method != "POST":
        return HttpResponseRedirect(reverse("calendar"))
    if request.POST.get("verb") == "revoke":
        feeds.revoke(user_of(request))
        return HttpResponseRedirect(f"{reverse('calendar')}#{place}")
    _feed_made, token = feeds.renew(user_of(request))
    return render(request, "pages/calendar.html", _shown(request) | _feed(request) | told(token))


def _shown(request: HttpRequest) -> dict[str, Any]:
    today = timezone.localdate()
    wanted = Wanted.of(request.GET, today)
    days = grid_of(wanted.month)
    found = calendar.listed(days, today=today, monitored=True if wanted.monitored else None)
    listed = [
        replace(day, is_whole=day.date == wanted.day, address=wanted.address(day=day.date))
        for day in _days(days, wanted.month, today, found.entries)
    ]
    before, after = _next_month(wanted.month, -1), _next_month(wanted.month, 1)
    return {
        "wanted": wanted,
        "weeks": [listed[start : start + 7] for start in range(0, len(listed), 7)],
        "agenda": [day for day in listed if day.is_in_month and day.entries and wanted.day in (None, day.date)],
        "before": wanted.address(month=before) if before else "",
        "after": wanted.address(month=after) if after else "",
        "now": wanted.address(month=today.replace(day=1)),
        "all_address": wanted.address(monitored=False, day=wanted.day),
        "monitored_address": wanted.address(monitored=True, day=wanted.day),
        "month_address": wanted.address(view="month"),
        "agenda_address": wanted.address(view="agenda"),
        "truncated": found.truncated,
        "part_address": reverse("calendar-part") + wanted.address(day=wanted.day),
        "has_tmdb_key": bool(store.current().metadata.tmdb_api_key),
    }


def _feed(request: HttpRequest) -> dict[str, Any]:
    user = user_of(request)
    return {
        "feed": CalendarFeed.objects.filter(user=user).first(),
        "arrivals_feed": ArrivalsFeed.objects.filter(user=user).first(),
        **dict.fromkeys(("url", "webcal_url", "arrivals_url"), ""),
    }


def grid_of(month: date) -> Span:
    """Whole weeks around a month, from the day that begins a week where the user lives."""
    # Django counts from Sunday, Python from Monday.
    first_weekday = (get_format("FIRST_DAY_OF_WEEK") - 1) % 7
    last = month.replace(day=monthrange(month.year, month.month)[1])
    start = month - timedelta(days=(month.weekday() - first_weekday) % 7)
    end = last + timedelta(days=(first_weekday - 1 - last.weekday()) % 7)
    return Span(start, end)


def _days(days: Span, month: date, today: date, entries: Sequence[Entry]) -> list[Day]:
    on: defaultdict[date, list[Entry]] = defaultdict(list)
    for entry in entries:
        on[entry.date].append(entry)
    return [Day(day, day == today, day.month == month.month, on[day]) for day in _each(days)]


def _each(days: Span) -> Iterator[date]:
    for number in range((days.end - days.start).days + 1):
        yield days.start + timedelta(days=number)


def _month(text: str, today: date) -> date:
    try:
        month = date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)
    return month if _FIRST_YEAR <= month.year <= _LAST_YEAR else today.replace(day=1)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if _FIRST_YEAR <= day.year <= _LAST_YEAR else None


def _next_month(month: date, step: int) -> date | None:
    number = month.year * 12 + month.month - 1 + step
    year = number // 12
    return date(year, number % 12 + 1, 1) if _FIRST_YEAR <= year <= _LAST_YEAR else None
