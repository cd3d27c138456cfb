"""Measured requests beside the same requests unmeasured, against a server on loopback."""

from __future__ import annotations

import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks.rows import Row, Table, median, show
from benchmarks.timing import child

REQUESTS, PIECE = 5_000, 250
MOST = 1.05
BODY = b"<html><body>" + b"<p>A page of a catalogue.</p>" * 800 + b"</body></html>"


class _Page(BaseHTTPRequestHandler):
    """One page of 23 kB, over connections that are kept."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(BODY)}\r\n\r\n"
        self.wfile.write(head.encode() + BODY)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


def measure() -> list[Table]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with tempfile.TemporaryDirectory(prefix="aniworld-bench-", dir="/var/tmp") as folder:
            address = f"http://127.0.0.1:{server.server_address[1]}"
            environment = {"DATA_DIR": str(Path(folder))}
            found, _cpu = child("benchmarks.recorder", environment, requests=REQUESTS, piece=PIECE, address=address)
    finally:
        server.shutdown()
    return [Table("Measured requests", [_row(found)])]


def _row(found: dict[str, Any]) -> Row:
    """Each piece beside its neighbour: the machine's moods fall on both."""
    ratio = median([ours / plain for ours, plain in zip(found["monitored"], found["plain"], strict=True)])
    assert found["rows"] == REQUESTS + PIECE
    return show(
        Row(
            f"{REQUESTS:,} requests of 23 kB, measured and recorded",
            f"≤ {MOST:g} × unmeasured",
            f"unmeasured {sum(found['plain']):.1f} s",
            f"{sum(found['monitored']):.1f} s",
            f"{ratio:.3f}",
            ratio <= MOST,
        )
    )
