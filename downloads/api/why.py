"""Why an episode is there or not, under `/api/anime`, and what a download of it would do."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router

from aniworld.accounts.authentication import signed_in
from aniworld.api_types import Key, Line, Number
from aniworld.refusals import NotThere
from downloads import dry_run, queue, why
from downloads.api import rendering
from downloads.api.series import live_series
from downloads.api.why_schemas import WhyOut
from library.models import Episode, Series
from providers.contracts import Language

router = Router(tags=["anime"], auth=signed_in)


@router.get("/{key}/episodes/{season}/{episode}/why", response=WhyOut)
def explain(
    request: HttpRequest, key: Key, season: Number, episode: Number, dry_run: bool = False, language: Line | None = None
) -> dict[str, Any]:
    """What was tried for the episode, what was refused, why, and what happens next.

    With `dry_run` also what a download now would do, in order, without doing it; `language` narrows that to one.
    """
    return told(found(live_series(key), season, episode), dry=dry_run, language=language)


def found(series: Series, season: int, number: int) -> Episode:
    """The episode, or `NotThere`."""
    row = Episode.objects.select_related("series").filter(series=series, season=season, number=number).first()
    if row is None:
        raise NotThere(_("The series has no such episode: %s") % f"S{season:02d}E{number:02d}")
    return row


def told(episode: Episode, *, dry: bool, language: str | None = None) -> dict[str, Any]:
    """The whole answer."""
    answer = why.of_episode(episode)
    wanted = Language(queue.checked(language)) if language else None
    return {
        **rendering.reasons(answer),
        "key": episode.series.key,
        "season": episode.season,
        "episode": episode.number,
        "item_id": answer.item.pk if answer.item else None,
        "tried": [rendering.attempt(row) for row in answer.tried],
        "dry_run": dry_run.of_episode(episode, wanted) if dry else None,
    }
