"""Making series a user's favourites, or no longer, in a way that can be taken back with all that was said of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from aniworld.accounts.models import User
from downloads.models import Undo
from library.models import Favorite, Series


def switch(user: User, series: Collection[Series], *, is_favorite: bool) -> tuple[int, str]:
    """Makes all of them favourites of the user, or none; answers how many changed and the undo id ("" for none)."""
    with transaction.atomic():
        state = _made(user, series) if is_favorite else _dropped(user, [one.pk for one in series])
        changed = len(state["made"]) + len(state["dropped"])
        return changed, Undo.remember("favorites", state, user) if changed else ""


def take_back(state: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """What was made goes, what was dropped is there again; answers how many, and the state that does it again."""
    user = User.objects.filter(pk=state["user"]).first()
    if user is None:
        return 0, state
    gone = _dropped(user, state["made"])
    made = [entry["series_id"] for entry in state["dropped"] if _brought_back(user, entry)]
    return len(made) + len(gone["dropped"]), {**gone, "made": made}


def _made(user: User, series: Collection[Series]) -> dict[str, Any]:
    made = [one.pk for one in series if Favorite.objects.put(user, one)[1]]
    return {"user": user.pk, "made": made, "dropped": []}


def _dropped(user: User, ids: Sequence[int]) -> dict[str, Any]:
    rows = Favorite.objects.filter(user=user, series__in=ids)
    dropped = [_said(favorite) for favorite in rows]
    rows.delete()
    return {"user": user.pk, "made": [], "dropped": dropped}


def _said(favorite: Favorite) -> dict[str, Any]:
    return {
        "series_id": favorite.series_id,
        "custom_title": favorite.custom_title,
        "rating": str(favorite.rating) if favorite.rating is not None else None,
        "notes": favorite.notes,
        "created_at": favorite.created_at.isoformat(),
    }


def _brought_back(user: User, entry: dict[str, Any]) -> bool:
    """With its words, and at its old place in the list."""
    values = {**entry, "created_at": datetime.fromisoformat(entry["created_at"])}
    series = Series.objects.filter(pk=values.pop("series_id")).first()
    if series is None:
        return False
    favorite, is_new = Favorite.objects.put(user, series)
    if is_new:
        Favorite.objects.filter(pk=favorite.pk).update(**values)
    return is_new
