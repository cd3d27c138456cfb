"""Who may call the download client: by the cookie of a login, a key or a bearer token; and from which pages not."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import get_script_prefix
from django.utils.translation import gettext as _

from aniworld.accounts import signing_in, throttling, tokens
from aniworld.accounts.addresses import address_of, counted_as
from aniworld.accounts.authentication import given
from aniworld.accounts.models import Token
from aniworld.accounts.tokens import KEY_MARK, TOKEN_MARK, Principal
from aniworld.live.origin import own_origin
from aniworld.refusals import Forbidden, Refused, SlowDown
from integrations import access
from integrations.qbittorrent.models import ClientSession
from integrations.qbittorrent.models.session import MARK

COOKIE = "SID"
KEY_USER = "apikey"
PATH = "integrations/qbittorrent"


class Foreign(Refused):
    """A page of another origin calls, with the cookie of whoever looks at it."""

    status = 401
    code = "foreign_origin"


def holder(request: HttpRequest) -> Principal | None:
    """Who calls; None for nobody. Raises `Foreign`: a browser sends the cookie along with anybody's pages."""
    brought = given(request)
    if brought:
        return access.holder(brought)
    text = request.COOKIES.get(COOKIE, "")
    if not text:
        return None
    demand_own_origin(request)
    return ClientSession.objects.holder(text) if text.startswith(MARK) else _of_token(text)


def demand_own_origin(request: HttpRequest) -> None:
    """Raises `Foreign` when the request says that it comes from elsewhere; most programs say nothing."""
    named = request.headers.get("Origin") or request.headers.get("Referer")
    host = request.headers.get("Host", "").encode("latin-1", "replace")
    if named is not None and not own_origin([(b"origin", named.encode("latin-1", "replace")), (b"host", host)]):
        raise Foreign(_("This request comes from another site."))
    if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        raise Foreign(_("This request comes from another site."))


def log_in(request: HttpRequest) -> HttpResponse:
    """`Ok.` with a cookie, or `Fails.`; too many tries are refused as qBittorrent does."""
    demand_own_origin(request)
    username, password = request.POST.get("username", "")[:1000], request.POST.get("password", "")[:1000]
    try:
        text = _by_key(request, password) if username == KEY_USER else _by_password(request, username, password)
    except SlowDown as refusal:
        raise Forbidden(str(refusal)) from None
    except signing_in.WrongCredentials:
        text = ""
    if not text:
        return HttpResponse("Fails.", content_type="text/plain")
    response = HttpResponse("Ok.", content_type="text/plain")
    response.set_cookie(
        COOKIE, text, path=_path(), httponly=True, samesite="Strict", secure=settings.SESSION_COOKIE_SECURE
    )
    return response


def log_out(request: HttpRequest) -> HttpResponse:
    """The cookie opens nothing any more."""
    text = request.COOKIES.get(COOKIE, "")
    if text.startswith(MARK):
        ClientSession.objects.end(text)
    elif text.startswith(TOKEN_MARK):
        token = Token.objects.filter(hash=tokens.hash_of(text)).first()
        if token:
            token.revoke()
    response = HttpResponse("", content_type="text/plain")
    response.delete_cookie(COOKIE, path=_path(), samesite="Strict")
    return response


def _by_key(request: HttpRequest, text: str) -> str:
    """A session of an API key that reaches as far as the queue; "" for any other. Raises `SlowDown`."""
    address = counted_as(address_of(request))
    bucket = f"lock {address} {hashlib.sha256(b'client key').hexdigest()[:32]}"
    throttling.take_try(bucket)
    principal = access.holder(text) if text.startswith(KEY_MARK) else None
    if principal is None or principal.api_key is None:
        return ""
    throttling.succeeded(bucket)
    return ClientSession.objects.begin(principal.api_key) if access.may_queue(principal) else ""


def _by_password(request: HttpRequest, username: str, password: str) -> str:
    address = address_of(request)
    user = signing_in.sign_in(address, username, password)
    return tokens.issue(user, address, request.headers.get("User-Agent", ""))[1]


def _of_token(text: str) -> Principal | None:
    return access.holder(text) if text.startswith(TOKEN_MARK) else None


def _path() -> str:
    return f"{get_script_prefix()}{PATH}"
