"""The places of the rail, and which of them a page belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Place:
    """One link. `views` are names of the addresses below it; on phones only the `main` ones are a tap away."""

    name: str
    words: Any
    icon: str
    views: tuple[str, ...] = ()
    main: bool = False
    staff: bool = False
    # What is typed after "g".
    key: str = ""


PLACES = (
    Place("library", _("Library"), "library", ("series", "add", "episode-why", "findings"), main=True, key="l"),
    Place("queue", _("Queue"), "download", main=True, key="q"),
    Place("calendar", _("Calendar"), "calendar", main=True, key="c"),
    Place("favorites", _("Favourites"), "star", main=True, key="f"),
    Place("providers", _("Providers"), "radio-tower", key="p"),
    Place("activity", _("Activity"), "clock", key="a"),
    Place("settings", _("Settings"), "settings", key="s"),
    Place("admin:index", _("Admin"), "shield-check", staff=True, key="x"),
)


@dataclass(frozen=True)
class Link:
    """A place as a user sees it from a page."""

    place: Place
    address: str
    is_current: bool


def rail(request: HttpRequest) -> list[Link]:
    """The places that this user may go to, in order."""
    return list(_links(request))


def _links(request: HttpRequest) -> Iterator[Link]:
    match = request.resolver_match
    here = (match.url_name or "") if match else ""
    is_staff = bool(getattr(request.user, "is_staff", False))
    for place in PLACES:
        if place.staff and not is_staff:
            continue
        try:
            address = reverse(place.name)
        except NoReverseMatch:
            continue
        yield Link(place, address, _is_below(here, place))


def _is_below(here: str, place: Place) -> bool:
    below = (place.name, *place.views)
    return any(here == name or here.startswith(f"{name}-") for name in below)
