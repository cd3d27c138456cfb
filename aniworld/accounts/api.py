"""Login, sessions, preferences and API keys over HTTP."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import logout as end_session
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router, Status

from aniworld.accounts import keys, passwords, signing_in, tokens
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
    NewPassword,
    PreferencesChange,
    PreferencesView,
    SessionView,
)
from aniworld.accounts.tokens import Principal
from aniworld.api_types import Problem, RowId
from aniworld.refusals import BadOperation, Forbidden, NotThere

router = Router(tags=["auth"])
VIA = "api"


def _principal(request: HttpRequest) -> Principal:
    principal: Principal = request.auth  # type: ignore[attr-defined]  # set by ninja
    return principal


@router.post("/login", auth=None, response={200: LoggedIn, 401: Problem, 429: Problem})
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


@router.post("/password", auth=signed_in, response=Done)
def change_password(request: HttpRequest, body: NewPassword) -> Done:
    """Changes the own password; every other session and token ends. An API key may not do that."""
    principal = _principal(request)
    if principal.api_key:
        raise Forbidden(_("An API key can't change a password. Sign in first."), code="scope")
    passwords.change(principal.user, body.current_password, body.new_password, via=VIA, keep=principal.token)
    if principal.token is None:
        update_session_auth_hash(request, principal.user)
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
    row, values = preferences_of(_principal(request).user), body.model_dump(exclude_unset=True)
    for name, value in values.items():
        setattr(row, name, value)
    # Two pages of one user may change different ones at the same time.
    row.save(update_fields=[*values, "updated_at"])
    return row


def _view(key: ApiKey) -> dict[str, Any]:
    shown = ("id", "name", "prefix", "scope", "expires_at", "last_used", "created_at")
    return {**{name: getattr(key, name) for name in shown}, "username": key.user.username}


@router.get("/apikeys", auth=admin_only, response=list[KeyView])
def api_keys(request: HttpRequest) -> list[dict[str, Any]]:
    """All keys, without what opens."""
    return [_view(key) for key in ApiKey.objects.select_related("user")[:1000]]


@router.post("/apikeys", auth=admin_only, response={201: KeyMade, 409: Problem})
def create_api_key(request: HttpRequest, body: NewKey) -> Status[dict[str, Any]]:
    """Makes a key; its text is in this answer and nowhere else."""
    user = _principal(request).user
    key, text = keys.make(user, body.name, body.scope, body.expires_at, by=user.get_username(), via=VIA)
    return Status(201, {**_view(key), "key": text})


@router.delete("/apikeys", auth=admin_only, response={204: None, 404: Problem})
def delete_api_key_by_query(request: HttpRequest, query: Query[KeyId]) -> HttpResponse:
    """Deletes the key that `id` names; it opens nothing from then on."""
    return delete_api_key(request, query.id)


@router.delete("/apikeys/{id}", auth=admin_only, response={204: None})
def delete_api_key(request: HttpRequest, id: RowId) -> HttpResponse:
    """Deletes a key; it opens nothing from then on."""
    keys.delete(ApiKey.objects.filter(pk=id).first(), by=_principal(request).user.get_username(), via=VIA)
    return HttpResponse(status=204)
