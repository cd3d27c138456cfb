"""With real processes: an episode comes out and arrives, its dub comes out and takes its place, a rescan runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from tests.downloads.driving import demo_address, library_files
from tests.running import Running, eventually

pytestmark = pytest.mark.processes
SLUG = "wolkenfischer"
DUE = (
    "from django.utils import timezone; from library.models import Timetable; "
    "Timetable.objects.filter(name='newest:demo').update(next_run=timezone.now())"
)


def come_out(up: Running, language: str) -> None:
    """Season 1, episode 10, from now on; the list of newest episodes is due."""
    body = {"slug": SLUG, "season": 1, "number": 10, "languages": [language]}
    assert requests.put(f"{demo_address(up)}/_releases", json=body, timeout=5).ok
    done = up.manage("shell", "-c", DUE)
    assert done.returncode == 0, done.stderr


def test_an_episode_and_later_its_dub_come_by_themselves() -> None:
    with Running(demo=True, environment={"DEMO_CLIP_SECONDS": "6", "DEMO_SPEED": "0"}) as up:
        up.setup()
        up.api("POST", "/api/scheduler/config", {"auto_download_after_rescan": False})
        plan = {"order": ["German Dub", "German Sub"], "upgrade": True}
        up.api("POST", "/api/anime/add", {"key": SLUG, "provider": "demo", "language_plan": plan}, status=202)

        def schedules() -> dict[str, Any]:
            found = up.api("GET", "/api/scheduler/status")["schedules"]
            return {one["name"]: one for one in found}

        eventually(lambda: "newest:demo" in schedules(), 30, "the timetable of the catalogue")

        def files() -> list[str]:
            return [Path(file).name for file in library_files(up) if file.suffix == ".mp4"]

        come_out(up, "German Sub")
        eventually(lambda: files() == ["Wolkenfischer - S01E10 - (German Sub).mp4"], 60, "the episode")
        come_out(up, "German Dub")
        eventually(lambda: files() == ["Wolkenfischer - S01E10 - (German Dub).mp4"], 60, "the dub in its place")
        assert schedules()["newest:demo"]["last_outcome"] == "completed"

        up.api("POST", "/api/scheduler/trigger-rescan", status=202)
        eventually(lambda: not up.api("GET", "/api/scheduler/status")["is_running"], 30, "the end of the rescan")
        assert schedules()["rescan"]["last_outcome"] == "completed"
        # A change of the configuration is in force without a restart.
        before = schedules()["rescan"]["next_run"]
        up.api("POST", "/api/scheduler/config", {"interval_minutes": 600})
        eventually(lambda: (schedules()["rescan"]["next_run"] or before) > before, 15, "the new interval")
