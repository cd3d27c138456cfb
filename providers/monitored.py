"""Wraps a provider so that each request through it is measured without the provider knowing."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Generic, TypeVar

from aniworld.logs import about, one_line
from providers import admission, outcomes
from providers.contracts import (
    Catalogue,
    EpisodeEntry,
    EpisodeSources,
    Host,
    Language,
    NewEpisode,
    SearchResult,
    SeasonEntry,
    SeriesDetails,
    Stream,
)
from providers.exceptions import (
    Blocked,
    NotFound,
    PageNotUnderstood,
    ProviderError,
    RateLimited,
    Resting,
)
from providers.models import Provider, RequestLog
from providers.request_rate import wait_for_turn
from providers.time_limit import within

log = logging.getLogger(__name__)
P = TypeVar("P", Catalogue, Host)
T = TypeVar("T")
Action = RequestLog.Action
_LOOK_UPS = (Action.SEARCH, Action.DETAILS)


class _Monitored(Generic[P]):
    """What both kinds share. Raises nothing but `ProviderError`, whatever the provider does."""

    provider: P

    def __init__(self, row: Provider, provider: P) -> None:
        self.row = row
        self.provider = provider
        self.name = row.name
        self.display_name = row.display_name
        self.address = provider.address

    def _measured(
        self, action: RequestLog.Action, ask: Callable[[], T], language: str = "", *, is_partial: bool = False
    ) -> T:
        with about(provider=self.name):
            row = outcomes.current(self.row)
            is_probe = admission.admitted(row)
            try:
                wait_for_turn(row)
            except ProviderError:
                if is_probe:
                    admission.give_back(self.row)
                raise
            received, start = self.provider.client.received, time.monotonic()

            def ended(error: ProviderError | None) -> None:
                size = max(0, self.provider.client.received - received)
                log.debug("%s took %d ms and brought %d bytes", action, 1000 * (time.monotonic() - start), size)
                # What a person mistyped is not there: that is a good answer.
                failure = None if action in _LOOK_UPS and isinstance(error, NotFound) else error
                outcomes.record(self.row, action, 1000 * (time.monotonic() - start), size, language, failure)
                outcomes.note(self.row, error, is_probe=is_probe, is_partial=is_partial)

            try:
                answer = self._normalised(action, ask)
            except ProviderError as error:
                ended(error)
                raise
            ended(None)
            return answer

    def _normalised(self, action: RequestLog.Action, ask: Callable[[], T]) -> T:
        """A provider's own bug ends one request, not the work around it."""
        try:
            return ask()
        except ProviderError as error:
            # What a person mistyped, or a title asked for as a key, is no failure.
            is_answer = action in _LOOK_UPS and isinstance(error, NotFound)
            log.log(logging.DEBUG if is_answer else logging.INFO, "%s failed: %s", action, error)
            raise
        except Exception as error:
            log.exception("%s met something it was not made for", action)
            raise PageNotUnderstood(
                f"{self.display_name} failed unexpectedly ({type(error).__name__}): {one_line(str(error))[:200]}"
            ) from error

    @property
    def is_checkable(self) -> bool:
        """Whether there is something its check could ask."""
        if self.provider.is_local:
            # Without a folder nobody wants it, and nothing is wrong with it.
            return bool(self.address)
        return bool(self.address) or type(self.provider).check not in (Host.check, Catalogue.check)

    def check(self, seconds: float) -> tuple[ProviderError | None, float]:
        """Asks whether it answers, and gives up after `seconds`; answers what went wrong, and the milliseconds.

        Asked also while the breaker is open. Measured, but what it means for the provider's state is the caller's.
        """
        with about(provider=self.name):
            try:
                wait_for_turn(self.row)
            except RateLimited as error:
                return Resting(str(error), error.retry_after), 0.0
            start, size, failure = time.monotonic(), 0, None
            try:
                size = within(seconds, self._asked_bytes, f"check-{self.name}")
            except ProviderError as error:
                failure = error
            milliseconds = 1000 * (time.monotonic() - start)
            outcomes.record(self.row, Action.CHECK, milliseconds, size, "", failure)
            return failure, milliseconds

    def _asked_bytes(self) -> int:
        """Counted here because the client counts for each thread."""
        with about(provider=self.name):
            received = self.provider.client.received
            self._normalised(Action.CHECK, self._ask)
            return max(0, self.provider.client.received - received)

    def _ask(self) -> None:
        self.provider.check()


