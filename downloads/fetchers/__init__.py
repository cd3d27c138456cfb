"""Brings a stream into the work folder, by whatever its kind asks for."""

from __future__ import annotations

from collections.abc import Callable

from downloads.fetchers import file, hls, local, ytdlp
from downloads.fetchers.base import Fetched, Job
from providers.contracts import StreamKind

FETCHERS: dict[StreamKind, Callable[[Job], Fetched]] = {
    StreamKind.FILE: file.fetch,
    StreamKind.HLS: hls.fetch,
    StreamKind.YTDLP: ytdlp.fetch,
    StreamKind.LOCAL: local.fetch,
}


def fetch(job: Job) -> Fetched:
    """Fetches the whole stream, going on from what is in the folder.

    Raises `ProviderError`, `TransferFailed`, `MustWait`, or `Interrupted`.
    """
    return FETCHERS[job.stream.kind](job)
