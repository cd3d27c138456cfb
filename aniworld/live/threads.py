"""Where the socket's questions to the database are asked, so that the event loop never waits for one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import close_old_connections

T = TypeVar("T")

# Few: each keeps a database connection, and a crowd that reconnects at once is better served one after another.
_pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="live-query")


async def in_thread(ask: Callable[..., T], *arguments: object) -> T:
    """`ask(*arguments)` in a thread of the pool, with Django's care for old connections around it."""

    def run() -> T:
        close_old_connections()
        try:
            return ask(*arguments)
        finally:
            close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(_pool, run)
