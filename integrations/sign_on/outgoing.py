"""django-allauth's requests, sent through the product's own client: guarded addresses, limits on size and time."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import quote_plus

from integrations.sign_on import discovery
from providers.exceptions import PageNotUnderstood
from providers.http import Page


class Answer:
    """As much of `requests.Response` as allauth reads. An answer that says no was an error before."""

    def __init__(self, page: Page) -> None:
        self.status_code = page.status
        self.headers = {"content-type": page.content_type or "application/octet-stream"}
        self.content = page.content
        self.text = page.text

    def raise_for_status(self) -> None:
        """Nothing: the client raised already."""

    def json(self) -> Any:
        """Raises `PageNotUnderstood` for anything but an object."""
        try:
            found = json.loads(self.content)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise PageNotUnderstood("The provider answered with something that is no object of JSON.")
        return found


class Session:
    """As much of `requests.Session` as allauth uses. Everything raises `ProviderError`."""

    def __init__(self) -> None:
        self._client = discovery.client()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._client.close()

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """One page."""
        return Answer(self._client.get(url, headers=headers))

    def request(
        self,
        method: str,
        url: str,
        *,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: Any = None,
        **_other: Any,
    ) -> Answer:
        """A form, sent once; `auth` has the client's name and secret."""
        asked = {"Accept": "application/json", **(headers or {})}
        if auth is not None:
            # RFC 6749 2.3.1: each is encoded as in a form before they are joined.
            pair = f"{quote_plus(auth.username)}:{quote_plus(auth.password)}"
            asked["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        if method != "POST":
            return self.get(url, asked)
        return Answer(self._client.post(url, data or {}, headers=asked))
