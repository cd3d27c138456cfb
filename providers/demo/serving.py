"""The demo site as a process of its own, from the environment's settings for it until SIGTERM."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path

from providers.demo import options
from providers.demo.releases import releases
from providers.demo.site import Site


def serve(folder: Path, port: int, *, announce: bool = True) -> None:
    """Serves until SIGTERM or SIGINT; clips are kept in `folder`. What it can't start with ends it with one line.

    `announce` says when it is ready; `up` asks by itself.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        site = _site(folder, port)
    except (OSError, OverflowError) as error:
        sys.exit(f"The demo site can't listen on port {port}: {error}")
    with site:
        if announce:
            sys.stdout.write(f"Demo site on port {site.port} ready\n")
            sys.stdout.flush()
        stop.wait()


def _site(folder: Path, port: int) -> Site:
    chosen = options.read()
    site = Site(folder, port=port, speed=chosen.speed, clip_seconds=chosen.clip_seconds)
    for host, faults in chosen.faults.items():
        site.faults.set(host, faults)
    releases.begin(60.0 * chosen.news_minutes)
    return site
