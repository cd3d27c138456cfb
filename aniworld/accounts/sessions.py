"""Django's database sessions, lasting as long as the configuration says."""

from __future__ import annotations

from django.contrib.sessions.backends.db import SessionStore as DatabaseSessions

from aniworld.accounts.tokens import session_lifetime


class SessionStore(DatabaseSessions):
    """The engine that `settings.SESSION_ENGINE` names."""

    def get_session_cookie_age(self) -> int:
        """In seconds."""
        return int(session_lifetime().total_seconds())
