"""How many of the links that a host was asked for last were gone (404 or 410).

One link that is gone says nothing of its host: files are deleted. When each of the last `LAST_LINKS` links of a day
was, the host has probably lost all that is linked to, and it ranks behind the hosts that are equal to it
(`providers.chain`). A single link that is still there, or a day without any, makes it equal again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from providers.exceptions import NotFound
from providers.judging import LAST_LINKS, Links
from providers.models import Provider, RequestLog

_A_DAY = timedelta(days=1)


def read() -> dict[str, Links]:
    """Those of every host that was asked for one, by its name."""
    since = _since(timezone.now() - _A_DAY)
    if not since:
        return {}
    latest = Q()
    for provider, moment in since.items():
        latest |= Q(provider=provider, created_at__gte=moment)
    rows = _resolved().filter(latest).values("provider__name")
    counted = rows.annotate(asked=Count("pk"), gone=Count("pk", filter=Q(error_code=NotFound.code)))
    return {row["provider__name"]: Links(row["gone"], row["asked"]) for row in counted}


def _since(oldest: datetime) -> dict[int, datetime]:
    """By the id of each host, when the first of its last links was asked for."""
    mine = _resolved().filter(provider=OuterRef("pk"), created_at__gte=oldest).order_by("-created_at")
    nth = Subquery(mine.values("created_at")[LAST_LINKS - 1 : LAST_LINKS])
    hosts = Provider.objects.filter(kind=Provider.Kind.HOST, enabled=True).order_by()
    return {pk: moment or oldest for pk, moment in hosts.values_list("pk", nth)}


def _resolved() -> QuerySet[RequestLog]:
    return RequestLog.objects.filter(action=RequestLog.Action.RESOLVE).order_by()
