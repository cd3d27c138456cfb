"""Asks TMDB (https://developer.themoviedb.org/reference), through the one HTTP client and no faster than it likes.

The operator's key is either its "API key" (v3), sent as a parameter, or its "API read access token", sent as a bearer.
It goes to TMDB's own address alone: pictures are fetched without it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from django.conf import settings
from django.utils.translation import gettext as _

from aniworld.configuration import store
from aniworld.refusals import Conflict
from library.metadata import records
from library.metadata.records import Candidate, EpisodeFacts, Ids, ShowFacts
from providers.exceptions import Blocked, PageNotUnderstood, ProviderError, RateLimited, TimedOut
from providers.http import IMAGE_LIMIT, Client, Policy
from providers.kept_rate import kept
from providers.rate import Rate

T = TypeVar("T")

# Seconds for one answer. It is asked once: whoever loads tries again later, whoever looks presses again.
TIMEOUT = 15.0
# TMDB allows some 50 requests a second of one address; this is kept over all processes of the machine.
RATE = Rate(per_second=30, burst=20)
# Seconds that an answer is good for: the parts of one loading, and a look at the candidates before.
KEPT_FOR = 600.0
_MOST_KEPT = 200
# After a 429 that names no time.
_REST = 10.0
_APPENDED = "external_ids,alternative_titles,content_ratings,images,aggregate_credits"


class NoKey(Conflict):
    """Nobody entered a key."""

    code = "tmdb_key_missing"


class KeyRefused(ProviderError):
    """TMDB does not accept the key."""

    retryable = False
    code = "tmdb_key_refused"


@dataclass(frozen=True, slots=True)
class Tmdb:
    """TMDB at one address, with one key, in one language. Every method raises `ProviderError`, but no `Blocked`."""

    address: str
    key: str
    language: str

    def search(self, words: str) -> list[Candidate]:
        """Series by title, best known first."""
        query = {"query": words[:200], "include_adult": "false"}
        return self._kept(f"search {words}", lambda: records.candidates(self._ask("/search/tv", query)))

    def find(self, ids: Ids) -> int | None:
        """TMDB's number of a series that another site's id is known of."""
        if ids.tmdb:
            return ids.tmdb
        for source, other in (("tvdb_id", ids.tvdb), ("imdb_id", ids.imdb)):
            if other:
                found = records.candidates(self._ask(f"/find/{other}", {"external_source": source}))
                if found:
                    return found[0].tmdb_id
        return None

    def titles(self, tmdb_id: int) -> tuple[str, ...]:
        """The other titles of a series."""
        ask = f"/tv/{tmdb_id}/alternative_titles"
        return self._kept(ask, lambda: records.titles(self._ask(ask)))

    def show(self, tmdb_id: int) -> ShowFacts:
        """A series in full. Raises `NotFound`."""
        return self._kept(f"show {tmdb_id}", lambda: self._show(tmdb_id))

    def season(self, tmdb_id: int, number: int) -> dict[int, EpisodeFacts]:
        """The episodes of a season by number. Raises `NotFound`."""
        ask = f"/tv/{tmdb_id}/season/{number}"
        return self._kept(ask, lambda: records.season(self._ask(ask)))

    def _show(self, tmdb_id: int) -> ShowFacts:
        wanted = f"{self.language.partition('-')[0]},en,null"
        answer = self._ask(f"/tv/{tmdb_id}", {"append_to_response": _APPENDED, "include_image_language": wanted})
        found = records.show(answer, self.language)
        if found is None:
            raise PageNotUnderstood(_("TMDB answered with something else than a series."))
        return found

    def _ask(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        _wait_for_turn()
        try:
            return _client(_policy(self.key)).json(
                self.address + path, params={"language": self.language, **(params or {})}
            )
        except RateLimited as error:
            _rest.begin(error.retry_after)
            raise
        except Blocked as error:
            raise KeyRefused(_("TMDB does not accept the key. Enter another one in the configuration.")) from error

    def _kept(self, what: str, ask: Callable[[], T]) -> T:
        """What was answered to the same question lately, or else now. Errors are not kept."""
        return cast("T", _answers.get((self, what), ask))


def connect() -> Tmdb:
    """TMDB as it is configured. Raises `NoKey`."""
    metadata = store.current().metadata
    if not metadata.tmdb_api_key:
        raise NoKey(_("There is no TMDB key. Enter one in the configuration, under Metadata."))
    return Tmdb(settings.TMDB_API_URL.rstrip("/"), metadata.tmdb_api_key, metadata.tmdb_language)


def is_configured() -> bool:
    """Whether there is a key."""
    return bool(store.current().metadata.tmdb_api_key)


def picture_address(path: str, size: str = "original") -> str:
    """Where a picture is; `size` is one of TMDB's, such as w342."""
    return f"{settings.TMDB_IMAGE_URL.rstrip('/')}/{size}{path}" if path else ""


def picture(path: str) -> bytes:
    """The bytes of a picture, not looked at yet. Raises `ProviderError`, `TooLarge` over 20 MB."""
    _wait_for_turn()
    try:
        return _client(_policy("")).get(picture_address(path), limit=IMAGE_LIMIT).content
    except RateLimited as error:
        _rest.begin(error.retry_after)
        raise


def forget() -> None:
    """Empties what is kept, and ends a rest."""
    _answers.clear()
    _rest.until = 0.0


class _Answers:
    """The latest answers, each for a while."""

    def __init__(self) -> None:
        self._kept: dict[object, tuple[float, object]] = {}
        self._lock = threading.Lock()

    def get(self, key: object, ask: Callable[[], object]) -> object:
        with self._lock:
            kept = self._kept.get(key)
        if kept and kept[0] > time.monotonic():
            return kept[1]
        answer = ask()
        with self._lock:
            self._kept.pop(key, None)
            while len(self._kept) >= _MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = (time.monotonic() + KEPT_FOR, answer)
        return answer

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()


class _Rest:
    """Until when TMDB asked this process to leave it alone."""

    until = 0.0

    def begin(self, seconds: float | None) -> None:
        self.until = time.monotonic() + (_REST if seconds is None else seconds)


_answers = _Answers()
_rest = _Rest()
_clients: dict[tuple[int, str], Client] = {}


def _wait_for_turn() -> None:
    """Raises `RateLimited` while TMDB wants to be left alone, so that nobody's thread only waits."""
    left = _rest.until - time.monotonic()
    if left > 0:
        raise RateLimited(_("TMDB asked to wait a little."), max(1.0, left))
    bucket = kept("requests of TMDB")
    place = bucket.take(1, RATE, within=TIMEOUT)
    if place is None:
        raise TimedOut(_("TMDB is asked too much by this machine at the moment."))
    time.sleep(bucket.remaining(place, RATE))


def _policy(key: str) -> Policy:
    # The token of the newer kind is a JWT, whose parts are separated by dots.
    is_token = "." in key
    return Policy(
        timeout=TIMEOUT,
        retries=1,
        headers={"Authorization": f"Bearer {key}"} if is_token else {},
        params={"api_key": key} if key and not is_token else {},
        allowed_private_hosts=frozenset(settings.ALLOWED_PRIVATE_HOSTS),
    )


def _client(policy: Policy) -> Client:
    """Kept, so that connections are used again. Never shared after a fork."""
    key = (os.getpid(), repr(policy))
    client = _clients.get(key)
    if client is None:
        client = _clients[key] = Client(policy)
    return client
