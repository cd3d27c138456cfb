"""A process that takes from a shared bucket and prints what it got, or sits on its lock.

python -m tests.providers.taker take FILE RATE PIECE SECONDS
python -m tests.providers.taker hold FILE
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import django

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "aniworld.settings"
    django.setup()

from providers.rate import Rate  # only after the lines above
from providers.shared_bucket import SharedBucket  # only after the lines above


def take(file: str, rate: float, piece: float, seconds: float) -> None:
    """Prints when each piece was let through, in seconds of the machine's clock."""
    bucket, passed = SharedBucket(Path(file)), []
    allowed = Rate(rate, rate * 0.1)
    until = time.monotonic() + seconds
    print("began", flush=True)  # noqa: T201 - what the test reads
    while time.monotonic() < until:
        place = bucket.take(piece, allowed)
        assert place is not None
        while (wait := bucket.remaining(place, allowed)) > 0:
            time.sleep(wait)
        passed.append(time.monotonic())
    print(json.dumps(passed))  # noqa: T201 - likewise


def hold(file: str) -> None:
    """Takes the lock and never gives it back."""
    with SharedBucket(Path(file))._locked():
        print("holds", flush=True)  # noqa: T201 - likewise
        time.sleep(600)


if __name__ == "__main__":
    if sys.argv[1] == "take":
        take(sys.argv[2], *(float(text) for text in sys.argv[3:]))
    else:
        hold(sys.argv[2])
