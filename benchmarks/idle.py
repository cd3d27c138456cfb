"""A process with a worker module loaded, which does each piece of work in a fork of itself: as `up` has its workers.

    python -m benchmarks.idle benchmarks.fetching

It reads one line of JSON for each, and answers with two: what the work printed, and the fork's processor time.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from importlib import import_module
from typing import Any, NoReturn

from django.db import connections


def main() -> None:
    work = import_module(sys.argv[1]).work
    connections.close_all()
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _done(work, json.loads(line))
        _pid, status, usage = os.wait4(pid, 0)
        if status:
            sys.exit(f"the work ended with {os.waitstatus_to_exitcode(status)}")
        print(json.dumps(usage.ru_utime + usage.ru_stime), flush=True)


def _done(work: Any, values: dict[str, Any]) -> NoReturn:
    """Does it, in the fork, which ends."""
    try:
        print(json.dumps(work(**values)), flush=True)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main()
