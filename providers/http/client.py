"""The product's one HTTP client: guarded addresses, own redirects, limits on size and time, readable errors."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential_jitter,
)
from tenacity.stop import stop_base
from urllib3.response import HTTPResponse

from providers.exceptions import (
    ConnectionFailed,
    OutOfRange,
    PageNotUnderstood,
    ProviderError,
    ServerFailed,
    TimedOut,
    WrongContent,
)
from providers.http import answers
from providers.http.address_guard import AddressGuard, Resolver, system_resolver
from providers.http.answers import shown
from providers.http.connections import GuardedSession
from providers.http.media_response import MediaResponse
from providers.http.transport import check_address, location, origin, translated, whole_body

__all__ = [
    "IMAGE_LIMIT",
    "KEY_LIMIT",
    "PAGE_LIMIT",
    "PLAYLIST_LIMIT",
    "Answer",
    "Client",
    "MediaResponse",
    "Page",
    "Policy",
]

# Bytes, after unpacking
PAGE_LIMIT = 5 * 1024 * 1024
PLAYLIST_LIMIT = 2 * 1024 * 1024
KEY_LIMIT = 64
IMAGE_LIMIT = 20 * 1024 * 1024

T = TypeVar("T")

USER_AGENT = "Mozilla/5.0 (compatible; Aniworld)"
MAXIMUM_REDIRECTS = 5
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w-]{1,40})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Policy:
    """How one provider is asked. Seconds; `retries` counts all tries of an idempotent request, the first included.

    `headers` and `params` are the operator's and may hold secrets: they go to the address that was asked for, and to no
    other origin that it redirects to.
    """

    timeout: float = 30
    retries: int = 3
    retry_delay: float = 1
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    allowed_private_hosts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Page:
    """A whole answer with status 200 to 299. `url` is the last one after redirects, `content` is unpacked."""

    url: str
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def content_type(self) -> str:
        """Without its parameters, in small letters."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The content as text, by the declared charset or UTF-8; never fails."""
        declared = re.search(r"charset\s*=\s*[\"']?([\w-]{1,40})", self.headers.get("Content-Type", ""))
        in_page = None if declared else _CHARSET.search(self.content[:2048])
        charset = declared[1] if declared else in_page[1].decode() if in_page else "utf-8"
        try:
            return self.content.decode(charset, "replace")
        except (LookupError, ValueError):
            return self.content.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Answer:
    """Whatever came back, errors and redirects included. `content` is empty unless it `is_whole`."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    is_whole: bool


class Client:
    """Asks the outside world under one policy. May be shared by the threads of a pool."""

    def __init__(
        self,
        policy: Policy | None = None,
        resolve: Resolver = system_resolver,
        may_ask_again: Callable[[], bool] | None = None,
    ) -> None:
        """`may_ask_again` waits until a request that failed may be sent once more, or answers that it may not."""
        self.policy = policy or Policy()
        self._may_ask_again = may_ask_again or (lambda: True)
        self._session = GuardedSession(AddressGuard(self.policy.allowed_private_hosts, resolve))
        self._received = threading.local()

    @property
    def received(self) -> int:
        """Bytes of pages that this thread got through this client so far."""
        return getattr(self._received, "bytes", 0)

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        limit: int = PAGE_LIMIT,
    ) -> Page:
        """A page, tried again when the network or the server failed, within twice the policy's time limit in all.

        Raises a `ProviderError`; `TooLarge` over `limit` bytes.
        """
        return self._again(lambda: self._page("GET", url, params, headers, limit))

    def post(
        self,
        url: str,
        data: Mapping[str, str],
        *,
        headers: Mapping[str, str] | None = None,
        limit: int = PAGE_LIMIT,
    ) -> Page:
        """Sends a form once."""
        return self._page("POST", url, None, headers, limit, data)

    def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        limit: int = PAGE_LIMIT,
    ) -> Answer:
        """Asks once and answers whatever comes; a redirect is not followed. Within the policy's time limit in all.

        A body over `limit` bytes, or one that does not end in time, is given up: the status has come by then.
        Raises `AddressRefused`, `ConnectionFailed`, `TimedOut`.
        """
        until = time.monotonic() + self.policy.timeout
        asked = self._with_policy({"Accept": "*/*", "Accept-Encoding": "gzip, deflate", **(headers or {})})
        response = self._send(method, url, None, asked, body, self.policy.timeout)
        try:
            content, is_whole = whole_body(response, url, limit, until), True
        except ProviderError:
            content, is_whole = b"", False
        finally:
            response.close()
        return Answer(response.status, response.headers, content, is_whole)

    def json(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
    ) -> Any:
        """What the JSON at an address says; with `data` the form is posted. Raises `PageNotUnderstood`."""
        asked = {"Accept": "application/json", **(headers or {})}
        page = self.get(url, params=params, headers=asked) if data is None else self.post(url, data, headers=asked)
        try:
            return json.loads(page.content)
        except (ValueError, RecursionError):
            raise PageNotUnderstood(f"{shown(page.url)} was expected to answer with JSON.") from None

    def redirect_target(self, url: str, headers: Mapping[str, str] | None = None) -> str:
        """Where one address leads, without going there; the address itself when it answers with a page."""
        return self._again(lambda: self._hop(url, headers or {}))

    def open(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        offset: int = 0,
        end: int | None = None,
        if_range: str | None = None,
        as_part: bool = False,
        read_timeout: float | None = None,
    ) -> MediaResponse:
        """Starts to stream the bytes from `offset` up to, not including, `end`. One try; the caller decides on more.

        A server that ignores the range answers with status 200 and everything. `as_part` asks for a range even from the
        very start, so that the answer tells whether ranges work. `if_range`: the ETag or date of an
        earlier answer; when the resource has changed since, status 200 and the new one come.
        Raises `Blocked` (401, 403, challenge), `Expired` (410), `NotFound`, `RateLimited`, `ServerFailed`,
        `WrongContent` (web page, other range, encoded), `ConnectionFailed`, `TimedOut`.
        """
        asked = {"Accept": "*/*", **(headers or {}), "Accept-Encoding": "identity"}
        if offset or as_part or end is not None:
            asked["Range"] = f"bytes={offset}-{'' if end is None else end - 1}"
            if if_range:
                asked["If-Range"] = if_range
        response, final = self._follow("GET", url, None, asked, None, read_timeout or self.policy.timeout)
        try:
            self._judge_media(response, final)
            return MediaResponse(response, final, offset, end)
        except BaseException:
            response.close()
            raise

    def close(self) -> None:
        """Drops idle connections."""
        self._session.close()

    # How it is done

    def _again(self, attempt: Callable[[], T]) -> T:
        policy = self.policy
        enough = stop_after_attempt(max(1, policy.retries)) | stop_after_delay(policy.timeout)
        retrying = Retrying(
            retry=retry_if_exception(_may_help),
            stop=enough | _Unless(self._may_ask_again),
            wait=wait_exponential_jitter(multiplier=policy.retry_delay, max=30, jitter=min(1, policy.retry_delay)),
            reraise=True,
        )
        return retrying(attempt)

    def _page(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        limit: int,
        data: Mapping[str, str] | None = None,
    ) -> Page:
        until = time.monotonic() + self.policy.timeout
        asked = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate", **(headers or {})}
        query = {**self.policy.params, **(params or {})}
        response, final = self._follow(method, url, query, asked, data, self.policy.timeout, until)
        try:
            content = whole_body(response, final, limit, until)
        finally:
            response.close()
        self._received.bytes = self.received + len(content)
        page = Page(final, response.status, response.headers, content)
        content_is_page = answers.is_html(page.content_type, content[:512])
        error = answers.refusal(final, page.status, page.headers, page.text if content_is_page else "")
        if error:
            raise error
        if not 200 <= page.status < 300:
            raise ServerFailed(f"{shown(final)} answered unexpectedly ({page.status}).", page.status)
        return page

    def _hop(self, url: str, headers: Mapping[str, str]) -> str:
        until = time.monotonic() + self.policy.timeout
        asked = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate", **headers}
        response = self._send("GET", url, None, self._for_strangers(asked), None, self.policy.timeout)
        try:
            target = location(response, url)
            if target:
                return target
            content = whole_body(response, url, PAGE_LIMIT, until)
        finally:
            response.close()
        error = answers.refusal(url, response.status, response.headers, content.decode("utf-8", "replace"))
        if error:
            raise error
        return url

    def _follow(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str],
        data: Mapping[str, str] | None,
        timeout: float,
        until: float | None = None,
    ) -> tuple[HTTPResponse, str]:
        """The first answer that is no redirect, and its address."""
        asked, here = self._with_policy(headers), url
        query = params
        seen: set[str] = set()
        for _ in range(MAXIMUM_REDIRECTS + 1):
            seen.add(here)
            limit = timeout if until is None else min(timeout, max(0.05, until - time.monotonic()))
            response = self._send(method, here, query, asked, data, limit)
            target = location(response, here)
            if target is None:
                return response, here
            response.close()
            if target in seen:
                raise ServerFailed(f"{shown(url)} redirects in a loop.")
            if response.status not in (307, 308):
                method, data = "GET", None
            if origin(target) != origin(here):
                asked = self._for_strangers(headers)
            here, query = target, None
        raise ServerFailed(f"{shown(url)} redirects more than {MAXIMUM_REDIRECTS} times.")

    def _with_policy(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The call's headers bind the stream, so they come before the operator's."""
        return {"User-Agent": USER_AGENT, **self.policy.headers, **headers}

    def _for_strangers(self, headers: Mapping[str, str]) -> dict[str, str]:
        public = {name: text for name, text in headers.items() if name.lower() not in ("authorization", "cookie")}
        agent = next((text for name, text in self.policy.headers.items() if name.lower() == "user-agent"), USER_AGENT)
        return {"User-Agent": agent, **public}

    def _send(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str],
        data: Mapping[str, str] | bytes | None,
        timeout: float,
    ) -> HTTPResponse:
        check_address(url)
        try:
            return self._session.ask(method, url, headers=headers, params=params, data=data, seconds=timeout)
        except ProviderError:
            raise
        except Exception as error:
            raise translated(error, url) from None

    def _judge_media(self, response: HTTPResponse, url: str) -> None:
        if response.status not in (200, 206):
            if response.status == 416:
                raise OutOfRange(f"{shown(url).partition('/')[0]} does not have the part that was asked for (416).")
            raise answers.stream_refusal(url, response.status, response.headers) or ServerFailed(
                f"{shown(url).partition('/')[0]} answered unexpectedly ({response.status}).", response.status
            )
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in ("", "identity"):
            raise WrongContent(
                f"{shown(url).partition('/')[0]} sent packed media ({encoding[:20]}), which was not asked for."
            )


class _Unless(stop_base):
    """Ends the tries unless one more is allowed; asked only when nothing else has ended them."""

    def __init__(self, may: Callable[[], bool]) -> None:
        self._may = may

    def __call__(self, retry_state: RetryCallState) -> bool:  # noqa: ARG002 - the base class's signature
        return not self._may()


def _may_help(error: BaseException) -> bool:
    if isinstance(error, ServerFailed):
        return error.status is not None and error.status >= 500
    return isinstance(error, ConnectionFailed | TimedOut)
