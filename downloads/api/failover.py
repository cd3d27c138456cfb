"""`/api/providers/failover`: the chain of hosts, and how their attempts went."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import ConfigDict, Field

from aniworld.accounts.authentication import admin_only, signed_in, user_of
from aniworld.api_types import LARGEST_INTEGER, Key, Problem
from downloads import failovers
from providers import chain, chain_places, changes
from providers.contracts import Language

router = Router(tags=["providers"], auth=signed_in)


class ChainIn(Schema):
    """Which chain is meant; absent: that of all languages."""

    model_config = ConfigDict(extra="forbid")

    language: Language | None = None


class ChainAddIn(ChainIn):
    """Where a host shall stand; absent: where its priority and score put it."""

    position: Annotated[int, Field(ge=1, le=LARGEST_INTEGER, description="From 1.")] | None = None


class ChainOrderIn(ChainIn):
    """The hosts in their new order; those not named follow in theirs."""

    names: Annotated[list[Key], Field(min_length=1, max_length=1000)]


class PlaceOut(Schema):
    """A host in the chain: `position` from 1, null where it is not tried; why; and what its attempts came to."""

    name: str
    display_name: str
    position: int | None
    included: bool
    usable: bool
    priority: int
    score: float
    reason: str
    attempts: int
    successes: int
    switches: int
    last_error: str | None
    last_error_time: datetime | None


class ChainOut(Schema):
    """A chain in its order; `language` null: of all languages."""

    language: str | None
    chain: list[PlaceOut]


def _chain(language: Language | None) -> dict[str, Any]:
    found, none = failovers.figures(), failovers.Figures()
    places = [{**asdict(place), **asdict(found.get(place.name, none))} for place in chain.chain_of(language)]
    return {"language": language, "chain": [{**one, "last_error": one["last_error"] or None} for one in places]}


def _who(request: HttpRequest) -> str:
    return user_of(request).get_username()


@router.get("", response=ChainOut)
def failover(request: HttpRequest, language: Language | None = None) -> dict[str, Any]:
    """The hosts in the order in which they are tried, with the reason, and how their attempts of the last days went."""
    return _chain(language)


@router.post("/reorder", response={200: ChainOut, 404: Problem}, auth=admin_only)
def reorder(request: HttpRequest, body: ChainOrderIn) -> dict[str, Any]:
    """Puts the named hosts first, in that order."""
    with changes.chain_recorded(body.language, by=_who(request), via="api"):
        chain_places.reorder(body.names, body.language or "")
    return _chain(body.language)


@router.post("/{name}/add", response=ChainOut, auth=admin_only)
def add(request: HttpRequest, name: Key, body: ChainAddIn | None = None) -> dict[str, Any]:
    """Takes a host into the chain, or moves it to a place."""
    wanted = body or ChainAddIn()
    with changes.chain_recorded(wanted.language, by=_who(request), via="api"):
        chain_places.include(name, wanted.language or "", wanted.position)
    return _chain(wanted.language)


@router.delete("/{name}", response=ChainOut, auth=admin_only)
def leave_out(request: HttpRequest, name: Key, body: ChainIn | None = None) -> dict[str, Any]:
    """Takes a host out of the chain: it is not tried until it is added again."""
    language = body.language if body else None
    with changes.chain_recorded(language, by=_who(request), via="api"):
        chain_places.exclude(name, language or "")
    return _chain(language)
