"""HLS streams on a small host of our own, and steps with them that several tests share."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from downloads import truth
from downloads.fetchers import hls
from providers.contracts import StreamKind
from providers.demo.clips import Clips
from providers.exceptions import Expired
from tests.downloads.hosting import Hosting, Resource, job


def stream_segments(clips: Clips, quality: str = "360p") -> list[bytes]:
    """The six segments of a clip."""
    return [clips.segment(0, "deu", quality, number).read_bytes() for number in range(6)]


def playlist(*lines: str, sequence: int = 0) -> Resource:
    """A finished media playlist of these lines."""
    head = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:5", f"#EXT-X-MEDIA-SEQUENCE:{sequence}"]
    text = "\n".join([*head, *lines, "#EXT-X-ENDLIST", ""])
    return Resource(text.encode(), content_type="application/vnd.apple.mpegurl")


def plain_stream(host: Hosting, clips: Clips, name: str = "seg", *, folder: str = "", quality: str = "360p") -> None:
    """A clip at the host: `list.m3u8` and its six segments, in a folder such as `/720p`."""
    for number, body in enumerate(stream_segments(clips, quality)):
        host.resources[f"{folder}/{name}{number}.ts"] = Resource(body, content_type="video/mp2t")
    lines = [line for number in range(6) for line in ("#EXTINF:4.0,", f"{name}{number}.ts")]
    host.resources[f"{folder}/list.m3u8"] = playlist(*lines)


def fetch_stream(
    host: Hosting, folder: Path, connections: int = 4, *, path: str = "/list.m3u8", quality: str = "best"
) -> Path:
    """All of the stream, as a file that is proven to be whole."""
    address = host.address + path
    with job(address, StreamKind.HLS, folder, connections=connections, quality=quality) as one:
        fetched = hls.fetch(one)
    assert fetched.duration == pytest.approx(24, abs=0.6)
    truth.check(fetched.path, declared=24, median=None)
    return fetched.path


def break_at(host: Hosting, folder: Path, missing: str, *, path: str = "/list.m3u8", quality: str = "best") -> set[str]:
    """A try that ends because one segment is missing; answers what came of it."""
    gone = host.resources.pop(missing)
    with pytest.raises(Expired):
        fetch_stream(host, folder, connections=1, path=path, quality=quality)
    host.resources[missing] = gone
    finished = {one.path for one in host.asked if one.sent and ".m3u8" not in one.path}
    host.forget()
    return finished


def joiners() -> list[int]:
    """The processes that join segments for this one."""
    found = []
    for path in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):
            pids = [int(pid) for pid in path.read_text().split()]
            found += [pid for pid in pids if b"joining_child" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    return found
