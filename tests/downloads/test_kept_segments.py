"""HLS: which segments of an earlier try are used again, and which are of no use to any later one."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from providers.demo.clips import Clips
from providers.exceptions import WrongContent
from tests.downloads.hosting import Hosting, Resource
from tests.downloads.streams import break_at, fetch_stream, plain_stream

HEIGHTS = {"360p": 360, "720p": 180}


def _two_qualities(host: Hosting, clips: Clips, folder: str = "") -> None:
    """A master whose two variants name their segments alike. What calls itself 720p is the smaller clip."""
    plain_stream(host, clips, folder=f"{folder}/360p")
    plain_stream(host, clips, folder=f"{folder}/720p", quality="180p")
    host.resources["/master.m3u8"] = _master(("640x360", f"{folder}/360p"), ("1280x720", f"{folder}/720p"))


def _master(*variants: tuple[str, str]) -> Resource:
    lines = [f"#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION={size}\n{at}/list.m3u8" for size, at in variants]
    return Resource("\n".join(["#EXTM3U", *lines, ""]).encode(), content_type="application/vnd.apple.mpegurl")


def _segments_asked(host: Hosting) -> list[str]:
    return sorted(one.path for one in host.asked if one.path.endswith(".ts"))


def _height(path: Path) -> int:
    with av.open(str(path)) as file:
        return file.streams.video[0].height


def test_another_quality_is_fetched_from_its_first_segment_on(host: Hosting, clips: Clips, tmp_path: Path) -> None:
    _two_qualities(host, clips)
    assert len(break_at(host, tmp_path, "/360p/seg4.ts", path="/master.m3u8", quality="360p")) == 4
    path = fetch_stream(host, tmp_path, path="/master.m3u8", quality="720p")
    assert _segments_asked(host) == [f"/720p/seg{number}.ts" for number in range(6)]
    assert _height(path) == HEIGHTS["720p"]


def test_another_quality_behind_an_address_of_its_own_is_too(host: Hosting, clips: Clips, tmp_path: Path) -> None:
    """A host may lead straight to one variant, today to this and tomorrow to that."""
    _two_qualities(host, clips)
    break_at(host, tmp_path, "/360p/seg4.ts", path="/360p/list.m3u8")
    fetch_stream(host, tmp_path, path="/720p/list.m3u8")
    assert _segments_asked(host) == [f"/720p/seg{number}.ts" for number in range(6)]


def test_the_same_quality_goes_on_under_other_addresses(host: Hosting, clips: Clips, tmp_path: Path) -> None:
    """Hosts sign their addresses anew with each page, also in the path."""
    _two_qualities(host, clips, "/first-signature")
    break_at(host, tmp_path, "/first-signature/360p/seg4.ts", path="/master.m3u8", quality="360p")
    _two_qualities(host, clips, "/other/Signature")
    fetch_stream(host, tmp_path, path="/master.m3u8", quality="360p")
    assert _segments_asked(host) == ["/other/Signature/360p/seg4.ts", "/other/Signature/360p/seg5.ts"]


def _damaged(body: bytes) -> bytes:
    """As long as before, and each of its packets with an error in it."""
    spoiled = bytearray(body)
    for start in range(0, len(spoiled), 188):
        spoiled[start + 1] |= 0x80
    return bytes(spoiled)


@pytest.mark.parametrize("connections", [1, 4])
def test_segments_that_can_not_be_joined_are_fetched_anew_by_the_next_try(
    host: Hosting, clips: Clips, tmp_path: Path, connections: int
) -> None:
    plain_stream(host, clips)
    damaged = host.resources["/seg2.ts"]
    good, damaged.body = damaged.body, _damaged(damaged.body)
    for _try in range(2):
        host.forget()
        with pytest.raises(WrongContent):
            fetch_stream(host, tmp_path, connections)
        asked = _segments_asked(host)
        assert "/seg2.ts" in asked
        # One try asks for nothing twice, however often the host sends the same.
        assert len(asked) == len(set(asked))
        assert not list((tmp_path / "segments").rglob("0*"))
    damaged.body = good
    host.forget()
    fetch_stream(host, tmp_path, connections)
    assert _segments_asked(host) == [f"/seg{number}.ts" for number in range(6)]


def test_a_segment_that_an_earlier_try_kept_damaged_does_not_spoil_those_after(
    host: Hosting, clips: Clips, tmp_path: Path
) -> None:
    plain_stream(host, clips)
    break_at(host, tmp_path, "/seg4.ts")
    [kept] = (tmp_path / "segments").rglob("00001-*")
    kept.write_bytes(_damaged(kept.read_bytes()))
    with pytest.raises(WrongContent):
        fetch_stream(host, tmp_path)
    host.forget()
    fetch_stream(host, tmp_path)
    assert "/seg1.ts" in _segments_asked(host)