class MonitoredCatalogue(_Monitored[Catalogue]):
    """A catalogue with the methods of the contract. `host_named` gives its sources registered host names."""

    def __init__(self, row: Provider, provider: Catalogue, host_named: Callable[[str], str | None]) -> None:
        super().__init__(row, provider)
        self._host_named = host_named

    def search(self, query: str) -> list[SearchResult]:
        """As `Catalogue.search`."""
        return self._measured(Action.SEARCH, lambda: self.provider.search(query))

    def details(self, link: str) -> SeriesDetails:
        """As `Catalogue.details`."""
        return self._measured(Action.DETAILS, lambda: self.provider.details(link))

    def episodes(self, season: SeasonEntry) -> list[EpisodeEntry]:
        """As `Catalogue.episodes`."""
        found = self._measured(Action.EPISODES, lambda: self.provider.episodes(season))
        return [replace(entry, hosts=tuple(self._host(label) for label in entry.hosts)) for entry in found]

    def sources(self, episode_link: str) -> EpisodeSources:
        """As `Catalogue.sources`, with registered host names where there is one."""
        found = self._measured(Action.SOURCES, lambda: self.provider.sources(episode_link))
        return replace(found, sources=tuple(replace(one, host=self._host(one.host)) for one in found.sources))

    def is_language(self, episode_link: str, language: Language) -> bool:
        """As `Catalogue.is_language`."""
        return self._measured(Action.SOURCES, lambda: self.provider.is_language(episode_link, language), language.value)

    def newest(self) -> list[NewEpisode]:
        """As `Catalogue.newest`."""
        return self._measured(Action.NEWEST, self.provider.newest)

    def accepts(self, link: str) -> bool:
        """As `Catalogue.accepts`; asks nobody."""
        return self.provider.accepts(link)

    def key_of(self, link: str) -> str:
        """As `Catalogue.key_of`; asks nobody."""
        return self.provider.key_of(link)

    @property
    def takes_any_link(self) -> bool:
        """As `Catalogue.takes_any_link`."""
        return self.provider.takes_any_link

    def _host(self, label: str) -> str:
        return self._host_named(label) or label


class MonitoredHost(_Monitored[Host]):
    """A host with the methods of the contract. `is_found`: its address is not configured, but where it was last met."""

    def __init__(self, row: Provider, provider: Host, *, is_found: bool = False) -> None:
        super().__init__(row, provider)
        self._is_found = is_found

    def resolve(self, link: str, language: Language | None = None) -> Stream:
        """As `Host.resolve`; `language` is only kept with the measurement."""
        spoken = language.value if language else ""
        stream = self._measured(Action.RESOLVE, lambda: self.provider.resolve(link), spoken, is_partial=True)
        if not self.address:
            outcomes.remember_place(self.row, stream)
        return stream

    def _ask(self) -> None:
        """Of a place that was only met on the way to a stream, any answer is a good one."""
        try:
            super()._ask()
        except (Blocked, NotFound, PageNotUnderstood):
            if not self._is_found:
                raise


def record_download(
    host: str,
    *,
    successful: bool,
    seconds: float,
    size: int,
    language: str,
    error: ProviderError | None = None,
) -> None:
    """Keeps the outcome of a download: how long it took and how many bytes came. Never fails the work.

    `error` says what it means for the host; without one a failure only counts in the statistics.
    """
    row = Provider.known().get(host)
    if row is None:
        return
    if not successful and error is None:
        error = ProviderError("The download failed after the transfer.")
    failure = None if successful else error
    outcomes.record(row, Action.DOWNLOAD, 1000 * seconds, size, language, failure)
    outcomes.note(row, failure)
