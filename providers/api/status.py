"""`/api/providers`: which there are, how they are, and checks."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router

from aniworld.accounts.api import preferences_of
from aniworld.accounts.authentication import admin_only, signed_in, user_of
from aniworld.api_types import Key, Problem
from aniworld.refusals import NotThere
from providers import changes, score
from providers.api import rendering
from providers.api.schemas import BestOut, CheckingIn, IntervalIn, IntervalOut, ProviderOut, ProviderStatusOut
from providers.asking import check_now
from providers.contracts import Language
from providers.lookup import named, state_of
from providers.models import Provider, ProviderStatus

router = Router(tags=["providers"], auth=signed_in)
# Not the best while there is any other, whatever was measured.
_LAST: dict[str, int] = {ProviderStatus.Status.BLOCKED: 1, ProviderStatus.Status.DOWN: 2}


def _all() -> list[Provider]:
    return list(Provider.objects.select_related("status_record"))


@router.get("", response=list[ProviderOut])
def list_providers(request: HttpRequest) -> list[dict[str, Any]]:
    """Every provider, catalogues first, in the operator's order."""
    return [rendering.summary(row) for row in _all()]


@router.get("/status", response=list[ProviderStatusOut])
def statuses(request: HttpRequest) -> list[dict[str, Any]]:
    """Every status record in full."""
    return [state_of(row).as_record() for row in _all()]


@router.get("/available", response=list[ProviderOut])
def available(request: HttpRequest) -> list[dict[str, Any]]:
    """Those that are enabled and whose breaker lets requests through now."""
    return [rendering.summary(row) for row in _all() if row.is_usable]


@router.get("/best", response={200: BestOut, 404: Problem})
def best(request: HttpRequest, language: Language | None = None) -> dict[str, Any]:
    """The usable host with the best score, in a language or in all; a blocked or down one when there is no other."""
    hosts = [row for row in _all() if row.kind == Provider.Kind.HOST and row.is_usable]
    if not hosts:
        raise NotThere(_("No host can be used now."), code="none_usable")
    scores = score.of_all(language)
    untried = score.Score(0, 0, 0, None)

    def standing(row: Provider) -> tuple[int, float, int]:
        return -_LAST.get(state_of(row).known_status, 0), scores.get(row.name, untried).value, -row.priority

    first = max(hosts, key=standing)
    found = scores.get(first.name, untried)
    return {**rendering.summary(first), "score": found.value, "reason": found.explanation}


@router.patch("/check-interval", response=IntervalOut)
def own_interval(request: HttpRequest, body: IntervalIn) -> dict[str, Any]:
    """The user's own interval: a provider is checked at the shortest one that anybody asks for."""
    row = preferences_of(user_of(request))
    row.check_interval = body.interval
    row.save(update_fields=["check_interval", "updated_at"])
    return {"interval": row.check_interval}


@router.post("/{name}/test", response={200: ProviderStatusOut, 409: Problem})
def test(request: HttpRequest, name: Key) -> dict[str, Any]:
    """Checks now and answers the result; 409 while it is being checked already, or when it can't be asked at all."""
    row = named(name)
    check_now(row)
    return state_of(named(name)).as_record()


@router.patch("/{name}/status", response=ProviderStatusOut, auth=admin_only)
def change_checking(request: HttpRequest, name: Key, body: CheckingIn) -> dict[str, Any]:
    """How it is checked."""
    row = named(name)
    record, _made = ProviderStatus.objects.get_or_create(provider=row)
    with changes.recorded(row, by=user_of(request).get_username(), via="api"):
        record.set_checking(**body.model_dump(exclude_unset=True))
    return state_of(named(name)).as_record()
