"""The feed over HTTP, for programs that know nothing but its address."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import conditional_page, require_safe

from aniworld.accounts import feeds
from aniworld.configuration import store
from integrations.feeds import arrivals
from integrations.feeds.document import document
from integrations.feeds.models import ArrivalsFeed


@require_safe
@conditional_page
def feed(request: HttpRequest, form: str) -> HttpResponse:
    """The newest arrivals; 401 unless the token opens a feed. A wrong one is answered as fast as any other."""
    if ArrivalsFeed.objects.opened_by(request.GET.get("token", "")) is None:
        return feeds.closed(_("This address needs the token of a feed of arrivals. The calendar's page makes one."))
    content, type_ = document(
        arrivals.newest(),
        form,
        site=store.current().general.site_name,
        home=request.build_absolute_uri(reverse("library")),
        page_of=lambda key: request.build_absolute_uri(reverse("series", args=[key])),
    )
    return HttpResponse(content, content_type=type_, headers=feeds.HEADERS)


def addresses(request: HttpRequest, token: str) -> dict[str, str]:
    """Where the feed is, as this request reached us."""
    return {
        name: request.build_absolute_uri(f"{reverse('arrivals-feed', args=[form])}?token={token}")
        for name, form in (("url", "atom"), ("rss_url", "rss"))
    }
