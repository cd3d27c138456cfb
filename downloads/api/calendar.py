"""The calendar over HTTP, and the token that opens each user's feed."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema, Status
from pydantic import BeforeValidator, ConfigDict, Field

from aniworld.accounts.authentication import signed_in, user_of
from aniworld.accounts.feeds import shown
from aniworld.accounts.schemas import FeedOut
from aniworld.api_types import Answer, Problem
from aniworld.refusals import NotThere
from downloads import calendar
from library.calendar import span
from library.models import CalendarFeed

router = Router(tags=["calendar"], auth=signed_in)


def _iso_date(text: object) -> date:
    try:
        day = date.fromisoformat(text) if isinstance(text, str) and len(text) == 10 else None
    except ValueError:
        day = None
    if day is None or not 1970 <= day.year <= 9000:
        raise ValueError("write a date like 2026-05-01, from 1970 to 9000")
    return day


Day = Annotated[date, BeforeValidator(_iso_date)]


class CalendarQuery(Schema):
    """Which days, both included, and of which series."""

    model_config = ConfigDict(populate_by_name=True)

    start: Day | None = Field(None, alias="from")
    to: Day | None = None
    monitored: bool | None = None


class SeriesOut(Answer):
    """The series of an entry."""

    key: str
    name: str


class EntryOut(Answer):
    """An episode on a day. `upcoming`: nobody offers it yet."""

    date: date
    kind: Literal["expected", "aired", "arrived"]
    series: SeriesOut
    season: int
    episode: int
    title: str
    languages: list[str]
    state: Literal["on_disk", "queued", "missing", "upcoming"]


class CalendarOut(Answer):
    """The days with what is on them, in order; `truncated` when there is too much of some kind for one answer."""

    start: date = Field(serialization_alias="from")
    to: date
    items: list[EntryOut]
    truncated: bool


class NewFeedOut(FeedOut):
    """The token and the addresses with it; they are told this once."""

    token: str
    url: str
    webcal_url: str


@router.get("", response=CalendarOut, by_alias=True)
def show(request: HttpRequest, query: Query[CalendarQuery]) -> dict[str, Any]:
    """Expected and arrived episodes, without dates those of the weeks around today."""
    today = timezone.localdate()
    days = span(query.start, query.to, today)
    found = calendar.listed(days, today=today, monitored=query.monitored)
    items = [calendar.shown(entry) for entry in found.entries]
    return {"start": days.start, "to": days.end, "items": items, "truncated": found.truncated}


@router.get("/token", response=FeedOut)
def feed(request: HttpRequest) -> dict[str, Any]:
    """The user's feed."""
    return shown(CalendarFeed.objects.filter(user=user_of(request)).first())


@router.post("/token", response={201: NewFeedOut})
def renew_feed(request: HttpRequest) -> Status[dict[str, Any]]:
    """Makes a token for the user's feed; one that there was opens nothing any more."""
    made, token = CalendarFeed.objects.renew(user_of(request))
    return Status(201, {**shown(made), "token": token, **addresses(request, token)})


@router.delete("/token", response={204: None, 404: Problem})
def revoke_feed(request: HttpRequest) -> Status[None]:
    """Closes the user's feed."""
    if not CalendarFeed.objects.revoke(user_of(request)):
        raise NotThere(_("You have no calendar feed."), "no_feed")
    return Status(204, None)


def addresses(request: HttpRequest, token: str) -> dict[str, str]:
    """Where the feed is, as this request reached us; `webcal` makes a calendar program subscribe to it."""
    url = request.build_absolute_uri(f"{reverse('calendar-feed')}?token={token}")
    return {"url": url, "webcal_url": f"webcal:{url.partition(':')[2]}"}
