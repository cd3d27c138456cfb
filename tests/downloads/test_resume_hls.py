"""HLS: finished segments are kept, and what a playlist may hold is fetched right."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from hypothesis import given, settings
from hypothesis import strategies as st

from downloads.fetchers import hls, hls_flushing, hls_tracks
from downloads.workfolder import JOURNAL
from providers.contracts import StreamKind
from providers.demo.clips import Clips
from providers.exceptions import ProviderError, TooLarge, WrongContent
from tests.downloads.driving import assert_whole
from tests.downloads.hosting import Hosting, Resource, job
from tests.downloads.streams import break_at, fetch_stream, joiners, plain_stream, playlist, stream_segments
from tests.running import eventually

MIB = 1024 * 1024
EXAMPLES = 100 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 8


def test_finished_segments_are_not_fetched_again(host: Hosting, clips: Clips, tmp_path: Path) -> None:
    plain_stream(host, clips)
    finished = break_at(host, tmp_path, "/seg4.ts")
    assert len(finished) >= 4
    fetch_stream(host, tmp_path)
    assert not finished & {one.path for one in host.asked}
    assert not list(tmp_path.rglob("*.part"))


@contextmanager
def _striking(times: int) -> Iterator[list[int]]:
    """Kills what joins, so many times at most."""
    over, struck = threading.Event(), list[int]()

    def strike() -> None:
        while not over.wait(0.02) and len(struck) < times:
            for pid in set(joiners()) - set(struck):
                os.kill(pid, signal.SIGKILL)
                struck.append(pid)

    striker = threading.Thread(target=strike)
    striker.start()
    try:
        yield struck
    finally:
        over.set()
        striker.join()


def test_a_joiner_that_is_killed_costs_no_segment(host: Hosting, clips: Clips, tmp_path: Path) -> None:
    plain_stream(host, clips)
    with _striking(1) as struck:
        fetch_stream(host, tmp_path)
    assert len(struck) == 1
    assert len([one for one in host.asked if one.path.startswith("/seg")]) == 6
    assert not joiners()


def test_segments_that_crash_the_joiner_are_wrong_content(host: Hosting, clips: Clips, tmp_path: Path) -> None:
    plain_stream(host, clips)
    with _striking(9) as struck, pytest.raises(WrongContent, match="crash"):
        fetch_stream(host, tmp_path)
    assert len(struck) == 2


def test_a_changed_playlist_starts_clean(host: Hosting, clips: Clips, tmp_path: Path) -> None:
    plain_stream(host, clips)
    break_at(host, tmp_path, "/seg4.ts")
    for number in range(6):
        del host.resources[f"/seg{number}.ts"]
    plain_stream(host, clips, "new")
    fetch_stream(host, tmp_path)
    assert {one.path for one in host.asked if "/new" in one.path} == {f"/new{number}.ts" for number in range(6)}


def test_a_remuxed_stream_is_not_asked_for_again(host: Hosting, clips: Clips, tmp_path: Path) -> None:
    plain_stream(host, clips)
    fetch_stream(host, tmp_path)
    host.forget()
    fetch_stream(host, tmp_path)
    assert host.asked == []


@pytest.mark.parametrize("ranges", [True, False], ids=["kept", "ignored"])
def test_byte_ranges_of_one_file(host: Hosting, clips: Clips, tmp_path: Path, ranges: bool) -> None:
    segments = stream_segments(clips)
    host.resources["/all.ts"] = Resource(b"".join(segments), content_type="video/mp2t", ranges=ranges)
    lines = []
    for number, body in enumerate(segments):
        # Only the first names its beginning; the others go on where the one before ended.
        lines += [f"#EXT-X-BYTERANGE:{len(body)}{'@0' if number == 0 else ''}", "#EXTINF:4.0,", "all.ts"]
    host.resources["/list.m3u8"] = playlist(*lines)
    fetch_stream(host, tmp_path)
    if ranges:
        assert host.sent("/all.ts") == sum(map(len, segments))


@pytest.mark.parametrize(
    "offsets",
    [[70 * MIB], [number * 2 * MIB for number in range(20)]],
    ids=["one-far-behind", "many-behind-each-other"],
)
def test_a_host_that_ignores_ranges_does_not_send_everything_again_for_each_segment(
    host: Hosting, tmp_path: Path, offsets: list[int]
) -> None:
    host.resources["/all.ts"] = Resource(bytes(offsets[-1] + 2 * MIB), content_type="video/mp2t", ranges=False)
    lines = [line for at in offsets for line in (f"#EXT-X-BYTERANGE:{2 * MIB}@{at}", "#EXTINF:4.0,", "all.ts")]
    host.resources["/list.m3u8"] = playlist(*lines)
    with pytest.raises(TooLarge, match="ignores ranges"):
        fetch_stream(host, tmp_path, connections=1)
    host.settle()
    assert host.sent("/all.ts") < 30 * MIB


def _encrypted(body: bytes, key: bytes, vector: bytes) -> bytes:
    padder, encryptor = PKCS7(128).padder(), Cipher(algorithms.AES128(key), modes.CBC(vector)).encryptor()
    return encryptor.update(padder.update(body) + padder.finalize()) + encryptor.finalize()


def test_keys_rotate_with_and_without_a_vector(host: Hosting, clips: Clips, tmp_path: Path) -> None:
    one, two, vector, sequence = b"k" * 16, b"K" * 16, b"v" * 16, 7
    host.resources |= {"/one.key": Resource(one), "/two.key": Resource(two)}
    lines = [f'#EXT-X-KEY:METHOD=AES-128,URI="one.key",IV=0x{vector.hex()}']
    for number, body in enumerate(stream_segments(clips)):
        if number == 2:
            lines.append('#EXT-X-KEY:METHOD=AES-128,URI="two.key"')
        if number == 4:
            lines.append("#EXT-X-KEY:METHOD=NONE")
        implicit = (sequence + number).to_bytes(16, "big")
        key, used = (one, vector) if number < 2 else (two, implicit)
        host.resources[f"/{number}.ts"] = Resource(body if number >= 4 else _encrypted(body, key, used))
        lines += ["#EXTINF:4.0,", f"{number}.ts"]
    host.resources["/list.m3u8"] = playlist(*lines, sequence=sequence)
    fetch_stream(host, tmp_path)
    assert sum(asked.path.endswith(".key") for asked in host.asked) <= 8


def _fragmented(clips: Clips, folder: Path, *, single: bool) -> None:
    """The clip as FFmpeg's own HLS muxer cuts it into fragmented MP4."""
    folder.mkdir()
    options = {
        "hls_segment_type": "fmp4",
        "hls_time": "4",
        "hls_list_size": "0",
        "hls_playlist_type": "vod",
        **({"hls_flags": "single_file"} if single else {}),
    }
    with (
        av.open(str(clips.file(0, "deu"))) as source,
        av.open(str(folder / "list.m3u8"), "w", format="hls", options=options) as target,
    ):
        tracks = {stream.index: target.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = tracks[packet.stream.index]
                target.mux(packet)


@pytest.mark.parametrize("single", [False, True], ids=["files", "byte-ranges"])
def test_fragmented_mp4_with_its_init_section(host: Hosting, clips: Clips, tmp_path: Path, single: bool) -> None:
    _fragmented(clips, tmp_path / "made", single=single)
    for file in (tmp_path / "made").iterdir():
        host.resources[f"/{file.name}"] = Resource(file.read_bytes())
    assert b"#EXT-X-MAP" in host.resources["/list.m3u8"].body
    path = fetch_stream(host, tmp_path / "work")
    assert_whole(path)


def test_a_second_init_section_after_a_discontinuity(host: Hosting, clips: Clips, tmp_path: Path) -> None:
    _fragmented(clips, tmp_path / "made", single=False)
    files = {file.name: file.read_bytes() for file in (tmp_path / "made").iterdir()}
    host.resources |= {f"/{name}": Resource(body) for name, body in files.items()}
    host.resources["/init-2.mp4"] = Resource(files["init.mp4"])
    lines = files["list.m3u8"].decode().splitlines()
    half = [number for number, line in enumerate(lines) if line.startswith("#EXTINF")][3]
    lines[half:half] = ["#EXT-X-DISCONTINUITY", '#EXT-X-MAP:URI="init-2.mp4"']
    host.resources["/list.m3u8"] = Resource("\n".join(lines).encode())
    fetch_stream(host, tmp_path / "work")
    assert host.sent("/init-2.mp4") == len(files["init.mp4"])


def test_a_part_that_is_too_short_is_no_segment(host: Hosting, clips: Clips, tmp_path: Path) -> None:
    [body, *_others] = stream_segments(clips)
    host.resources["/all.ts"] = Resource(body, content_type="video/mp2t")
    host.resources["/list.m3u8"] = playlist(f"#EXT-X-BYTERANGE:{len(body) + 1000}@0", "#EXTINF:24.0,", "all.ts")
    with pytest.raises(ProviderError):
        fetch_stream(host, tmp_path)
    assert not list(tmp_path.rglob("0*"))


def test_after_a_power_cut_only_flushed_segments_count(
    host: Hosting, clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain_stream(host, clips)
    # Each segment is a batch of its own, until the disk is too slow for any other.
    monkeypatch.setattr(hls_flushing, "FLUSH_EVERY", 0.0)
    break_at(host, tmp_path, "/seg2.ts")
    monkeypatch.setattr(hls_flushing, "FLUSH_EVERY", 3600.0)
    break_at(host, tmp_path, "/seg4.ts")
    unflushed = [path for path in (tmp_path / "segments" / "picture").iterdir() if path.name[:5] in ("00002", "00003")]
    assert len(unflushed) == 2
    for path in unflushed:
        path.write_bytes(bytes(path.stat().st_size))
    monkeypatch.setattr(hls_tracks, "boot_id", lambda: "another")
    assert_whole(fetch_stream(host, tmp_path), 24)
    asked = {one.path for one in host.asked if one.sent}
    assert asked == {"/list.m3u8", *(f"/seg{number}.ts" for number in (2, 3, 4, 5))}


@pytest.mark.parametrize("is_new_boot", [False, True], ids=["same-boot", "new-boot"])
def test_any_beginning_of_what_was_noted_ends_with_the_whole_stream(
    is_new_boot: bool, host: Hosting, clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain_stream(host, clips)
    monkeypatch.setattr(hls_flushing, "FLUSH_EVERY", 0.0)
    interrupted = tmp_path / "interrupted"
    break_at(host, interrupted, "/seg4.ts")
    if is_new_boot:
        monkeypatch.setattr(hls_tracks, "boot_id", lambda: "another")
    places = [interrupted / JOURNAL, *sorted(path for path in (interrupted / "segments").rglob("*") if path.is_file())]
    shares = st.sampled_from([0.0, 0.5, 0.999]) | st.floats(0, 1)

    @settings(max_examples=EXAMPLES)
    @given(st.dictionaries(st.sampled_from(places), shares, max_size=3))
    def beginnings(cut: dict[Path, float]) -> None:
        with TemporaryDirectory() as name:
            folder = Path(name) / "work"
            shutil.copytree(interrupted, folder)
            for place, share in cut.items():
                content = place.read_bytes()
                (folder / place.relative_to(interrupted)).write_bytes(content[: int(share * len(content))])
            host.forget()
            assert_whole(fetch_stream(host, folder), 24)
            asked = Counter(one.path for one in host.asked if one.path.startswith("/seg"))
            assert {"/seg4.ts", "/seg5.ts"} <= set(asked)
            assert set(asked.values()) == {1}

    beginnings()


def test_a_stream_tells_how_far_it_is_before_its_first_segment_is_whole(
    host: Hosting, clips: Clips, tmp_path: Path
) -> None:
    plain_stream(host, clips)
    first = host.resources["/seg0.ts"]
    first.speed = len(first.body) / 3
    folder = tmp_path / "segments" / "picture"
    with job(f"{host.address}/list.m3u8", StreamKind.HLS, tmp_path, connections=1) as one:
        fetching = threading.Thread(target=hls.fetch, args=(one,))
        fetching.start()

        def told() -> bool:
            one.control.item.refresh_from_db(fields=["progress_percent", "total_bytes"])
            return 0 < one.control.item.progress_percent < 100 / 6

        eventually(told, 20, "a part of the first segment")
        assert not any(path.name.startswith("00000-") for path in folder.iterdir())
        fetching.join()
    assert (tmp_path / "whole.mp4").exists()


def test_what_the_operator_changes_counts_from_the_next_connection_on(
    host: Hosting, clips: Clips, tmp_path: Path
) -> None:
    plain_stream(host, clips)
    for number in range(6):
        host.resources[f"/seg{number}.ts"].pause = 0.2
    headers = {"X-Mark": "before"}
    address = f"{host.address}/list.m3u8"
    with job(address, StreamKind.HLS, tmp_path, connections=1, headers=headers) as one:
        fetching = threading.Thread(target=hls.fetch, args=(one,))
        fetching.start()
        eventually(lambda: "/seg1.ts" in {asked.path for asked in host.asked}, 20, "the second segment")
        headers["X-Mark"] = "after"
        fetching.join()
    marks = {asked.path: asked.mark for asked in host.asked}
    assert (marks["/seg0.ts"], marks["/seg5.ts"]) == ("before", "after")
