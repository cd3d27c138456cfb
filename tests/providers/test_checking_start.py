"""Checks of a real `up`: at its start, without anybody asking, and without keeping it from being ready."""

from __future__ import annotations

import pytest

from tests.running import Running, eventually


@pytest.mark.processes
def test_everything_is_checked_once_it_is_ready() -> None:
    with Running(demo=True) as up:
        up.setup()

        def states() -> dict[str, dict[str, object]]:
            return {record["provider_id"]: record for record in up.api("GET", "/api/providers/status")}

        eventually(lambda: states()["demo"]["status"] == "active", 40)
        eventually(lambda: states()["demo-aes"]["status"] == "active")
        assert states()["voe"]["status"] == "unknown"
        # Written by the worker that made the check, and by itself.
        kept = eventually(lambda: up.manage("shell", "-v0", "-c", _KEPT).stdout.split())
        assert "check" in kept


_KEPT = """
from providers.models import RequestLog
print(*RequestLog.objects.filter(provider__name="demo").values_list("action", flat=True))
"""
