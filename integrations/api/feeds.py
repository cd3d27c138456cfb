"""`/api/integrations/feed`: the token that opens each user's feed of arrivals."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router, Status

from aniworld.accounts.authentication import signed_in, user_of
from aniworld.accounts.feeds import shown
from aniworld.accounts.schemas import FeedOut
from aniworld.api_types import Problem
from aniworld.refusals import NotThere
from integrations.feeds.models import ArrivalsFeed
from integrations.feeds.views import addresses

router = Router(tags=["integrations"], auth=signed_in)


class NewArrivalsFeed(FeedOut):
    """The token and the addresses with it; they are told this once."""

    token: str
    url: str
    rss_url: str


@router.get("", response=FeedOut)
def arrivals_feed(request: HttpRequest) -> dict[str, Any]:
    """The user's feed."""
    return shown(ArrivalsFeed.objects.filter(user=user_of(request)).first())


@router.post("", response={201: NewArrivalsFeed})
def renew_arrivals_feed(request: HttpRequest) -> Status[dict[str, Any]]:
    """Makes a token for the user's feed; one that there was opens nothing any more."""
    made, token = ArrivalsFeed.objects.renew(user_of(request))
    return Status(201, {**shown(made), "token": token, **addresses(request, token)})


@router.delete("", response={204: None, 404: Problem})
def revoke_arrivals_feed(request: HttpRequest) -> Status[None]:
    """Closes the user's feed."""
    if not ArrivalsFeed.objects.revoke(user_of(request)):
        raise NotThere(_("You have no feed of arrivals."), "no_feed")
    return Status(204, None)
