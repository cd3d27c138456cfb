"""The long form of the kill tests: hundreds of kills over hundreds of downloads, on both databases."""

from __future__ import annotations

import os

import pytest

from tests.downloads.killing import SLOW, Rampage
from tests.running import Running

pytestmark = [pytest.mark.soak, pytest.mark.processes, pytest.mark.timeout(3 * 3600)]

KILLS = int(os.environ.get("SOAK_KILLS", "250"))
DOWNLOADS = int(os.environ.get("SOAK_DOWNLOADS", "500"))
SEED = int(os.environ.get("SOAK_SEED", "1"))


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_hundreds_of_kills_lose_and_double_nothing(database: str) -> None:
    with Running(demo=True, database=database, environment=SLOW) as up:
        up.setup()
        Rampage(up, SEED).run(kills=KILLS, downloads=DOWNLOADS)
        assert up.api("GET", "/api/queue/status")["statistics"]["completed"] == DOWNLOADS
