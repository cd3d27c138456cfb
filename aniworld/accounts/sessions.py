"""Django's database sessions, lasting as long as the configuration says, each with whose it is and where it began."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.auth import login as begin_session
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessions
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from aniworld.accounts.addresses import address_of
from aniworld.accounts.models import BrowserSession, User, new_handle
from aniworld.accounts.tokens import session_lifetime

_BACKEND = "django.contrib.auth.backends.ModelBackend"
_ADDRESS, _AGENT, _BEGAN, _HANDLE = "ip_address", "user_agent", "began_at", "handle"
_WRITE_EVERY = timedelta(minutes=1)


class SessionStore(DatabaseSessions):
    """The engine that `settings.SESSION_ENGINE` names."""

    @classmethod
    def get_model_class(cls) -> Any:
        """Where they are kept."""
        return BrowserSession

    def get_session_cookie_age(self) -> int:
        """In seconds."""
        return int(session_lifetime().total_seconds())

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        """The row, with what a person recognises the session by."""
        row: Any = super().create_model_instance(data)
        row.user_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        row.ip_address, row.user_agent = data.get(_ADDRESS), data.get(_AGENT, "")
        row.created_at = _moment(data.get(_BEGAN))
        row.handle = data.get(_HANDLE) or row.handle
        return row

    def _get_session_from_db(self) -> BrowserSession | None:
        """Django's, noting once a minute that it is in use."""
        row: BrowserSession | None = super()._get_session_from_db()  # type: ignore[misc]  # missing in the stubs
        now = timezone.now()
        if row and row.last_activity < now - _WRITE_EVERY:
            BrowserSession.objects.filter(pk=row.pk).update(last_activity=now)
        return row


def _moment(seconds: float | None) -> datetime:
    return timezone.now() if seconds is None else datetime.fromtimestamp(seconds, UTC)


def begin(request: HttpRequest, user: User) -> None:
    """Signs `user` in with a new browser session."""
    begin_session(request, user, backend=_BACKEND)
    request.session[_ADDRESS] = address_of(request)
    request.session[_AGENT] = request.headers.get("User-Agent", "").replace("\x00", "")[:300]
    request.session[_BEGAN] = timezone.now().timestamp()
    request.session[_HANDLE] = new_handle()


def live(user: User) -> QuerySet[BrowserSession]:
    """The sessions in which `user` is signed in, the latest used first."""
    return BrowserSession.objects.filter(user=user, expire_date__gt=timezone.now()).order_by("-last_activity")
