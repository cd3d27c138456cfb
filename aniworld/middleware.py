"""What every request goes through: security headers, JSON errors, the way to the first run, language, time zone."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import get_script_prefix, is_valid_path
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from aniworld.accounts.api import preferences_of
from aniworld.accounts.models import User
from aniworld.api_errors import code_of
from aniworld.configuration import store

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def policy(**changed: str) -> str:
    """A Content-Security-Policy; `changed` replaces directives, written with underscores."""
    directives = {
        "default_src": "'self'",
        "script_src": "'self'",
        "style_src": "'self'",
        "img_src": "'self' data:",
        "font_src": "'self'",
        # Browsers take 'self' to cover the socket of the same origin.
        "connect_src": "'self'",
        "object_src": "'none'",
        "base_uri": "'self'",
        "form_action": "'self'",
        "frame_ancestors": "'none'",
    }
    return "; ".join(f"{name.replace('_', '-')} {value}" for name, value in (directives | changed).items())


PAGES = policy()
# The admin's theme ships Alpine's evaluating build and writes inline styles.
ADMIN = policy(script_src="'self' 'unsafe-eval'", style_src="'self' 'unsafe-inline'")
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=(), display-capture=(), serial=()"


def is_api(path: str) -> bool:
    """Whether JSON is expected from there."""
    return path == "/api" or path.startswith("/api/")


class SecurityHeaders:
    """Headers that bound what a browser may do with an answer. One already set by a view stays."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Adds them on the way out."""
        response = self.get_response(request)
        in_admin = request.path_info.startswith("/admin/")
        response.setdefault("Content-Security-Policy", ADMIN if in_admin else PAGES)
        # Django's own, for what is answered before its turn comes: files, the way to the first run, errors.
        response.setdefault("X-Frame-Options", settings.X_FRAME_OPTIONS)
        response.setdefault("X-Content-Type-Options", "nosniff")
        response.setdefault("Referrer-Policy", settings.SECURE_REFERRER_POLICY)
        response.setdefault("Cross-Origin-Opener-Policy", settings.SECURE_CROSS_ORIGIN_OPENER_POLICY)
        response.setdefault("Permissions-Policy", PERMISSIONS)
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if is_api(request.path_info):
            response.setdefault("Cache-Control", "no-store")
        return response


class JsonErrors:
    """Errors of the API that did not come from the API itself (a method, a host, a size) are JSON as well."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Replaces the body, keeps status and headers."""
        response = self.get_response(request)
        status = response.status_code
        is_json = response.get("Content-Type", "").startswith("application/json")
        if status < 400 or is_json or not is_api(request.path_info):
            return response
        # In its place: the headers that others set stay, the security's among them.
        replaced = JsonResponse({"detail": self._detail(status), "code": code_of(status)}, status=status)
        for name in ("Content-Length", "Content-Encoding"):
            del response[name]
        for name, value in response.items():
            replaced.setdefault(name, value)
        return replaced

    @staticmethod
    def _detail(status: int) -> str:
        if status == 405:
            return _("This address does not know that method.")
        if status >= 500:
            return _("Something went wrong here. The log tells what.")
        return _("The request can't be carried out.")


class ApiSlash:
    """`/api/queue/` and `/api/queue` are the same, whichever of them a router wrote down."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Takes the spelling that is known."""
        path = request.path_info
        if path.startswith("/api/"):
            # Without the slash first: an address that takes any text would swallow it.
            spellings = (path[:-1], path) if path.endswith("/") else (path, f"{path}/")
            request.path_info = next((one for one in spellings if not self._is_unknown(one)), path)
        return self.get_response(request)

    @staticmethod
    def _is_unknown(path: str) -> bool:
        match = is_valid_path(path)
        return not match or match.url_name == "api-unknown"


class FirstRun:
    """Leads every page to `/setup` until the first user exists. The answer is asked for no more once it is yes."""

    OPEN = ("/setup", "/static/", "/health", "/metrics", "/ws/", "/favicon.ico", "/manifest.webmanifest", "/sw.js",
            "/integrations/")  # fmt: skip

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.is_configured = False

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The API answers for itself."""
        path = request.path_info
        if not self.is_configured and not is_api(path) and not path.startswith(self.OPEN):
            self.is_configured = User.objects.exists()
            if not self.is_configured:
                return HttpResponseRedirect(f"{get_script_prefix()}setup")
        return self.get_response(request)


class Preferences:
    """Gives `request.preferences` (None when nobody is signed in) and speaks the language chosen there.

    Without one the operator's default counts, and without that the browser's.
    """

    # They are asked most when the database does not answer.
    FOR_PROGRAMS = ("/health", "/metrics")

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Costs pages one query; the API answers programs and asks for none."""
        request.preferences = None  # type: ignore[attr-defined]  # what pages read
        if is_api(request.path_info) or request.path_info in self.FOR_PROGRAMS:
            return self.get_response(request)
        user = request.user
        if isinstance(user, User):
            request.preferences = preferences_of(user)  # type: ignore[attr-defined]  # as above
        self._speak(request)
        return self.get_response(request)

    @staticmethod
    def _speak(request: HttpRequest) -> None:
        chosen = getattr(getattr(request, "preferences", None), "language", "")
        default = store.current().general.default_ui_language
        language = chosen or ("" if default == "auto" else default)
        # What was chosen while it was offered, or for when it will be, must not speak a half of the page.
        if language in dict(settings.LANGUAGES):
            translation.activate(language)
            request.LANGUAGE_CODE = language


class TimeZone:
    """Shows times in the zone that the browser named in its cookie (`zone.js`); in the server's where it named none.

    What an operator set by the time of day stays in the server's.
    """

    COOKIE = "zone"
    LONGEST = 64

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Only pages: programs name their zone themselves."""
        if is_api(request.path_info):
            return self.get_response(request)
        with timezone.override(self._named(request.COOKIES.get(self.COOKIE, ""))):
            return self.get_response(request)

    def _named(self, name: str) -> zoneinfo.ZoneInfo | None:
        """None where this machine knows no such zone: the server's then."""
        if not name or len(name) > self.LONGEST:
            return None
        try:
            return zoneinfo.ZoneInfo(name)
        except (KeyError, OSError, ValueError):
            return None
