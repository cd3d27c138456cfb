"""Which specials the films of a series are, over HTTP."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Body, Router, Schema
from ninja.errors import ValidationError

from aniworld.accounts.authentication import admin_only, user_of
from aniworld.api_types import Key
from aniworld.refusals import Invalid
from library import catalog
from library.metadata import specials
from library.metadata.specials import WrongChoices
from library.models import Series

router = Router(tags=["anime"], auth=admin_only)

_MOST = 1000


class SpecialView(Schema):
    """A film by the catalogue's number in season 0, the special that it probably is, and the number in force.

    `proposed` is TMDB's number in season 0, `confidence` from 0 to 1, `override` what a person said. Files are named
    with `in_force`.
    """

    film: int
    title: str
    proposed: int | None
    proposed_title: str
    confidence: float
    override: int | None
    in_force: int
    in_force_title: str


class SpecialsView(Schema):
    """The films of a series, and whether TMDB's specials are known to compare them with."""

    key: str
    metadata: bool
    specials: list[SpecialView]


@router.get("/{key}/specials", response=SpecialsView)
def show(request: HttpRequest, key: Key) -> dict[str, Any]:
    """Every film with what it probably is."""
    return _shown(catalog.find(key))


@router.post("/{key}/specials", response=SpecialsView)
def choose(request: HttpRequest, key: Key, body: Body[dict[str, Any]]) -> dict[str, Any]:
    """Says which special each named film is; null takes that back. One wrong entry, and nothing is changed."""
    series = catalog.find(key)
    try:
        specials.choose(series, _choices(body), by=user_of(request).get_username(), via="api")
    except WrongChoices as refusal:
        errors = [{"loc": ("body", film), "msg": text, "type": refusal.code} for film, text in refusal.errors.items()]
        raise ValidationError(errors) from None
    return _shown(series)


def _choices(body: dict[str, Any]) -> dict[int, int | None]:
    """Films and specials as numbers; whatever is none is told all at once. Raises `WrongChoices`."""
    if len(body) > _MOST:
        raise Invalid(_("Send at most %d films at once.") % _MOST, "too_many")
    return specials.read_choices(body)


def _shown(series: Series) -> dict[str, Any]:
    return {
        "key": series.key,
        "metadata": bool(specials.listed(series)),
        "specials": specials.proposals(series),
    }
