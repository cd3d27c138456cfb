"""The operator's changes to the failover chain of a language, or of all (`language` empty).

The order of all languages is kept as the hosts' own priorities, so that there is one place to look for it; that of a
language as positions, which outweigh the priorities there.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from aniworld.refusals import Invalid, NotThere
from providers import chain
from providers.contracts import Language
from providers.models import ChainPlace, Provider

# Between two priorities, so that a host can be put between them by hand.
GAP = 10


def include(name: str, language: str = "", position: int | None = None) -> None:
    """Lets a host be tried, at that place (1 = first; past the end: last); None: where its priority and score put it.

    Raises `NotThere`, `Invalid`.
    """
    if position is not None and position < 1:
        raise Invalid(_("Places are counted from 1."))
    with transaction.atomic():
        row = _hosts([name], language)[0]
        values = {"included": True, "position": None}
        ChainPlace.objects.update_or_create(provider=row, language=language, defaults=values)
        if position is not None:
            places = chain.chain_of(language or None, as_configured=True)
            others = [place.name for place in places if place.included and place.name != name]
            reorder([*others[: position - 1], name], language)


def exclude(name: str, language: str = "") -> None:
    """Keeps a host out of the chain. Raises `NotThere`, `Invalid`."""
    with transaction.atomic():
        row = _hosts([name], language)[0]
        values = {"included": False, "position": None}
        ChainPlace.objects.update_or_create(provider=row, language=language, defaults=values)


def reorder(names: Sequence[str], language: str = "") -> None:
    """Exactly this order, the other hosts behind it in theirs; who is out stays out. Raises `NotThere`, `Invalid`."""
    if not names or len(set(names)) != len(names):
        raise Invalid(_("Name each host once, and at least one."))
    with transaction.atomic():
        rows = _hosts(names, language)
        if language:
            _set_positions(rows, language)
        else:
            _set_priorities(rows)
    Provider.forget()


def _set_positions(rows: Sequence[Provider], language: str) -> None:
    """Those named get 1, 2, 3, and whoever had a place follows. Who is out of the chain stays out."""
    placed = ChainPlace.objects.filter(language=language, position__isnull=False).exclude(provider__in=rows)
    behind = [place.provider for place in placed.select_related("provider").order_by("position")]
    out = set(ChainPlace.objects.filter(language="", included=False).values_list("provider", flat=True))
    for position, row in enumerate([*rows, *behind], start=1):
        values = {"position": position}
        first = {**values, "included": row.pk not in out}
        ChainPlace.objects.update_or_create(provider=row, language=language, defaults=values, create_defaults=first)


def _set_priorities(rows: Sequence[Provider]) -> None:
    """Those named get 10, 20, 30; the others move behind them, equal ones staying equal."""
    ChainPlace.objects.filter(language="").update(position=None)
    for number, row in enumerate(rows, start=1):
        row.priority = number * GAP
    others = list(Provider.objects.filter(kind=Provider.Kind.HOST).exclude(pk__in=[row.pk for row in rows]))
    first = (len(rows) + 1) * GAP
    behind = max(0, first - min((row.priority for row in others), default=first))
    for row in others:
        row.priority += behind
    Provider.objects.bulk_update([*rows, *others], ["priority"])


def _hosts(names: Sequence[str], language: str) -> list[Provider]:
    """The rows in the order of the names, kept from other changes until the transaction ends."""
    if language and language not in set(Language):
        raise Invalid(_("There is no language “%s”.") % language[:32])
    hosts = Provider.objects.select_for_update(no_key=True).filter(kind=Provider.Kind.HOST).order_by("pk")
    known = {row.name: row for row in hosts}
    for name in names:
        if name not in known:
            raise NotThere(_("There is no host “%s”.") % name[:64])
    return [known[name] for name in names]
