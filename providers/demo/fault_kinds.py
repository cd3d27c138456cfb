"""Every kind of fault of the demo site: what it does to an answer, and at which step it usually strikes."""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from providers.demo.reply import Delivery, Reply, page, redirect

STAGES = ("page", "redirect", "embed", "media", "playlist", "segment", "key")
_BYTES = ("media", "segment")
_STREAM = ("media", "playlist", "segment", "key")
_changes = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Kind:
    """What a fault does to an answer, and where when nothing else is said.

    `spares_probes`: it passes a request for the first kilobyte, so that `times` counts what the download meets.
    """

    apply: Callable[[Reply, Fault], Reply]
    stages: tuple[str, ...] = STAGES
    spares_probes: bool = False


@dataclass(slots=True)
class Fault:
    """One fault. `stage` empty means the kind's usual stages; `times` None means always.

    `skip`: that many fitting requests pass first. `match`: only paths that contain it. The other numbers are the
    kind's own, in bytes, seconds, requests and bytes a second.
    """

    fault: str
    stage: str = ""
    times: int | None = None
    skip: int = 0
    match: str = ""
    after_bytes: int | None = None
    after_seconds: float | None = None
    after_requests: int | None = None
    retry_after: str = ""
    seconds: float | None = None
    speed: float = 10_000
    status: int = 403
    location: str = ""

    def stages(self) -> tuple[str, ...]:
        """Where it strikes."""
        return (self.stage,) if self.stage else KINDS[self.fault].stages


def _status(status: int) -> Callable[[Reply, Fault], Reply]:
    def answer(reply: Reply, fault: Fault) -> Reply:
        headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
        return replace(page(f"<!DOCTYPE html><title>{status}</title><h1>{status}</h1>", status), headers=headers)

    return answer


def _delivery(**values: Any) -> Callable[[Reply, Fault], Reply]:
    """A fault in the sending; a value that is a string names the fault's own field."""

    def answer(reply: Reply, fault: Fault) -> Reply:
        filled = {name: getattr(fault, value) if isinstance(value, str) else value for name, value in values.items()}
        return replace(reply, delivery=replace(Delivery(), **filled))

    return answer


def _stall(reply: Reply, fault: Fault) -> Reply:
    return replace(reply, delivery=Delivery(stall_after=_half(reply, fault)))


def _hold(reply: Reply, fault: Fault) -> Reply:
    return replace(reply, delivery=replace(reply.delivery, hold_at=_half(reply, fault)))


def _cut(reply: Reply, fault: Fault) -> Reply:
    return replace(reply, delivery=Delivery(cut_after=_half(reply, fault)))


def _half(reply: Reply, fault: Fault) -> int:
    return len(reply.body) // 2 if fault.after_bytes is None else fault.after_bytes


def _wrong_length(reply: Reply, fault: Fault) -> Reply:
    extra = 1000 if fault.after_bytes is None else fault.after_bytes
    return replace(reply, delivery=Delivery(extra_length=extra))


def _html(reply: Reply, fault: Fault) -> Reply:
    return replace(page("<!DOCTYPE html><html><title>Werbung</title><p>Kein Video.</p></html>" * 50), ranges=False)


def _html_as_video(reply: Reply, fault: Fault) -> Reply:
    return replace(_html(reply, fault), content_type=reply.content_type)


def _challenge(reply: Reply, fault: Fault) -> Reply:
    text = '<!DOCTYPE html><html><title>Just a moment...</title><body><div class="cf-turnstile"></div></body></html>'
    return page(text, fault.status)


def _login(reply: Reply, fault: Fault) -> Reply:
    text = (
        '<!DOCTYPE html><title>Anmelden</title><form action="/login"><input name="u"><input type="password" name="p">'
    )
    return page(text)


def _redirect_loop(reply: Reply, fault: Fault) -> Reply:
    return redirect("?again=1")


def _redirect_private(reply: Reply, fault: Fault) -> Reply:
    return redirect(fault.location or "http://192.168.0.1/video.mp4")


def _expire(reply: Reply, fault: Fault) -> Reply:
    return _status(fault.status)(reply, fault)


def _corrupt(reply: Reply, fault: Fault) -> Reply:
    """Flips a 2 KiB stretch in every 64 KiB from `after_bytes` (a third of the file) on."""
    body = bytearray(reply.body)
    start = len(body) // 3 if fault.after_bytes is None else fault.after_bytes
    for position in range(start, len(body), 65536):
        piece = body[position : position + 2048]
        body[position : position + len(piece)] = bytes(value ^ 0xA5 for value in piece)
    return replace(reply, body=bytes(body))


