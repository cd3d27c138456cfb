"""The way of a user through a running product, as steps that several tests share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import requests

from tests.running import Running, eventually

MP4, HLS, AES = "demo-file", "demo-hls", "demo-aes"
HOSTS = (MP4, HLS, AES)


def demo_address(up: Running) -> str:
    """Where the demo site of this run listens."""
    line = next(line for line in up.output().splitlines() if "Demo site on port" in line)
    return f"http://127.0.0.1:{line.split('port ')[1].split()[0]}"


def fault(up: Running, host: str, kind: str, **values: Any) -> None:
    """A fault at a demo host, from now on."""
    answer = requests.put(f"{demo_address(up)}/_faults/{host}", json={"fault": kind, **values}, timeout=5)
    assert answer.ok, answer.text


def heal(up: Running) -> None:
    """No faults any more."""
    requests.delete(f"{demo_address(up)}/_faults", timeout=5)


def served(up: Running, *stages: str) -> list[dict[str, Any]]:
    """What the demo site was asked for at these stages."""
    answer = requests.get(f"{demo_address(up)}/_requests", timeout=5).json()
    lines = answer["requests"] if isinstance(answer, dict) else answer
    return [line for line in lines if not stages or line["stage"] in stages]


def only(up: Running, host: str) -> None:
    """All other demo hosts are switched off."""
    for other in HOSTS:
        verb = "enable" if other == host else "disable"
        up.api("POST", f"/api/providers/config/{other}/{verb}")


def add_series(up: Running, number: int = 0) -> str:
    """Searches, adds a series of the demo, and waits until its episodes are there."""
    found = up.api("POST", "/api/anime/search", {"query": "a"})["items"]
    assert len(found) > number
    added = up.api("POST", "/api/anime/add", {"link": found[number]["link"]}, status=202)
    assert added["loading_progress"] == {"episodes": False, "nfo": False, "logo": False, "images": False}
    key: str = added["key"]

    def loaded() -> bool:
        state = up.api("GET", f"/api/anime/{key}/loading-status")
        assert state["loading_status"] != "failed", state
        return bool(state["progress"]["episodes"])

    eventually(loaded, 30, "the episodes")
    return key


def episodes(up: Running, key: str) -> list[tuple[int, int]]:
    """Season and number of every episode, without specials."""
    detail = up.api("GET", f"/api/anime/{key}")
    rows = [episode for season in detail["seasons"] for episode in season["episodes"]]
    return [(row["season"], row["episode"]) for row in rows if row["season"]]


def queue(up: Running, key: str, wanted: list[tuple[int, int]]) -> list[int]:
    """Queues episodes; answers the items' ids."""
    body = {"key": key, "episodes": [{"season": season, "episode": episode} for season, episode in wanted]}
    added = up.api("POST", "/api/queue/add", body, status=201)
    assert not added["skipped"], added
    ids: list[int] = added["added_items"]
    return ids


def item(up: Running, pk: int) -> dict[str, Any]:
    """The item with its attempts."""
    found: dict[str, Any] = up.api("GET", f"/api/queue/{pk}")
    return found


def arrived(up: Running, ids: list[int], seconds: float = 60) -> list[dict[str, Any]]:
    """Waits until all items are completed; fails at once when one fails."""

    def done() -> bool:
        states = [item(up, pk) for pk in ids]
        failed = [state for state in states if state["status"] in ("failed", "cancelled")]
        assert not failed, failed
        return all(state["status"] == "completed" for state in states)

    eventually(done, seconds, f"items {ids} completed")
    return [item(up, pk) for pk in ids]


def assert_whole(file: Path, seconds: float = 24) -> None:
    """The file plays from its beginning to its end, picture and sound."""
    with av.open(str(file)) as container:
        assert container.streams.video
        assert container.streams.audio
        end = max(float(packet.pts * packet.time_base) for packet in container.demux() if packet.pts is not None)
    assert abs(end - seconds) < 1.5, f"{file} plays {end} s"


def library_files(up: Running) -> list[Path]:
    """Every file below the library folder but NFO files and pictures."""
    files = (path for path in (up.data_dir / "library").rglob("*") if path.is_file())
    return sorted(path for path in files if path.suffix not in (".nfo", ".jpg", ".png"))
