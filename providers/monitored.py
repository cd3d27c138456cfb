"""Wraps a provider so that each request through it is measured without the provider knowing."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Generic, TypeVar

from django.db import DatabaseError

from aniworld.logs import about, one_line
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
from providers.exceptions import NotConfigured, PageNotUnderstood, ProviderError
from providers.models import Provider, ProviderStatus, RequestLog
from providers.request_rate import wait_for_turn

log = logging.getLogger(__name__)
P = TypeVar("P", Catalogue, Host)
T = TypeVar("T")
Action = RequestLog.Action


class _Monitored(Generic[P]):
    """What both kinds share. Raises nothing but `ProviderError`, whatever the provider does."""

    provider: P

    def __init__(self, row: Provider, provider: P) -> None:
        self.row = row
        self.provider = provider
        self.name = row.name
        self.display_name = row.display_name
        self.address = provider.address

    def _measured(self, action: RequestLog.Action, ask: Callable[[], T], language: str = "") -> T:
        with about(provider=self.name):
            wait_for_turn(self.row)
            received, start = self.provider.client.received, time.monotonic()
            try:
                answer = self._normalised(action, ask)
            except ProviderError as error:
                self._record(action, start, received, language, error)
                raise
            self._record(action, start, received, language, None)
            return answer

    def _normalised(self, action: RequestLog.Action, ask: Callable[[], T]) -> T:
        """A provider's own bug ends one request, not the work around it."""
        try:
            return ask()
        except ProviderError as error:
            log.info("%s failed: %s", action, error)
            raise
        except Exception as error:
            log.exception("%s met something it was not made for", action)
            raise PageNotUnderstood(
                f"{self.display_name} failed unexpectedly ({type(error).__name__}): {one_line(str(error))[:200]}"
            ) from error

    def _record(
        self, action: RequestLog.Action, start: float, received: int, language: str, error: ProviderError | None
    ) -> None:
        size = max(0, self.provider.client.received - received)
        _write(self.row, action, 1000 * (time.monotonic() - start), size, language, error)

    def check(self) -> ProviderStatus:
        """Asks whether it answers and keeps the outcome; answers the status record, raises nothing for a failure."""
        start = time.monotonic()
        failure: ProviderError | None = None
        try:
            self._measured(Action.CHECK, self.provider.check)
        except ProviderError as error:
            failure = error
        record, _made = ProviderStatus.objects.get_or_create(provider=self.row)
        record.record_check(failure, 1000 * (time.monotonic() - start))
        return record


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

    def _host(self, label: str) -> str:
        return self._host_named(label) or label


class MonitoredHost(_Monitored[Host]):
    """A host with the methods of the contract."""

    def resolve(self, link: str, language: Language | None = None) -> Stream:
        """As `Host.resolve`; `language` is only kept with the measurement."""
        return self._measured(Action.RESOLVE, lambda: self.provider.resolve(link), language.value if language else "")


def record_download(
    host: str,
    *,
    successful: bool,
    seconds: float,
    size: int,
    language: str,
    error: ProviderError | None = None,
) -> None:
    """Keeps the outcome of a download: how long it took and how many bytes came. Never fails the work."""
    row = Provider.known().get(host)
    if row is None:
        return
    if not successful and error is None:
        error = ProviderError("The download failed after the transfer.")
    _write(row, Action.DOWNLOAD, 1000 * seconds, size, language, None if successful else error)


def _write(
    row: Provider, action: RequestLog.Action, milliseconds: float, size: int, language: str, error: ProviderError | None
) -> None:
    """The row of the request and what it says about the provider's state. A busy database must not fail the request."""
    if isinstance(error, NotConfigured):
        return
    try:
        RequestLog.add(row, action, milliseconds, size, str(language), error)
        record: ProviderStatus | None = getattr(row, "status_record", None)
        if record and action != Action.CHECK:
            record.note_request(error)
    except (DatabaseError, ProviderStatus.DoesNotExist):
        log.warning("A request through %s could not be recorded.", row.name, exc_info=True)
