"""What other programs read here: feeds, the calendar, and the numbers for dashboards; and whether they could.

They are tried as those programs do it, over HTTP at the address under which the site is reached now. Of tokens and keys
only digests are kept, so a pass is used that opens the same for a minute.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException, ElementTree
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from aniworld.accounts import feeds, tokens
from aniworld.accounts.models import ApiKey, User
from integrations.feeds.models import ArrivalsFeed
from integrations.managers import Address, Tried
from integrations.outgoing import Refusal, ask, judged
from library.models import CalendarFeed

# Bytes of a feed or calendar; a year of many series is some.
_LIMIT = 16 * 1024 * 1024
_ENTRY, _ITEM = "{http://www.w3.org/2005/Atom}entry", "item"


class _NotThat(Exception):
    """What was answered is something else. The text says what was expected."""


def addresses(request: HttpRequest) -> list[Address]:
    """Those of this site, as whoever looks at the page reaches it; feeds want a token of the calendar's page."""
    return [
        Address("widget", _("Numbers for dashboards; the API key goes into the header X-Api-Key"), _numbers(request)),
        Address("arrivals", _("Arrivals for feed readers"), request.build_absolute_uri(_of_feed("atom"))),
        Address("calendar-file", _("Calendar for programs"), request.build_absolute_uri(reverse("calendar-feed"))),
    ]


def try_out(request: HttpRequest, user: User) -> Iterator[Tried]:
    """Each with a plain result."""
    arrivals, calendar = feeds.pass_for(ArrivalsFeed, user), feeds.pass_for(CalendarFeed, user)
    yield _tried(request, _("Arrivals (Atom)"), f"{_of_feed('atom')}?token={arrivals}", _entries(_ENTRY))
    yield _tried(request, _("Arrivals (RSS)"), f"{_of_feed('rss')}?token={arrivals}", _entries(_ITEM))
    yield _tried(request, _("Calendar"), f"{reverse('calendar-feed')}?token={calendar}", _events)
    key, text = tokens.create_key(
        user, f"test-{secrets.token_hex(8)}", ApiKey.Scope.READ, timezone.now() + timedelta(minutes=1)
    )
    try:
        yield _tried(request, _("Numbers for dashboards"), _numbers(request), _widget, {"X-Api-Key": text})
    finally:
        key.delete()


def _numbers(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("api:show_widget"))


def _of_feed(form: str) -> str:
    return reverse("arrivals-feed", args=[form])


def _tried(
    request: HttpRequest,
    title: str,
    path: str,
    understood: Callable[[bytes], str],
    headers: dict[str, str] | None = None,
) -> Tried:
    url = request.build_absolute_uri(path)
    try:
        # It is this very site, whose name the operator allowed.
        answer = ask("GET", url, headers=headers, limit=_LIMIT, also_allowed=request.get_host())
        outcome = judged(url, answer)
        return Tried(title, outcome.ok, understood(answer.content) if outcome.ok else outcome.reason)
    except Refusal as refusal:
        return Tried(title, False, refusal.outcome.reason)
    except _NotThat as wrong:
        facts = {"expected": wrong, "type": answer.headers.get("Content-Type", "")[:80] or "–"}
        text = _("%(expected)s was expected, and something else came (%(type)s). Does a proxy ask for a login there?")
        return Tried(title, False, text % facts)


def _entries(name: str) -> Callable[[bytes], str]:
    def counted(content: bytes) -> str:
        try:
            found = len(list(ElementTree.fromstring(content).iter(name)))
        except (ParseError, DefusedXmlException, ValueError):
            raise _NotThat(_("A feed")) from None
        return ngettext("Well-formed, with %d entry.", "Well-formed, with %d entries.", found) % found

    return counted


def _events(content: bytes) -> str:
    lines = content.decode("utf-8", "replace").splitlines()
    if not lines or lines[0] != "BEGIN:VCALENDAR" or lines[-1] != "END:VCALENDAR":
        raise _NotThat(_("A calendar"))
    found = lines.count("BEGIN:VEVENT")
    return ngettext("Well-formed, with %d entry.", "Well-formed, with %d entries.", found) % found


def _widget(content: bytes) -> str:
    try:
        numbers = json.loads(content)
        facts = {name: numbers[name] for name in ("status", "series", "missing")}
    except (ValueError, LookupError, TypeError):
        raise _NotThat(_("The numbers as JSON")) from None
    return _("It answers. Status: %(status)s; series: %(series)d; missing episodes: %(missing)d.") % facts
