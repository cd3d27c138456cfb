"""Live events, as `benchmarks.live` measures them, beside their goals."""

from __future__ import annotations

from benchmarks import live
from benchmarks.rows import Row, Table, missing, show, within
from tests.database_servers import POSTGRESQL, REDIS, reachable

SECONDS = 15


def measure() -> list[Table]:
    rows = [*latency("sqlite", "embedded", 100, 300), *latency("sqlite", "embedded", 1000, 500)]
    for address, name in ((POSTGRESQL, "PostgreSQL"), (REDIS, "Redis")):
        if not reachable(address):
            return [Table("Live", [*rows, missing("live with Redis", name, name.lower())])]
    return [Table("Live", [*rows, *latency("postgresql+redis", "with Redis", 100, 60)])]


def latency(kind: str, called: str, clients: int, most: int) -> list[Row]:
    found = live.measure(kind, clients, SECONDS)
    work = f"publish to browser message, {called}, {clients} clients, 10 events a second"
    told = f"{found.delivered} of {found.expected} delivered"
    all_came = found.delivered == found.expected
    rows = [
        within(f"{work}, p99", most, found.p99, "ms", detail=f"median {found.p50:.0f} ms"),
        show(Row(f"{work}, delivered", "all", "", told, "", all_came)),
    ]
    if clients >= 1000:
        rows.append(within(f"web process with {clients} clients", 200, found.memory, "MB"))
    return rows
