"""One download, or one episode: what was tried, what was refused and why, and what happens next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from aniworld.pages.access import members
from aniworld.pages.series import find
from downloads import dry_run, expected_language, why
from downloads.models import Attempt, QuarantinedFile, QueueItem
from downloads.why import Why
from library.models import Episode, Series

Status, Outcome = QueueItem.Status, Attempt.Outcome
_TONES = {
    "": ("info", "download"),
    Outcome.COMPLETED: ("success", "circle-check"),
    Outcome.PARKED: ("neutral", "circle-pause"),
    Outcome.CANCELLED: ("neutral", "ban"),
    Outcome.STALLED: ("warning", "hourglass"),
    Outcome.SLOW: ("warning", "gauge"),
    Outcome.RATE_LIMITED: ("warning", "clock"),
    Outcome.EXPIRED: ("warning", "link"),
    Outcome.BLOCKED: ("warning", "shield-alert"),
}
_STATES = {
    Status.PENDING: ("", "clock"),
    Status.DOWNLOADING: ("active", "download"),
    Status.PAUSED: ("paused", "circle-pause"),
    Status.FAILED: ("failed", "circle-alert"),
    Status.COMPLETED: ("disk", "circle-check"),
    Status.CANCELLED: ("", "ban"),
    "downloaded": ("disk", "circle-check"),
}


@dataclass(frozen=True)
class Step:
    """A try as the timeline shows it. `took` is in seconds, None while it runs; `following` is how it went on."""

    attempt: Attempt
    host: str
    tone: str
    drawing: str
    took: float | None
    following: str


@dataclass(frozen=True)
class Kept:
    """A file in quarantine, and whether it can be accepted."""

    file: QuarantinedFile
    host: str


@dataclass(frozen=True)
class Row:
    """What the forms of the queue want to know of an item, and the other languages that it could come in."""

    item: QueueItem
    others: list[str]


def steps(answer: Why) -> list[Step]:
    """The tries, the newest first. What a try planned is told only as long as it is still ahead."""
    names = why.display_names()
    newest = answer.tried[-1] if answer.tried else None
    shown = []
    for attempt in reversed(answer.tried):
        is_ahead = attempt is newest and answer.item is not None and _is_ahead(attempt, answer.item)
        following = attempt.next_step if attempt.tells_what_came or is_ahead else ""
        shown.append(_step(attempt, names.get(attempt.provider, attempt.provider), following))
    return shown


def _is_ahead(attempt: Attempt, item: QueueItem) -> bool:
    """For one that waits, the head of the page says when it goes on: what the try planned counts from its end."""
    return attempt.item_id == item.pk and item.status in (Status.DOWNLOADING, Status.FAILED)


def _step(attempt: Attempt, host: str, following: str) -> Step:
    tone, drawing = _TONES.get(attempt.outcome, ("danger", "circle-x"))
    took = (attempt.ended_at - attempt.started_at).total_seconds() if attempt.ended_at else None
    return Step(attempt, host, tone, drawing, took, following)


def _told(answer: Why, episode: Episode) -> dict[str, Any]:
    names, state = why.display_names(), _STATES.get(answer.state, ("", "circle"))
    return {
        "why": answer,
        "row": Row(answer.item, expected_language.others(answer.item, answer.language)) if answer.item else None,
        "series": episode.series,
        "episode": episode,
        "steps": steps(answer),
        "kept": [Kept(file, names.get(file.provider, file.provider)) for file in answer.quarantined],
        "tone": state[0],
        "drawing": state[1],
        "is_open": answer.state in (*QueueItem.LIVE, Status.FAILED),
        "plan_address": reverse("episode-plan", args=[episode.series.key, episode.season, episode.number]),
        "episode_address": reverse("episode-why", args=[episode.series.key, episode.season, episode.number]),
    }


def _item(pk: int) -> dict[str, Any]:
    rows = QueueItem.objects.select_related("series", "episode__series")
    item = rows.filter(pk=pk).first() if pk < 2**63 else None
    if item is None:
        raise Http404
    return {**_told(why.of_item(item), item.episode), "part_address": reverse("queue-one-part", args=[pk])}


def _episode(key: str, season: int, number: int) -> Episode:
    series: Series = find(key)
    fits = max(season, number) < 2**31
    episode = series.episodes.select_related("series").filter(season=season, number=number).first() if fits else None
    if episode is None:
        raise Http404
    return episode


@members
def item_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The page of one queue item."""
    return render(request, "pages/why.html", _item(pk))


@members
def item_part(request: HttpRequest, pk: int) -> HttpResponse:
    """All that changes while it is looked at."""
    return render(request, "parts/why.html", _item(pk))


@members
def episode_page(request: HttpRequest, key: str, season: int, number: int) -> HttpResponse:
    """The page of one episode, whether anything is at work for it or not; with `plan` what a download would do."""
    episode = _episode(key, season, number)
    shown = {
        **_told(why.of_episode(episode), episode),
        "part_address": reverse("episode-why-part", args=[key, season, number]),
        "plan": dry_run.of_episode(episode) if "plan" in request.GET else None,
    }
    return render(request, "pages/why.html", shown)


@members
def episode_part(request: HttpRequest, key: str, season: int, number: int) -> HttpResponse:
    """All that changes while it is looked at."""
    episode = _episode(key, season, number)
    address = reverse("episode-why-part", args=[key, season, number])
    return render(request, "parts/why.html", {**_told(why.of_episode(episode), episode), "part_address": address})


@members
def plan_part(request: HttpRequest, key: str, season: int, number: int) -> HttpResponse:
    """What a download would do now. Asks the catalogue, so it may take some seconds."""
    episode = _episode(key, season, number)
    return render(request, "parts/plan.html", {"plan": dry_run.of_episode(episode), "series": episode.series})
