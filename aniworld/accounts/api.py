"""Login, sessions, preferences and API keys over HTTP."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import logout as end_session
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Query, Router, Status

from aniworld.accounts import signing_in, tokens
from aniworld.accounts.addresses import address_of
from aniworld.accounts.authentication import admin_only, identify, signed_in
from aniworld.accounts.models import ApiKey, Preferences, Token, User
from aniworld.accounts.schemas import (
    AuthStatus,
    Done,
    KeyId,
    KeyMade,
    KeyView,
    LoggedIn,
    Login,
    NewKey,
    PreferencesChange,
    PreferencesView,
    SessionView,
)
from aniworld.accounts.tokens import Principal
from aniworld.api_types import RowId
from aniworld.refusals import BadOperation, Conflict, Invalid, NotThere

router = Router(tags=["auth"])


def _principal(request: HttpRequest) -> Principal:
    principal: Principal = request.auth  # type: ignore[attr-defined]  # set by ninja
    return principal


@router.post("/login", auth=None, response=LoggedIn)
def login(request: HttpRequest, body: Login) -> dict[str, Any]:
    """A bearer token for a name and a password."""
    address = address_of(request)
    user = signing_in.sign_in(address, body.username, body.password)
    token, text = tokens.issue(user, address, request.headers.get("User-Agent", ""))
    return {"access_token": text, "expires_at": token.expires_at}


@router.post("/logout", auth=signed_in, response=Done)
def logout(request: HttpRequest) -> Done:
    """Ends the session that asks."""
    principal = _principal(request)
    if principal.api_key:
        raise BadOperation(_("An API key has no session to end."))
    if principal.token:
        principal.token.revoke()
    else:
        end_session(request)
    return Done()


@router.get("/status", auth=None, response=AuthStatus)
def status(request: HttpRequest) -> dict[str, Any]:
    """Whether it is set up, and who asks."""
    principal = identify(request)
    return {
        "configured": principal is not None or User.objects.exists(),
        "authenticated": principal is not None,
        "username": principal.user.username if principal else None,
        "is_admin": bool(principal and principal.is_admin),
    }


@router.get("/sessions", auth=signed_in, response=list[SessionView])
def sessions(request: HttpRequest) -> list[dict[str, Any]]:
    """The user's live tokens, the latest used first."""
    principal = _principal(request)
    here = principal.token.pk if principal.token else None
    shown = ("id", "prefix", "ip_address", "user_agent", "created_at", "last_activity", "expires_at")
    rows = signing_in.live_tokens(principal.user).values(*shown)[:200]
    return [{**row, "current": row["id"] == here} for row in rows]


@router.delete("/sessions/{id}", auth=signed_in, response={204: None})
def revoke_session(request: HttpRequest, id: RowId) -> HttpResponse:
    """Revokes one of the user's own tokens."""
    token = Token.objects.filter(pk=id, user=_principal(request).user).first()
    if token is None or not token.revoke():
        raise NotThere(_("There is no such session."))
    return HttpResponse(status=204)


def preferences_of(user: User) -> Preferences:
    """The row of `user`, made when it is missing."""
    return Preferences.objects.get_or_create(user=user)[0]


@router.get("/preferences", auth=signed_in, response=PreferencesView)
def preferences(request: HttpRequest) -> Preferences:
    """The user's preferences."""
    return preferences_of(_principal(request).user)


@router.patch("/preferences", auth=signed_in, response=PreferencesView)
def change_preferences(request: HttpRequest, body: PreferencesChange) -> Preferences:
    """Changes what is named."""
    row = preferences_of(_principal(request).user)
    for name, value in body.model_dump(exclude_unset=True).items():
        setattr(row, name, value)
    row.save()
    return row


def _view(key: ApiKey) -> dict[str, Any]:
    shown = ("id", "name", "prefix", "scope", "expires_at", "last_used", "created_at")
    return {**{name: getattr(key, name) for name in shown}, "username": key.user.username}


@router.get("/apikeys", auth=admin_only, response=list[KeyView])
def api_keys(request: HttpRequest) -> list[dict[str, Any]]:
    """All keys, without what opens."""
    return [_view(key) for key in ApiKey.objects.select_related("user")[:1000]]


@router.post("/apikeys", auth=admin_only, response={201: KeyMade})
def create_api_key(request: HttpRequest, body: NewKey) -> Status[dict[str, Any]]:
    """Makes a key; its text is in this answer and nowhere else."""
    if body.expires_at and body.expires_at <= timezone.now():
        raise Invalid(_("expires_at is in the past."))
    try:
        with transaction.atomic():
            key, text = tokens.create_key(_principal(request).user, body.name, body.scope, body.expires_at)
    except IntegrityError:
        raise Conflict(_("There is an API key of this name already.")) from None
    return Status(201, {**_view(key), "key": text})


@router.delete("/apikeys", auth=admin_only, response={204: None})
def delete_api_key_by_query(request: HttpRequest, query: Query[KeyId]) -> HttpResponse:
    """Deletes the key that `id` names; it opens nothing from then on."""
    return delete_api_key(request, query.id)


@router.delete("/apikeys/{id}", auth=admin_only, response={204: None})
def delete_api_key(request: HttpRequest, id: RowId) -> HttpResponse:
    """Deletes a key; it opens nothing from then on."""
    if not ApiKey.objects.filter(pk=id).delete()[0]:
        raise NotThere(_("There is no such API key."))
    return HttpResponse(status=204)
