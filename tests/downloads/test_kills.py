"""kill -9 of anything at any moment: no item lost, none doubled, none stuck, no broken file published."""

from __future__ import annotations

import signal
import sqlite3
import time

import pytest

from tests.downloads.driving import HOSTS, add_series, episodes, fault, heal, item, queue, served
from tests.downloads.killing import Rampage, all_whole, slow
from tests.running import Running, eventually

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("kills"), pytest.mark.timeout(600)]

KILLS, SEED = 7, 20
# What may be fetched again after a kill: 4 MiB of a file, one segment a connection of a playlist.
AGAIN = 4 * 1024 * 1024


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_seeded_kills_lose_and_double_nothing(database: str) -> None:
    with Running(demo=True, database=database, environment={"DEMO_SPEED": "0"}) as up:
        up.setup()
        Rampage(up, SEED).run(kills=KILLS, downloads=12)


@pytest.mark.parametrize("host", HOSTS)
def test_little_is_fetched_again_after_everything_was_killed(host: str) -> None:
    with Running(demo=True, environment={"DEMO_SPEED": "0"}) as up:
        up.setup()
        for other in HOSTS:
            if other != host:
                assert up.manage("providers", "disable", other).returncode == 0
        slow(up)
        key = add_series(up)
        [pk] = queue(up, key, episodes(up, key)[:1])
        eventually(lambda: item(up, pk)["downloaded_bytes"] > 2_000_000, 60, "2 MB")
        up.kill_everything()
        names = ("data", "0*")
        had = sum(
            path.stat().st_size for name in names for path in (up.data_dir / "work").rglob(name) if path.is_file()
        )
        assert had > 1_500_000
        up.start()
        heal(up)
        all_whole(up, [pk])
        whole = item(up, pk)["total_bytes"]
        again = sum(line["bytes"] for line in served(up, "media", "segment"))
        # The demo site was killed too: what it lists now was served after.
        assert again <= whole * 1.15 - had + AGAIN
        assert again < whole


def test_the_idle_worker_next_in_line_may_die() -> None:
    with Running(demo=True, environment={"DEMO_SPEED": "0"}) as up:
        up.setup()
        key = add_series(up)
        wanted = episodes(up, key)
        began = time.monotonic()
        up.kill(up.waiting_worker("downloads"))
        ids = queue(up, key, wanted[:2])
        all_whole(up, ids, 75)
        assert time.monotonic() - began < 75


def test_sigterm_parks_active_downloads_with_their_bytes() -> None:
    with Running(demo=True, environment={"DEMO_SPEED": "0", "DOWNLOAD_WORKERS": "4"}) as up:
        up.setup()
        assert up.manage("config", "set", "downloads.max_concurrent_downloads=4").returncode == 0
        slow(up)
        key = add_series(up)
        ids = queue(up, key, episodes(up, key)[:4])

        def all_active() -> bool:
            return all(item(up, pk)["downloaded_bytes"] > 200_000 for pk in ids)

        eventually(all_active, 60, "four active downloads")
        assert up.stop(signal.SIGTERM) <= 10
        assert up.processes() == []
        up.start()
        states = [item(up, pk) for pk in ids]
        assert all(state["downloaded_bytes"] > 200_000 for state in states), states
        assert all(attempt["outcome"] != "failed" for state in states for attempt in state["attempts"])
        heal(up)
        all_whole(up, ids)


def test_sigterm_gives_back_what_waits_for_a_host_that_never_answers() -> None:
    with Running(demo=True, environment={"DEMO_SPEED": "0"}) as up:
        up.setup()
        for host in HOSTS:
            fault(up, host, "timeout", stage="embed")
        key = add_series(up)
        [pk] = queue(up, key, episodes(up, key)[:1])
        eventually(lambda: item(up, pk)["attempts"], 30, "an attempt")
        assert up.stop(signal.SIGTERM) <= 10
        assert up.processes() == []
        with sqlite3.connect(up.data_dir / "aniworld.db") as database:
            rows = database.execute("SELECT status, token, error_message FROM downloads_queueitem").fetchall()
        assert rows == [("pending", "", "")]
