"""Users and signed-in clients for the tests of accounts, API and admin."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.hashers import make_password
from django.test import Client

from aniworld.accounts import tokens
from aniworld.accounts.models import User

PASSWORD = "correct horse battery"


def user(name: str = "admin", *, staff: bool = True, active: bool = True) -> User:
    """A user whose password is `PASSWORD`; staff is superuser, too."""
    return User.objects.create(
        username=name, is_staff=staff, is_superuser=staff, is_active=active, password=make_password(PASSWORD)
    )


class Api(Client):
    """A client that speaks JSON, and carries a bearer token or API key when it has one."""

    def __init__(self, bearer: str = "", key: str = "", **options: Any) -> None:
        super().__init__(enforce_csrf_checks=True, **options)
        self.credentials: dict[str, str] = {}
        if bearer:
            self.credentials = {"Authorization": f"Bearer {bearer}"}
        elif key:
            self.credentials = {"X-Api-Key": key}

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """One request; `body` goes as JSON."""
        headers = {**self.credentials, **options.pop("headers", {})}
        data = {} if body is None else {"data": body, "content_type": "application/json"}
        return getattr(self, method)(path, headers=headers, **data, **options)


def signed_in(person: User) -> Api:
    """A client with a fresh bearer token of `person`."""
    return Api(bearer=tokens.issue(person, "127.0.0.1", "tests")[1])


def with_key(person: User, scope: str) -> Api:
    """A client with a fresh API key of `person`."""
    return Api(key=tokens.create_key(person, f"{person.username} {scope}", scope)[1])
