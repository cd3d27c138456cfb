"""A small server with latency before each answer and a token bucket for each connection.

    python -m benchmarks.slow_server ROOT PORT DELAY SPEED [LAME]

The connection with the number LAME, in the order in which they come, has a tenth of the speed.

nginx's own limit gives each request about a free second, so that many small ranges look falsely fast; here the bucket
belongs to the connection and holds at most 64 KiB.
"""

from __future__ import annotations

import itertools
import os
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO

PIECE = 64 * 1024
_TYPES = {".mp4": "video/mp4", ".ts": "video/mp2t", ".m3u8": "application/vnd.apple.mpegurl"}


class Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    root: Path
    delay: float
    speed: float
    lame = 0
    numbers = itertools.count(1)

    def setup(self) -> None:
        super().setup()
        if next(self.numbers) == self.lame:
            self.speed /= 10
        self.free_at = time.monotonic()

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        time.sleep(self.delay)
        path = self.root / self.path.lstrip("/")
        if not path.is_file():
            self.send_error(404)
            return
        size = path.stat().st_size
        first, last = self._range(size)
        self.send_response(206 if "Range" in self.headers else 200)
        if "Range" in self.headers:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.send_header("Content-Type", _TYPES.get(path.suffix, "application/octet-stream"))
        self.send_header("Content-Length", str(last - first + 1))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", f'"{size:x}"')
        self.end_headers()
        if with_body:
            with path.open("rb") as file:
                self._send(file, first, last + 1)

    def _range(self, size: int) -> tuple[int, int]:
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not wanted:
            return 0, size - 1
        return int(wanted[1]), min(int(wanted[2] or size - 1), size - 1)

    def _send(self, file: BinaryIO, offset: int, end: int) -> None:
        self.wfile.flush()
        while offset < end:
            most = min(PIECE, end - offset) if self.speed else end - offset
            sent = os.sendfile(self.connection.fileno(), file.fileno(), offset, most)
            if not sent:
                return
            offset += sent
            self._pace(sent)

    def _pace(self, sent: int) -> None:
        if not self.speed:
            return
        now = time.monotonic()
        # At most one piece may be saved up.
        self.free_at = max(self.free_at, now - PIECE / self.speed) + sent / self.speed
        time.sleep(max(0.0, self.free_at - now))

    def log_message(self, *_arguments: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_arguments: object) -> None:
        """Whoever hangs up is no news here."""


def main() -> None:
    root, port, delay, speed, *lame = sys.argv[1:]
    Connection.lame = int(lame[0]) if lame else 0
    Connection.root, Connection.delay, Connection.speed = Path(root), float(delay), float(speed)
    Server(("127.0.0.1", int(port)), Connection).serve_forever()


if __name__ == "__main__":
    main()
