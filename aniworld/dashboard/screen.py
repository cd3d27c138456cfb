"""The first screen: blocks, each for those who may see what is in it, and each to be fetched anew alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from aniworld.dashboard import attention, changes, days, lights, now, regular

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Block:
    """A part of the screen. `rooms` are the events upon which it is fetched anew, `seconds` when it is anyway."""

    facts: Callable[[HttpRequest], Facts]
    permission: str
    rooms: str = ""
    seconds: int = 60


BLOCKS: dict[str, Block] = {
    "attention": Block(attention.facts, "supervisor.view_cluster"),
    "now": Block(now.facts, "downloads.view_queueitem", "downloads download_progress", 15),
    "days": Block(days.facts, "downloads.view_attempt", seconds=300),
    "lights": Block(lights.facts, "providers.view_provider", "providers"),
    "regular": Block(regular.facts, "django_q.view_schedule"),
    "changes": Block(changes.facts, "audit.view_change"),
}


def _allowed(request: HttpRequest) -> dict[str, Block]:
    return {name: block for name, block in BLOCKS.items() if request.user.has_perm(block.permission)}


def _template(name: str) -> str:
    return f"admin/dashboard/{name}.html"


def dashboard(request: HttpRequest, context: Facts) -> Facts:
    """What the first screen shows to whom asks."""
    blocks = _allowed(request)
    facts: Facts = {}
    for block in blocks.values():
        facts |= block.facts(request)
    rooms = " ".join(block.rooms for block in blocks.values() if block.rooms)
    shown = [
        {
            "name": name,
            "template": _template(name),
            "address": reverse("admin-overview", args=[name]),
            "rooms": rooms if block.rooms else "",
            "seconds": block.seconds,
        }
        for name, block in blocks.items()
    ]
    return {**context, "title": _("Overview"), "blocks": shown, **facts}


def part(request: HttpRequest, name: str) -> HttpResponse:
    """One block alone, as it is now."""
    block = _allowed(request).get(name)
    if block is None:
        raise Http404
    return render(request, _template(name), block.facts(request))
