"""One connection to the demo site: reads a request, sends the answer, goes wrong where the fault plan says so."""

from __future__ import annotations

import http.server
import json
import re
import select
import socket
import threading
import time
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from providers.demo import fault_kinds, faults, reply, routes
from providers.demo.releases import releases
from providers.demo.reply import Reply

if TYPE_CHECKING:
    from providers.demo.site import Server

_RANGE = re.compile(r"bytes=(\d{1,15})-(\d{0,15})", re.ASCII)
_LAST_MODIFIED = "Thu, 01 Jan 2026 00:00:00 GMT"
_LARGEST_BODY = 64 * 1024


class Pace:
    """Keeps whoever shares it to a number of bytes a second; 0 is no limit."""

    def __init__(self, speed: float) -> None:
        self.speed = speed
        self._free_at = time.monotonic()
        self._lock = threading.Lock()

    @property
    def piece(self) -> int:
        """Bytes to send at once so that progress looks even."""
        return 1024 * 1024 if not self.speed else max(256, min(65536, int(self.speed / 20)))

    def delay(self, count: int) -> float:
        """Seconds to wait before sending that many bytes."""
        if not self.speed:
            return 0
        with self._lock:
            now = time.monotonic()
            start = max(now, self._free_at)
            self._free_at = start + count / self.speed
            return self._free_at - now


