"""The language that a download will bring or is bringing: what is shown wherever an item has one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.models import Max, OuterRef, QuerySet, Subquery

from downloads.models import Attempt, QueueItem
from library.models import Episode
from providers.contracts import LANGUAGES, Language


def of(item: QueueItem, tried: str = "") -> str:
    """Of one that waits, what its plan gives; else `tried`, the language of its last attempt, where there was one.

    It costs no query for an item that was read with its series and episode.
    """
    if item.status == QueueItem.Status.PENDING or not tried:
        return _wanted(item)
    return tried


def others(item: QueueItem, language: str) -> list[str]:
    """The languages that the catalogue lists for its episode besides `language`."""
    return [name for name in LANGUAGES if name in item.episode.languages and name != language]


def first_listed(wanted: Sequence[Language], episode: Episode) -> str:
    """The first wanted language that the catalogue lists for the episode; the most wanted one while it lists none."""
    listed = (one for one in wanted if one.value in episode.languages)
    return next(listed, wanted[0]).value


def tried_last(items: Iterable[QueueItem]) -> dict[int, str]:
    """The language of each one's last attempt, by item; one query, and none for items that only wait."""
    ids = [item.pk for item in items if item.status != QueueItem.Status.PENDING]
    if not ids:
        return {}
    last = Attempt.objects.filter(item__in=ids).order_by().values("item").annotate(last=Max("pk")).values("last")
    return dict(Attempt.objects.filter(pk__in=last).values_list("item", "language"))


def with_tried(rows: QuerySet[QueueItem]) -> QuerySet[QueueItem]:
    """The same items, each with the language of its last attempt as `tried_language`, or None."""
    attempts = Attempt.objects.filter(item=OuterRef("pk")).order_by("-pk")
    return rows.annotate(tried_language=Subquery(attempts.values("language")[:1]))


def _wanted(item: QueueItem) -> str:
    if item.language_fixed or item.status not in QueueItem.LIVE:
        return item.language
    return first_listed(item.series.wanted_languages(), item.episode)
