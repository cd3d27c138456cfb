"""Browsers of people whom another system vouches for: each comes from an address of its own on the loopback."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from tests.running import PASSWORD, Running

PROXY = "127.0.0.2"
# Counts of tries are by address.
_last = count(20)


class _From(HTTPAdapter):
    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, source_address=(self._address, 0))


class Browser(requests.Session):
    """Keeps cookies and follows redirects, as a browser does."""

    def __init__(self, up: Running, address: str = "", **headers: str) -> None:
        super().__init__()
        self.mount("http://", _From(address or f"127.0.1.{next(_last)}"))
        self.headers.update({"Accept-Language": "en", **headers})
        self.base = f"{up.url}/{up.environment['BASE_PATH']}" if up.environment.get("BASE_PATH") else up.url

    def page(self, path: str, **options: Any) -> requests.Response:
        return self.get(self.base + path, timeout=30, **options)

    def fill_in(self, path: str, **form: str) -> requests.Response:
        """A form of a page, with its CSRF token."""
        form["csrfmiddlewaretoken"] = self.cookies.get("csrftoken") or ""
        return self.post(self.base + path, data=form, timeout=30, headers={"Referer": self.base})

    def sign_in(self, username: str = "admin") -> None:
        self.page("/login")
        assert self.fill_in("/login", username=username, password=PASSWORD).ok
        assert self.who()["username"] == username

    def who(self) -> dict[str, Any]:
        found: dict[str, Any] = self.page("/api/auth/status").json()
        return found

    def sign_on(self, wanted: str = "") -> requests.Response:
        """By the provider, all the way."""
        return self.page("/integrations/sign-on/login", params={"next": wanted} if wanted else None)


def told(answer: requests.Response) -> str:
    """What a page says in its alert."""
    found = re.search(r'<p role="alert">(.*?)</p>', answer.text, re.DOTALL)
    return found[1].strip() if found else ""
