"""The streaming answer to a request for media: big reads into the caller's own buffer."""

from __future__ import annotations

import http.client
import os
import re
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from urllib3.response import HTTPResponse

from providers.exceptions import Blocked, ConnectionFailed, TimedOut, WrongContent, WrongPart
from providers.http.answers import is_html, obstacle, shown
from providers.http.connections import Readiness, StreamedAnswer, shut_down
from providers.http.incoming import ENOUGH, Pipe

_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.ASCII | re.IGNORECASE)


class MediaResponse:
    """One open answer (status 200 or 206) of a file, playlist, segment or key. A context manager.

    `length`: bytes of this body, `total`: bytes of the whole resource, each None when the server does not say.
    `offset`: where this body starts in the resource. `accepts_ranges`: the server kept to a range just now.
    One thread reads; `close()` may be called from any other.
    """

    def __init__(self, response: HTTPResponse, url: str, wanted_offset: int, wanted_end: int | None) -> None:
        self.status = response.status
        self.url = url
        self.headers: Mapping[str, str] = response.headers
        self.content_type = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        self.etag = self.headers.get("ETag")
        self.last_modified = self.headers.get("Last-Modified")
        self.accepts_ranges = self.status == 206
        self._raw = response
        self._answer: StreamedAnswer = self._raw._fp  # type: ignore[assignment]  # no public way to the plain body
        self._transport = getattr(self._raw, "transport", None)
        self._has_more = Readiness(self._transport)
        self._host = shown(url).partition("/")[0]
        self._closed = threading.Event()
        self._reading = threading.Lock()
        self._ended = False
        self._pipe: Pipe | None = None
        self._taken = 0
        self.length = self._answer.length
        self.offset, self.total = self._placed(wanted_offset, wanted_end)
        self._refuse_page()

    def read_into(self, view: memoryview) -> int:
        """Fills `view` with what is there, at least one byte, and answers how many; 0 at the end of the body.

        It blocks for the first byte only, so that a slow host's bytes are seen as they come.
        Raises `ConnectionFailed` when the body ends before its length or the answer was closed, `TimedOut`.
        """
        if self._ended:
            return 0
        return self._taken_now(self._take(lambda: self._take_what_is_there(view)), len(view))

    def pour_into(self, file: int, offset: int, view: memoryview) -> int:
        """Like `read_into`, but the bytes are written to `offset` of an open file; at most as many as `view` has.

        Where the system can, it moves them itself; else they pass through `view`. An OSError is the file's. Only within
        the context, whose end gives back what this needs.
        """
        if self._ended:
            return 0
        if not self._answer.can_pour:
            return self._write(file, offset, view[: self.read_into(view)])
        pipe = self._pipe = self._pipe or Pipe()
        count = self._take(lambda: self._answer.take_into_pipe(pipe, len(view)))
        pipe.empty(count, file, offset)
        return self._taken_now(count, len(view))

    @staticmethod
    def _write(file: int, offset: int, data: memoryview) -> int:
        written = 0
        while written < len(data):
            # A disk that is nearly full takes a part first, and refuses the rest at the next call.
            written += os.pwrite(file, data[written:], offset + written)
        return written

    def _take(self, take: Callable[[], int]) -> int:
        if self._closed.is_set():
            raise ConnectionFailed(f"The connection to {self._host} was closed.")
        try:
            with self._reading:
                return take()
        except TimeoutError:
            raise TimedOut(f"{self._host} sent nothing for too long.") from None
        except (OSError, ValueError, http.client.HTTPException):
            reason = "was closed" if self._closed.is_set() else "broke off"
            raise ConnectionFailed(f"The connection to {self._host} {reason}.") from None

    def _taken_now(self, count: int, wanted: int) -> int:
        self._taken += count
        if self.length is not None and self._taken > self.length:
            raise WrongPart(f"{self._host} sent more than it said.")
        if self._answer.fp is None or (count == 0 and wanted):
            self._finish(count)
        return count

    def _take_what_is_there(self, view: memoryview) -> int:
        """Chunks come in pieces of any size: what else has arrived is taken along."""
        answer, has_more = self._answer, self._has_more
        count = more = answer.take_into(view)
        enough = min(len(view), ENOUGH) if answer.chunked else 0
        while more and count < enough and answer.fp is not None and has_more():
            more = answer.take_into(view[count:])
            count += more
        return count

    def _finish(self, count: int) -> None:
        """Tells a whole body from one that was cut, and gives the connection back for the next request."""
        is_whole = self.length is None or self._taken == self.length
        if count and not is_whole:
            return  # the next read says so, after these bytes were used
        if self._closed.is_set():
            raise ConnectionFailed(f"The connection to {self._host} was closed.")
        if not is_whole:
            raise ConnectionFailed(f"{self._host} sent {self._taken} of {self.length} bytes, then broke off.")
        self._ended = True
        self._drop_pipe()
        self._raw.release_conn()

    def _placed(self, wanted_offset: int, wanted_end: int | None) -> tuple[int, int | None]:
        """Where the body stands in the resource, and how long that is. Raises `WrongPart` for another range."""
        if self.status != 206:
            return 0, self.length
        match = _CONTENT_RANGE.fullmatch(self.headers.get("Content-Range", "").strip())
        if not match:
            raise WrongPart(f"{self._host} answered with a part but did not say which.")
        start, last = int(match[1]), int(match[2])
        length = last - start + 1
        beyond = wanted_end is not None and last >= wanted_end
        if start != wanted_offset or beyond or length < 1 or self.length not in (None, length):
            raise WrongPart(f"{self._host} answered with another part than was asked for.")
        self.length = length
        return start, None if match[3] == "*" else int(match[3])

    def _refuse_page(self) -> None:
        """A web page is never media, whatever its status: a challenge is `Blocked`, anything else `WrongContent`."""
        if self.content_type not in ("text/html", "application/xhtml+xml"):
            return
        try:
            start = self._answer.peek(4096)
        except (OSError, ValueError):
            raise ConnectionFailed(f"The connection to {self._host} broke off.") from None
        if is_html(self.content_type, start):
            in_the_way = obstacle(self.url, self.headers, start.decode("utf-8", "replace"))
            if in_the_way:
                raise Blocked(f"{self._host} answered with {in_the_way}.")
            raise WrongContent(f"{self._host} answered with a web page instead of media.")

    def close(self) -> None:
        """Ends the answer; a read that blocks in another thread fails at once. May be called more than once."""
        if self._ended:
            return
        self._closed.set()
        shut_down(self._transport)
        # The shut down socket has ended a read in another thread; closing under it would pull its buffer away.
        with self._reading:
            self._raw.close()

    def _drop_pipe(self) -> None:
        pipe, self._pipe = self._pipe, None
        if pipe:
            pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        # Only here and at the end of the body, by the thread that reads: under another one's hands it may be in use.
        self._drop_pipe()
