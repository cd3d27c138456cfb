"""How much is remembered of what other systems were told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from integrations.told import Told

KEPT_FOR = timedelta(days=30)
# Of each receiver; whatever is still to be sent is no log yet.
KEPT_ROWS = 1000
_PIECE = 1000


def prune(model: type[Told]) -> int:
    """Deletes what is older or more, and what waits for somebody who was switched off long ago."""
    rows: Any = model._default_manager
    old = timezone.now() - KEPT_FOR
    over = ~Q(state=Told.State.WAITING) | Q(receiver__enabled=False)
    deleted = int(rows.filter(over, updated_at__lt=old).delete()[0])
    for receiver in rows.order_by().values_list("receiver", flat=True).distinct():
        of = rows.filter(receiver=receiver).exclude(state=Told.State.WAITING).order_by("-id")
        surplus = list(of.values_list("pk", flat=True)[KEPT_ROWS : KEPT_ROWS + 10 * _PIECE])
        for start in range(0, len(surplus), _PIECE):
            deleted += int(rows.filter(pk__in=surplus[start : start + _PIECE]).delete()[0])
    return deleted
