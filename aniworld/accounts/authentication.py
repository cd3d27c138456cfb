"""How an API operation says who may call it: `auth=signed_in` or `auth=admin_only`.

An API key narrows its user: `read` may only ask, `queue` may also work the queue, `admin` may what its user may.
"""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.translation import gettext as _
from ninja.security import APIKeyHeader, HttpBearer
from ninja.security.apikey import APIKeyCookie
from ninja.security.base import AuthBase

from aniworld.accounts.models import ApiKey, User
from aniworld.accounts.tokens import KEY_MARK, Principal, verify
from aniworld.refusals import Forbidden, Refused

READING = ("GET", "HEAD", "OPTIONS")
# What is sent by POST and changes nothing all the same.
READING_PATHS = re.compile(r"/api/(v1/)?anime/search/?")
# What a key of scope `queue` may change.
QUEUE_PATHS = re.compile(r"/api/(v1/)?((queue|undo)(/.*)?|anime/[^/]+/download)/?")


def _check_scope(request: HttpRequest, scope: str) -> None:
    if scope == ApiKey.Scope.ADMIN or request.method in READING:
        return
    if request.method == "POST" and READING_PATHS.fullmatch(request.path_info):
        return
    if scope == ApiKey.Scope.QUEUE and QUEUE_PATHS.fullmatch(request.path_info):
        return
    raise Forbidden(_("This API key has scope “%s”, which does not allow this.") % scope, code="scope")


def admit(request: HttpRequest, principal: Principal | None, admin: bool) -> Principal | None:
    """Lets `principal` act in `request`, or raises `Forbidden`; None stays None."""
    if principal is None:
        return None
    if admin and not principal.user.is_staff:
        raise Forbidden(_("Only an administrator may do this."), code="admin_only")
    if admin and not principal.is_admin:
        raise Forbidden(_("This needs an API key of scope “admin”."), code="scope")
    _check_scope(request, principal.scope)
    request.user = principal.user
    return principal


def session_principal(request: HttpRequest) -> Principal | None:
    """Who is signed in by the browser's session."""
    return Principal(request.user) if isinstance(request.user, User) and request.user.is_authenticated else None


def given(request: HttpRequest) -> str:
    """The token or key that came with the request; "" without one."""
    header = request.headers.get("Authorization", "")
    text = header[7:] if header[:7].lower() == "bearer " else request.headers.get("X-Api-Key", "")
    return text.strip()


class WrongCredential(Refused):
    """A token or key that opens nothing; which of the reasons it is, is not told."""

    status = 401
    code = "unauthorized"


def _demand_none_wrong(request: HttpRequest) -> None:
    """Raises `WrongCredential` for whoever brought a token or key, none of which was good for anything."""
    text = given(request)
    if not text:
        return
    if text.startswith(KEY_MARK) or request.headers.get("X-Api-Key"):
        raise WrongCredential(_("The API key is wrong, expired or revoked. Make another in the settings, API keys."))
    raise WrongCredential(_("The bearer token is wrong, expired or revoked. Sign in for another."))


class Bearer(HttpBearer):
    """`Authorization: Bearer <token>`; an API key is taken there too."""

    def __init__(self, admin: bool = False) -> None:
        super().__init__()
        self.admin = admin

    def authenticate(self, request: HttpRequest, token: str) -> Principal | None:
        """Whoever the token belongs to."""
        return admit(request, verify(token.strip()), self.admin)


class Key(APIKeyHeader):
    """`X-Api-Key: <key>`."""

    param_name = "X-Api-Key"

    def __init__(self, admin: bool = False) -> None:
        super().__init__()
        self.admin = admin

    def authenticate(self, request: HttpRequest, key: str | None) -> Principal | None:
        """Whoever the key acts for."""
        return admit(request, verify(key.strip()), self.admin) if key else None


class _Csrf(CsrfViewMiddleware):
    """Django's check, answering why it fails instead of rendering a page about it."""

    def _reject(self, request: HttpRequest, reason: str) -> str:  # noqa: ARG002 - Django's interface
        return reason

    def failure(self, request: HttpRequest) -> str | None:
        """Why the request is not believed to come from our own pages; None when it is."""
        request.csrf_processing_done = False  # type: ignore[attr-defined]  # the API's views are exempt from the first check
        self.process_request(request)
        reason: str | None = self.process_view(request, HttpResponse, (), {})  # type: ignore[assignment]  # see _reject
        return reason


_csrf = _Csrf(lambda _request: HttpResponse())


class Browser(APIKeyCookie):
    """The session cookie, with the CSRF token in `X-CSRFToken` for whatever changes something."""

    param_name = "sessionid"

    def __init__(self, admin: bool = False) -> None:
        super().__init__(csrf=True)
        self.admin = admin

    def __call__(self, request: HttpRequest) -> Principal | None:
        """Like ninja's, but who is not signed in at all is told so, and not that a CSRF token is missing."""
        if session_principal(request) is None:
            # The last way in: whoever brought a token or key would be in by now if it were right.
            _demand_none_wrong(request)
            return None
        if _csrf.failure(request):
            raise Forbidden(_("The CSRF token is missing or wrong. Reload the page and try again."), code="csrf")
        return self.authenticate(request, None)

    def authenticate(self, request: HttpRequest, key: str | None) -> Principal | None:  # noqa: ARG002 - ninja's interface
        """The session's user."""
        return admit(request, session_principal(request), self.admin)


signed_in: list[AuthBase] = [Bearer(), Key(), Browser()]
admin_only: list[AuthBase] = [Bearer(admin=True), Key(admin=True), Browser(admin=True)]


def identify(request: HttpRequest) -> Principal | None:
    """Who asks, for operations that are open and answer more to those who are known."""
    text = given(request)
    return (verify(text) if text else None) or session_principal(request)


def acts_as_administrator(request: HttpRequest) -> bool:
    """Whether who asks in an operation of the API is an administrator, by a credential that reaches that far."""
    principal: Principal = request.auth  # type: ignore[attr-defined]  # set by ninja
    return principal.is_admin


def administrator(request: HttpRequest) -> Principal | None:
    """Like `admin_only`, for views outside the API: None for who is not known. Raises `Forbidden` as it does."""
    return admit(request, identify(request), admin=True)


def user_of(request: HttpRequest) -> User:
    """The user who asks, in views and operations that let nobody else in."""
    if not isinstance(request.user, User):
        raise TypeError("nobody is signed in: the view lets everybody in")
    return request.user
