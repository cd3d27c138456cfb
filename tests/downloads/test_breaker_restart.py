"""What a host's breaker has learnt outlives a new start of `up`, and a kill of everything."""

from __future__ import annotations

from typing import Any

import pytest

from tests.downloads.driving import HOSTS, MP4, add_series, arrived, episodes, fault, queue, served
from tests.running import Running, eventually

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("kills")]

_KEPT = ("breaker", "breaker_level", "open_until")


def _state(up: Running) -> dict[str, Any]:
    states: list[dict[str, Any]] = up.api("GET", "/api/providers/status")
    return next(state for state in states if state["provider_id"] == MP4)


def _asked(up: Running) -> list[dict[str, Any]]:
    """What the host was asked for a download; its check asks for other pages."""
    return [line for line in served(up, "embed", "media") if line["host"] == MP4]


def test_a_host_that_rests_is_left_alone_after_a_new_start() -> None:
    with Running(demo=True, environment={"DEMO_SPEED": "0"}) as up:
        up.setup()
        fault(up, MP4, "429", stage="embed", retry_after="3600")
        key = add_series(up)
        wanted = episodes(up, key)
        for host in HOSTS:
            up.api("PUT", f"/api/providers/config/{host}", {"priority": 1 if host == MP4 else 50})
        arrived(up, queue(up, key, wanted[:1]))
        before = eventually(lambda: _state(up) if _state(up)["breaker"] == "open" else None, 10, "an open breaker")
        assert before
        assert _asked(up)
        for number in (1, 2):
            if number == 1:
                up.stop()
            else:
                up.kill_everything()
            up.start()
            after = _state(up)
            assert {name: after[name] for name in _KEPT} == {name: before[name] for name in _KEPT}
            [state] = arrived(up, queue(up, key, wanted[number : number + 1]))
            assert MP4 not in [attempt["provider"] for attempt in state["attempts"]]
            assert _asked(up) == []
