"""What measuring costs: the same requests unmonitored and monitored, in turns, in a process of its own.

    python -m benchmarks.recorder '{"requests": 10000, "piece": 500, "address": "http://127.0.0.1:8000"}'

Answers with JSON: the seconds of each piece of either kind, and the rows that were written.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from django.conf import settings
from django.core.management import call_command

import benchmarks.ready  # noqa: F401  # before the models
from providers import recording, registry
from providers.models import Provider, RequestLog


def main() -> None:
    print(json.dumps(measured(**json.loads(sys.argv[1]))))


def measured(requests: int, piece: int, address: str) -> dict[str, Any]:
    call_command("migrate", "--skip-checks", verbosity=0)
    settings.ALLOWED_PRIVATE_HOSTS = ["127.0.0.1"]
    registry.sync()
    row = Provider.objects.get(name="aniworld")
    row.base_url, row.enabled = address, True
    row.save()
    catalogue = registry.catalogue("aniworld")

    def plain() -> None:
        catalogue.provider.check()

    def monitored() -> None:
        catalogue._measured(RequestLog.Action.SEARCH, catalogue.provider.check)

    kinds = {"plain": plain, "monitored": monitored}
    seconds: dict[str, list[float]] = {name: [] for name in kinds}
    for work in kinds.values():
        timed(work, piece)
    for number in range(requests // piece):
        # Who is first has it neither easier nor harder.
        for name in sorted(kinds, reverse=bool(number % 2)):
            seconds[name].append(timed(kinds[name], piece))
    recording.flush()
    return {**seconds, "rows": RequestLog.objects.count()}


def timed(work: Any, piece: int) -> float:
    began = time.perf_counter()
    for _number in range(piece):
        work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
