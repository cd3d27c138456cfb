"""The calendar as a file that calendar programs fetch by themselves, opened by a token of its own."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import conditional_page, require_safe

from aniworld.accounts import feeds
from aniworld.configuration import store
from library import calendar
from library.calendar import Span
from library.calendar_file import CONTENT_TYPE, calendar_file
from library.models import CalendarFeed

_BACK, _AHEAD = timedelta(days=60), timedelta(days=300)


@require_safe
@conditional_page
def feed(request: HttpRequest) -> HttpResponse:
    """The weeks behind and the months ahead; 401 unless the token opens a feed.

    It costs the same number of queries however long it is, and a wrong token is answered as fast as any other.
    """
    if CalendarFeed.objects.opened_by(request.GET.get("token", "")) is None:
        return feeds.closed(_("This address needs the token of a calendar feed. The calendar's page makes one."))
    today = timezone.localdate()
    only = True if request.GET.get("monitored") == "true" else None
    found = calendar.listed(Span(today - _BACK, today + _AHEAD), today=today, monitored=only)
    content = calendar_file(found.entries, store.current().general.site_name)
    return HttpResponse(content, content_type=CONTENT_TYPE, headers=_HEADERS)


_HEADERS = {"Content-Disposition": 'inline; filename="calendar.ics"', **feeds.HEADERS}