def _truncated(reply: Reply, fault: Fault) -> Reply:
    return replace(reply, body=reply.body[: _half(reply, fault)])


def _encoded(reply: Reply, fault: Fault) -> Reply:
    return replace(reply, body=gzip.compress(reply.body, 1), ranges=False, headers={"Content-Encoding": "gzip"})


def _changing(reply: Reply, fault: Fault) -> Reply:
    """Another file under the same address: its tag and its last kilobyte differ with every request."""
    mark = f"change-{next(_changes)}".encode()
    return replace(reply, body=reply.body[:-1024] + mark.ljust(1024, b"\0"), etag=f'"{mark.decode()}"')


def _huge_header(reply: Reply, fault: Fault) -> Reply:
    return replace(reply, headers={**reply.headers, "X-Filler": "x" * 200_000})


def _playlist(text: bytes) -> Callable[[Reply, Fault], Reply]:
    return lambda reply, fault: replace(reply, body=text)


def _without_end(reply: Reply, fault: Fault) -> Reply:
    return replace(reply, body=reply.body.replace(b"#EXT-X-ENDLIST", b"").replace(b"#EXT-X-PLAYLIST-TYPE:VOD\n", b""))


def _oversize(reply: Reply, fault: Fault) -> Reply:
    return replace(reply, body=reply.body + b"#" + b"x" * (3 * 1024 * 1024))


def _missing_segment(reply: Reply, fault: Fault) -> Reply:
    return _status(404)(reply, fault)


def _foreign(reply: Reply, fault: Fault) -> Reply:
    """Every address in the playlist leads to another host."""
    target = (fault.location or "http://192.168.0.1/segment.ts").encode()
    lines = reply.body.splitlines()
    return replace(reply, body=b"\n".join(target if line and not line.startswith(b"#") else line for line in lines))


def _wrong_key(reply: Reply, fault: Fault) -> Reply:
    return replace(reply, body=bytes(value ^ 0xFF for value in reply.body))


def apply(fault: Fault, reply: Reply) -> Reply:
    """The answer with the fault in it."""
    return KINDS[fault.fault].apply(reply, fault)


KINDS: dict[str, Kind] = {
    "refuse": Kind(_delivery(refuse=True)),
    "timeout": Kind(_delivery(silent=True)),
    "slow_answer": Kind(lambda reply, fault: replace(reply, delivery=Delivery(delay=fault.seconds or 3))),
    **{str(status): Kind(_status(status)) for status in (403, 404, 410, 429, 500, 503)},
    "challenge": Kind(_challenge),
    "login": Kind(_login),
    "redirect_loop": Kind(_redirect_loop),
    "redirect_private": Kind(_redirect_private),
    "huge_header": Kind(_huge_header),
    "empty": Kind(lambda reply, fault: replace(reply, body=b"")),
    "speed": Kind(_delivery(speed="speed"), _BYTES, spares_probes=True),
    "stall": Kind(_stall, _BYTES, spares_probes=True),
    "hold": Kind(_hold, _BYTES, spares_probes=True),
    "cut": Kind(_cut, _BYTES, spares_probes=True),
    "wrong_length": Kind(_wrong_length, _BYTES, spares_probes=True),
    "html": Kind(_html, _BYTES),
    "html_as_video": Kind(_html_as_video, _BYTES),
    "ignore_ranges": Kind(lambda reply, fault: replace(reply, ranges=False), _BYTES, spares_probes=True),
    "corrupt": Kind(_corrupt, _BYTES, spares_probes=True),
    "truncated": Kind(_truncated, _BYTES, spares_probes=True),
    "encoded": Kind(_encoded, _BYTES),
    "changing_file": Kind(_changing, _BYTES, spares_probes=True),
    "expire": Kind(_expire, _STREAM, spares_probes=True),
    "bad_playlist": Kind(_playlist(b"#EXTM3U\n#EXT-X-KEY:METHOD=\n\xff\xfe,,,\n#EXTINF:abc\n"), ("playlist",)),
    "playlist_without_end": Kind(_without_end, ("playlist",)),
    "oversize_playlist": Kind(_oversize, ("playlist",)),
    "playlist_loop": Kind(
        _playlist(b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nmaster.m3u8\n"), ("playlist",)
    ),
    "playlist_foreign": Kind(_foreign, ("playlist",)),
    "missing_segment": Kind(_missing_segment, ("segment",)),
    "wrong_key": Kind(_wrong_key, ("key",)),
    "oversize_key": Kind(lambda reply, fault: replace(reply, body=reply.body * 100), ("key",)),
}  # fmt: skip
