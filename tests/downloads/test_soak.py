"""The long form of the kill tests: hundreds of kills over more than a thousand downloads, on both databases.

A round has a product and a seed of its own, which names it and is printed: `SOAK_SEED=4 SOAK_ROUNDS=1` repeats the
fourth one. What a round strikes also depends on how busy the machine is, so a seed does not bring back the very moment.
"""

from __future__ import annotations

import os
import sys

import pytest

from tests.downloads.driving import library_files
from tests.downloads.killing import SLOW, Rampage
from tests.running import Running

pytestmark = [pytest.mark.soak, pytest.mark.processes, pytest.mark.timeout(3 * 3600)]

# Of one round; the demo has a little more than two hundred episodes that its search for “a” leads to.
KILLS = int(os.environ.get("SOAK_KILLS", "100"))
DOWNLOADS = int(os.environ.get("SOAK_DOWNLOADS", "200"))
ROUNDS = int(os.environ.get("SOAK_ROUNDS", "3"))
SEED = int(os.environ.get("SOAK_SEED", "1"))


@pytest.mark.parametrize("seed", range(SEED, SEED + ROUNDS))
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_hundreds_of_kills_lose_and_double_nothing(database: str, seed: int) -> None:
    with Running(demo=True, database=database, environment=SLOW) as up:
        up.setup()
        rampage = Rampage(up, seed)
        try:
            rampage.run(kills=KILLS, downloads=DOWNLOADS)
        finally:
            had = sum(file.stat().st_size for file in library_files(up))
            sys.stdout.write(f"\nseed {seed}, {database}: {rampage.tally(had)}\n")
        assert up.api("GET", "/api/queue/status")["statistics"]["completed"] == DOWNLOADS
