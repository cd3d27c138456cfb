"""What another process does to the database, as far as that tells: the same work on a connection of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connections


def elsewhere(work: Callable[[], object]) -> None:
    """Does it and waits for its end. Raises what `work` raises."""

    def done() -> None:
        try:
            work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(done).result()
