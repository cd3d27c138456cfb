"""`/api/providers/config`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Body, Router
from ninja.errors import ValidationError as RequestInvalid

from aniworld.accounts.authentication import admin_only, signed_in, user_of
from aniworld.api_types import Key, Problem
from providers import changes, exchange
from providers.api import rendering
from providers.api.schemas import ConfigOut, ImportedOut, Unknown
from providers.configured import Configured
from providers.lookup import named
from providers.models import Provider

router = Router(tags=["providers"], auth=signed_in)


def _for(request: HttpRequest, row: Provider) -> dict[str, Any]:
    """As far as who asks may see it."""
    return rendering.config(row, with_secrets=request.auth.is_admin)  # type: ignore[attr-defined]  # set by ninja


def _who(request: HttpRequest) -> str:
    return user_of(request).get_username()


@router.get("", response=list[ConfigOut])
def list_configs(request: HttpRequest) -> list[dict[str, Any]]:
    """Every provider's configuration."""
    return [_for(request, row) for row in Provider.objects.all()]


@router.get("/export", response=dict[str, Any], auth=admin_only)
def export(request: HttpRequest) -> dict[str, Any]:
    """The whole set, secrets included, as the import takes it."""
    return exchange.export()


@router.post("/import", response=ImportedOut, auth=admin_only)
def import_set(request: HttpRequest, body: Body[dict[str, Any]], unknown: Unknown = "refuse") -> Any:
    """Takes over what an export wrote. Nothing changes unless all of it is right; every error is named at its place.

    `unknown=skip` passes over providers that are not installed here instead of refusing them.
    """
    try:
        with changes.import_recorded(by=_who(request), via="api"):
            return exchange.take_over(body, skip_unknown=unknown == "skip")
    except exchange.NotUsable as refusal:
        raise RequestInvalid(
            [{"loc": ["body", *problem.place], "msg": problem.text, "type": "invalid"} for problem in refusal.problems]
        ) from None


@router.get("/{name}", response=ConfigOut)
def config(request: HttpRequest, name: Key) -> dict[str, Any]:
    """One provider's configuration."""
    return _for(request, named(name))


@router.put("/{name}", response=ConfigOut, auth=admin_only)
def change(request: HttpRequest, name: Key, body: Configured) -> dict[str, Any]:
    """Changes what is named, in force at once; null gives a limit back to the default."""
    row = named(name)
    with changes.recorded(row, by=_who(request), via="api"):
        row.change(**body.named())
    return _for(request, row)


@router.post("/{name}/enable", response={200: ConfigOut, 409: Problem}, auth=admin_only)
def enable(request: HttpRequest, name: Key) -> dict[str, Any]:
    """Lets it be used from now on."""
    row = named(name)
    with changes.recorded(row, by=_who(request), via="api"):
        row.enable()
    return _for(request, row)


@router.post("/{name}/disable", response=ConfigOut, auth=admin_only)
def disable(request: HttpRequest, name: Key) -> dict[str, Any]:
    """Keeps it from being used; what runs through it goes on to its end."""
    row = named(name)
    with changes.recorded(row, by=_who(request), via="api"):
        row.disable()
    return _for(request, row)
