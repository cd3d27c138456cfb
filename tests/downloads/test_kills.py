"""kill -9 of anything at any moment: no item lost, none doubled, none stuck, no broken file published."""

from __future__ import annotations

import signal
import time
from functools import partial

import pytest

from tests.downloads.driving import HOSTS, MP4, add_series, episodes, fault, item, only, queue, served
from tests.downloads.killing import BEFORE_HELD, SEGMENTS_BEFORE_HELD, SLOW, Rampage, all_whole, hold
from tests.running import Running, eventually

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]

SEED = 20
# What may be fetched again after a kill: 4 MiB of a file, one segment a connection of a playlist.
AGAIN = 4 * 1024 * 1024


# Groups, so that no process of pytest has to wait for all of them.
kills = pytest.mark.xdist_group("kills")
restarts = pytest.mark.xdist_group("restarts")


@pytest.mark.parametrize(
    ("database", "count", "downloads"),
    [pytest.param("sqlite", 6, 10, marks=kills), pytest.param("postgresql", 5, 9, marks=restarts)],
)
def test_seeded_kills_lose_and_double_nothing(database: str, count: int, downloads: int) -> None:
    with Running(demo=True, database=database, environment=SLOW) as up:
        up.setup()
        Rampage(up, SEED).run(kills=count, downloads=downloads)


@restarts
def test_little_is_fetched_again_after_everything_was_killed() -> None:
    ids: list[int] = []
    with Running(demo=True, environment={"DEMO_SPEED": "0"}) as up:
        up.setup()
        for number, host in enumerate(HOSTS):
            only(up, host)
            hold(up)
            key = add_series(up, number)
            ids += queue(up, key, episodes(up, key)[:1])
            had = eventually(partial(_had, up, ids[-1], host), 60, "all that the host does not hold back")
            up.kill_everything()
            up.start()
            all_whole(up, ids)
            _assert_little(up, ids[-1], had, AGAIN if host == MP4 else 0)


def _assert_little(up: Running, pk: int, had: int, again: int) -> None:
    """The demo site was killed too: what it lists now was served after, and nothing is held any more."""
    whole = item(up, pk)["total_bytes"]
    served_after = sum(line["bytes"] for line in served(up, "media", "segment"))
    # Segments are a little larger than what is in them; of those that were on disk none is fetched again.
    assert served_after <= whole * 1.15 - had + again
    assert served_after < whole


def _had(up: Running, pk: int, host: str) -> int:
    """Bytes of the file, or of whole segments on disk; 0 until it is what the host gives away before it holds."""
    segments = [path for path in (up.data_dir / "work").rglob("0*") if path.is_file() and not path.suffix]
    had = item(up, pk)["downloaded_bytes"] if host == MP4 else sum(path.stat().st_size for path in segments)
    return had if had > BEFORE_HELD and (host == MP4 or len(segments) == SEGMENTS_BEFORE_HELD) else 0


@kills
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


@kills
def test_sigterm_parks_active_downloads_with_their_bytes() -> None:
    with Running(demo=True, environment={"DEMO_SPEED": "0", "DOWNLOAD_WORKERS": "4"}) as up:
        up.setup()
        assert up.manage("config", "set", "downloads.max_concurrent_downloads=4").returncode == 0
        hold(up)
        key = add_series(up)
        ids = queue(up, key, episodes(up, key)[:4])

        def all_active() -> bool:
            return all(item(up, pk)["downloaded_bytes"] > BEFORE_HELD * 3 / 4 for pk in ids)

        eventually(all_active, 60, "four active downloads")
        assert up.stop(signal.SIGTERM) <= 10
        assert up.processes() == []
        up.start()
        states = [item(up, pk) for pk in ids]
        assert all(state["downloaded_bytes"] > 200_000 for state in states), states
        assert all(attempt["outcome"] != "failed" for state in states for attempt in state["attempts"])
        all_whole(up, ids)


@kills
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
        assert up.rows("SELECT status, token, error_message FROM downloads_queueitem") == [("pending", "", "")]