class Connection(http.server.BaseHTTPRequestHandler):
    """Several requests may come over one connection."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "Demo", ""
    disable_nagle_algorithm = True
    timeout = 120
    # The host whose fault holds back the answer at hand.
    _held_by = ""

    def do_GET(self) -> None:
        """Everything that is read."""
        self._serve(urlsplit(self.path).query)

    def do_HEAD(self) -> None:
        """The same, without its body."""
        self.do_GET()

    def do_POST(self) -> None:
        """Searches."""
        self._serve(self._body().decode("utf-8", "replace"))

    def do_PUT(self) -> None:
        """Sets faults, and lets episodes come out."""
        self._control(self._body())

    def do_DELETE(self) -> None:
        """Takes faults, releases or the list of requests away."""
        self._control(b"")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: `/_requests` tells more."""

    @property
    def _site(self) -> Server:
        return cast("Server", self.server)

    def _body(self) -> bytes:
        given = self.headers.get("Content-Length", "0")
        length = int(given) if given.isdigit() else 0
        if length > _LARGEST_BODY:
            self.close_connection = True
            return b""
        return self.rfile.read(length)

    # Control

    def _control(self, body: bytes) -> None:
        head, _, host = urlsplit(self.path).path.lstrip("/").partition("/")
        if not str(self.client_address[0]).startswith("127.") or head not in ("_faults", "_requests", "_releases"):
            self._send(reply.page("not here", 404), {})
            return
        try:
            shown = self._controlled(head, host, body)
        except (ValueError, TypeError) as error:
            self._send(Reply(json.dumps({"detail": str(error)}).encode(), "application/json", 422), {})
            return
        self._send(Reply(json.dumps(shown).encode(), "application/json"), {})

    def _controlled(self, head: str, host: str, body: bytes) -> Any:
        if head == "_releases":
            if self.command == "PUT":
                releases.add(json.loads(body))
            elif self.command == "DELETE":
                releases.forget()
            return [asdict(release) for release in releases.made()]
        if head == "_requests":
            if self.command == "DELETE":
                self._site.forget_requests()
            return self._site.requests()
        if self.command == "PUT":
            self._site.faults.set(host, json.loads(body))
        elif self.command == "DELETE":
            self._site.faults.clear(host or None)
        return self._site.faults.shown()

    # Answers

    def _serve(self, form: str) -> None:
        parts = urlsplit(self.path)
        if parts.path.startswith("/_"):
            self._control(b"")
            return
        site = self._site
        place = routes.place_of(parts.path, parts.query)
        record = site.record(self.command, self.path, place.host, place.stage, self.headers.get("Range"))
        use = site.passes.use(place.link, place.granted) if place.link and place.granted else None
        if place.stage in ("media", "playlist", "segment", "key") and use is None:
            answer = reply.page("<!DOCTYPE html><title>403</title><h1>Abgelaufen</h1>", 403)
        else:
            answer = routes.answer(place, parts.path, form, site.passes, site.clips, self._origin())
        age, uses = (time.monotonic() - use.since, use.requests) if use else (0.0, 0)
        is_probe = self.headers.get("Range") == "bytes=0-1023"
        fault = site.faults.take(faults.Situation(place.host, place.stage, parts.path, age, uses, is_probe))
        self._held_by = place.host if fault and fault.fault == "hold" else ""
        if fault:
            record["fault"] = fault.fault
            answer = fault_kinds.apply(fault, answer)
        pace = Pace(answer.delivery.speed) if answer.delivery.speed else site.pace(place.granted)
        try:
            self._deliver(answer, record, pace)
        finally:
            record["ended"] = True

    def _origin(self) -> str:
        host = self.headers.get("Host", "")
        return f"http://{host}" if re.fullmatch(r"[\w.:\[\]-]{1,100}", host, re.ASCII) else self._site.address

    def _deliver(self, answer: Reply, record: dict[str, Any], pace: Pace) -> None:
        delivery = answer.delivery
        if delivery.silent or delivery.refuse:
            if delivery.silent:
                self._wait_for_nothing()
            self.close_connection = True
            return
        if delivery.delay and not self._wait(delivery.delay):
            return
        self._send(answer, record, pace)

    def _send(self, answer: Reply, record: dict[str, Any], pace: Pace | None = None) -> None:
        status, start, end = self._part(answer)
        body = memoryview(answer.body)[start:end]
        record["status"] = status
        self.send_response(status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(max(0, len(body) + answer.delivery.extra_length)))
        if status in (206, 416):
            span = f"{start}-{end - 1}" if status == 206 else "*"
            self.send_header("Content-Range", f"bytes {span}/{len(answer.body)}")
        if answer.ranges and status != 416:
            self.send_header("Accept-Ranges", "bytes")
        if answer.etag:
            self.send_header("ETag", answer.etag)
            self.send_header("Last-Modified", _LAST_MODIFIED)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            if answer.delivery.hold_at is not None:
                answer = _held(answer, start, len(body))
            self._send_body(body, answer, record, pace or Pace(0))

    def _part(self, answer: Reply) -> tuple[int, int, int]:
        """Status, first byte and the byte after the last."""
        total = len(answer.body)
        match = _RANGE.fullmatch(self.headers.get("Range", "").strip())
        if_range = self.headers.get("If-Range")
        changed = if_range is not None and if_range not in (answer.etag, _LAST_MODIFIED)
        if not match or not answer.ranges or answer.status != 200 or changed:
            return answer.status, 0, total
        start = int(match[1])
        end = min(total, int(match[2]) + 1) if match[2] else total
        return (206, start, end) if start < end else (416, 0, 0)

    def _send_body(self, body: memoryview, answer: Reply, record: dict[str, Any], pace: Pace) -> None:
        delivery, sent = answer.delivery, 0
        limits = [limit for limit in (delivery.stall_after, delivery.cut_after) if limit is not None]
        until = min([len(body), *limits])
        while sent < until:
            piece = body[sent : min(until, sent + pace.piece)]
            if not self._wait(pace.delay(len(piece))):
                self.close_connection = True
                return
            try:
                self.connection.sendall(piece)
            except OSError:
                self.close_connection = True
                return
            sent += len(piece)
            record["bytes"] = sent
        if delivery.stall_after is not None:
            self._wait_for_nothing()
        if limits or delivery.extra_length:
            self.close_connection = True

    # Waiting, without outliving the site or the client

    def _wait(self, seconds: float) -> bool:
        return seconds <= 0 or not self._site.stopping.wait(seconds)

    def _wait_for_nothing(self) -> None:
        """Until the client hangs up, the site stops, or what holds it back is taken away."""
        while not self._site.stopping.is_set() and (not self._held_by or self._site.faults.holds(self._held_by)):
            readable, _, _ = select.select([self.connection], [], [], 0.1)
            try:
                if readable and not self.connection.recv(1, socket.MSG_PEEK):
                    return
            except OSError:
                return


def _held(answer: Reply, start: int, length: int) -> Reply:
    """A part that begins at `start` stalls where the resource is held; one that ends before is sent whole."""
    left = max(0, (answer.delivery.hold_at or 0) - start)
    return replace(answer, delivery=replace(answer.delivery, stall_after=left if left < length else None))
