"""Latency from publish to the client's message, and the web server's memory.

    python -m benchmarks.live [--seconds 15] [--clients 100,1000] [--kinds sqlite,postgresql+redis]

The web server, the publisher and the clients are three processes on this machine. Goals: everything delivered;
p99 ≤ 300 ms embedded, ≤ 60 ms with Redis (100 clients), ≤ 500 ms with 1,000 clients; web process ≤ 200 MB.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.crowd import run_crowd
from tests.aniworld.live_server import LiveServer, live_server

EVENTS_PER_SECOND = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--clients", default="100,1000")
    parser.add_argument("--kinds", default="sqlite,postgresql,postgresql+redis")
    arguments = parser.parse_args()
    print(
        f"{'database':18}{'clients':>8}{'delivered':>16}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}{'PSS MB':>8}{'CPU':>7}"
    )
    for kind in arguments.kinds.split(","):
        for clients in arguments.clients.split(","):
            report(kind, int(clients), measure(kind, int(clients), arguments.seconds))


@dataclass(frozen=True)
class Figures:
    """Events that came of those that were sent, milliseconds, megabytes, share of a core."""

    delivered: int
    expected: int
    p50: float
    p99: float
    most: float
    memory: float
    load: float


def measure(kind: str, clients: int, seconds: int) -> Figures:
    with live_server(kind) as server:
        events = seconds * EVENTS_PER_SECOND
        parent, child = multiprocessing.Pipe()
        crowd = multiprocessing.Process(target=run_crowd, args=(child, server.url, server.token, clients, events))
        crowd.start()
        assert parent.recv() == "ready"
        processor = processor_seconds(server)
        server.driver.begin(
            "burst", count=events, pause=1 / EVENTS_PER_SECOND, types=["download_progress", "queue_status"]
        )
        began = time.monotonic()
        server.driver.answer()
        memory = pss(server.process.pid)
        load = (processor_seconds(server) - processor) / (time.monotonic() - began)
        delays = parent.recv()
        crowd.join()
    delays.sort()
    p50, p99, most = (1000 * delays[int(share * (len(delays) - 1))] for share in (0.5, 0.99, 1))
    return Figures(len(delays), clients * events, p50, p99, most, memory, load)


def report(kind: str, clients: int, found: Figures) -> None:
    delivered = f"{found.delivered}/{found.expected}"
    times = "".join(f"{value:>9.1f}" for value in (found.p50, found.p99, found.most))
    print(f"{kind:18}{clients:>8}{delivered:>16}{times}{found.memory:>8.0f}{found.load:>7.0%}", flush=True)


def pss(pid: int) -> float:
    """Megabytes, shared pages divided among those who share them."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000


def processor_seconds(server: LiveServer) -> float:
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


if __name__ == "__main__":
    main()
