"""Users whom a trusted reverse proxy names in a header. Nobody else's header is believed, or even seen further on.

Such a request has no session of ours: the proxy's word is asked for again each time, and so are the groups.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from aniworld.accounts import vouching
from aniworld.accounts.addresses import is_trusted_peer
from aniworld.accounts.models import User
from aniworld.accounts.tokens import Principal
from aniworld.accounts.vouching import NotLetIn, Unwelcome
from aniworld.environment_sign_on import ProxyHeader

SOURCE = "proxy"
_SEEN_EVERY = timedelta(hours=1)
_valid_name = UnicodeUsernameValidator()


@dataclass(frozen=True)
class Named:
    """What the proxy says: a name, and groups."""

    name: str
    groups: tuple[str, ...] = ()


class ProxySignIn:
    """Makes the user whom the proxy names `request.user`, unless the request brings a token or key of its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """403 for somebody who is named and not let in; without a name the session counts."""
        option: ProxyHeader | None = settings.AUTH_PROXY
        named = _named_in(request, option) if option else None
        if option is None or named is None or _brings_credential(request):
            return self.get_response(request)
        try:
            user = recognise(named, option)
        except NotLetIn as refusal:
            if request.path_info.startswith("/api/"):
                return JsonResponse({"detail": str(refusal), "code": refusal.code}, status=refusal.status)
            raise Unwelcome(str(refusal)) from None
        if user:
            request.user = user
            request.named_by_proxy = True  # type: ignore[attr-defined]  # what signing out asks
        return self.get_response(request)


def is_named(request: HttpRequest) -> bool:
    """Whether it is the proxy that says who asks."""
    return bool(getattr(request, "named_by_proxy", False))


@dataclass(frozen=True)
class Carried:
    """What one request said by the header: from whom it came, and whether that one is believed.

    `name` is empty where it carried none, or one that was dropped because nobody believes its sender.
    """

    peer: str
    is_believed: bool
    is_dropped: bool
    name: str
    groups: tuple[str, ...]


def carried_by(request: HttpRequest, option: ProxyHeader) -> Carried:
    """For a test by whoever has set it up."""
    peer, dropped = str(request.META.get("REMOTE_ADDR") or ""), bool(getattr(request, "dropped_name", False))
    named = _named_in(request, option)
    return Carried(peer, is_trusted_peer(peer), dropped, named.name if named else "", named.groups if named else ())


def logout_url() -> str:
    """Where the proxy can be told to forget who it is; "" when nobody said."""
    option: ProxyHeader | None = settings.AUTH_PROXY
    return option.logout_url if option else ""


def recognise(named: Named, option: ProxyHeader) -> User | None:
    """The user of that name, made at first sight; None while nothing is set up. Raises `NotLetIn`."""
    if not _is_name(named.name):
        raise NotLetIn(_("The proxy names somebody by what can't be a user name."))
    role = option.rule.role(named.groups)
    user = User.objects.filter(username=named.name).first()
    if user is None:
        return _first_sight(named, option)
    vouching.demand_active(user)
    if role is None:
        raise vouching.refuse_role()
    vouching.apply(user, role, option.rule, SOURCE)
    _note_seen(user)
    return user


def _first_sight(named: Named, option: ProxyHeader) -> User | None:
    if not User.objects.exists():
        # The first user is the one whom the setup makes.
        return None
    role = option.rule.role(named.groups)
    if role is None:
        raise vouching.refuse_role()
    if not option.auto_create:
        raise vouching.refuse_unknown()
    try:
        return vouching.make(named.name, role, SOURCE)
    except IntegrityError:
        # Two first requests at once: a page and its pictures.
        return User.objects.filter(username=named.name).first()


def _is_name(text: str) -> bool:
    try:
        _valid_name(text)
    except ValidationError:
        return False
    return len(text) <= 150


def _note_seen(user: User) -> None:
    now = timezone.now()
    if user.last_login is None or user.last_login < now - _SEEN_EVERY:
        User.objects.filter(pk=user.pk).update(last_login=now)


def _brings_credential(request: HttpRequest) -> bool:
    has_bearer = request.headers.get("Authorization", "")[:7].lower() == "bearer "
    return has_bearer or "X-Api-Key" in request.headers


def _key(header: str) -> str:
    return f"HTTP_{header.upper().replace('-', '_')}"


def _named_in(request: HttpRequest, option: ProxyHeader) -> Named | None:
    """What a trusted proxy says; the headers of anybody else are taken away, so that nothing further on sees them."""
    keys = [_key(name) for name in (option.name, option.groups) if name]
    if not is_trusted_peer(request.META.get("REMOTE_ADDR") or ""):
        dropped = [request.META.pop(key, None) for key in keys]
        request.dropped_name = bool(dropped[0])  # type: ignore[attr-defined]  # for whoever wonders why it has no effect
        return None
    return _said(request.META.get(keys[0]), request.META.get(_key(option.groups)) if option.groups else None)


def _said(name: str | None, groups: str | None) -> Named | None:
    text = _decoded(name or "").strip()
    if not text:
        return None
    parts = [part.strip() for part in _decoded(groups or "").replace("|", ",").replace(";", ",").split(",")]
    return Named(text, tuple(part for part in parts if part))


def _decoded(text: str) -> str:
    """Headers come as Latin-1; proxies write UTF-8."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


# The socket, which sees raw headers


def on_socket(scope: Mapping[str, Any]) -> tuple[str, Callable[[str], Principal | None]] | None:
    """The name that a trusted proxy gives whoever opens a socket, and who answers whose name that is.

    None without one: then the session counts. Nobody is made here, and no role changes: a page came before.
    """
    option: ProxyHeader | None = settings.AUTH_PROXY
    peer = (scope.get("client") or ("",))[0] or ""
    if option is None or not is_trusted_peer(peer):
        return None
    named = _said(_only(scope["headers"], option.name), _only(scope["headers"], option.groups))
    if named is None:
        return None

    def verify(name: str) -> Principal | None:
        user = User.objects.filter(username=name, is_active=True).first() if _is_name(name) else None
        return Principal(user) if user and option.rule.role(named.groups) else None

    return named.name, verify


def _only(headers: Iterable[tuple[bytes, bytes]], name: str) -> str:
    """As Django joins them for a page: a header that comes twice makes no name."""
    wanted = name.lower().encode()
    return ",".join(value.decode("latin-1") for key, value in headers if name and key.lower() == wanted)
