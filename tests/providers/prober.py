"""A process of its own for tests of the breaker: `python -m tests.providers.prober seed`, probe <n> or end.

`probe` starts so many threads that all want to be let through at once; each command prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aniworld.settings")

import django

django.setup()

# What knows models can be imported only after Django was set up above.
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402
from django.utils import timezone  # noqa: E402

from providers import admission, outcomes, recording, registry  # noqa: E402
from providers.exceptions import ConnectionFailed, Resting  # noqa: E402
from providers.models import Provider, ProviderStatus, RequestLog  # noqa: E402

NAME = "voe"


def seed() -> dict[str, object]:
    """VOE has failed three times in a row, and its rest is over."""
    call_command("migrate", "--skip-checks", verbosity=0)
    registry.sync()
    for _number in range(3):
        fail(is_probe=ask()["breaker"] == "half_open")
        over = timezone.now()
        ProviderStatus.objects.filter(breaker="open").update(open_until=over, next_probe_at=over)
        Provider.forget()
    return state()


def probe(count: int) -> dict[str, object]:
    ready, outcomes = threading.Barrier(count), []

    def work() -> None:
        row = Provider.known()[NAME]
        ready.wait()
        try:
            outcomes.append("probe" if admission.admitted(row) else "closed")
        except Resting:
            outcomes.append("resting")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"outcomes": outcomes}


def fail(*, is_probe: bool = True) -> dict[str, object]:
    outcomes.note(Provider.known()[NAME], ConnectionFailed("Refused."), is_probe=is_probe)
    Provider.forget()
    return state()


def ask() -> dict[str, object]:
    """What a process that was just started makes of the row."""
    try:
        admission.admitted(Provider.known()[NAME])
    except Resting as error:
        return {**state(), "retry_after": error.retry_after}
    return state()


def end() -> dict[str, object]:
    """The probe fails, the next one asks, and three requests find their way into the log."""
    failed, asked = fail(), ask()
    for language in ("", "German Dub", "English Sub"):
        recording.record(Provider.known()[NAME], "resolve", 1.5, 10, language, None)
    recording.flush()
    return {
        "failed": failed,
        "asked": asked,
        "languages": sorted(RequestLog.objects.values_list("language", flat=True)),
    }


def state() -> dict[str, object]:
    record = ProviderStatus.objects.get(provider__name=NAME)
    return {"breaker": record.breaker, "level": record.breaker_level}


if __name__ == "__main__":
    commands: dict[str, Callable[..., dict[str, object]]] = {"seed": seed, "probe": probe, "end": end}
    sys.stdout.write(json.dumps(commands[sys.argv[1]](*map(int, sys.argv[2:]))))
