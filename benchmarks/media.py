"""Makes what is fetched: a big file, an HLS stream of 1 MiB segments, and an episode of 500 MB."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import av
from av.audio.frame import AudioFrame
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame

MIB = 1024 * 1024
FRAMES, SAMPLES = 24, 48000
LOOP_SECONDS = 10


def big_file(path: Path, size: int) -> Path:
    """Bytes without a pattern, so that nothing on the way can be clever about them."""
    block = os.urandom(8 * MIB)
    with path.open("wb") as file:
        for _ in range(size // len(block)):
            file.write(block)
    return path


def playlist(folder: Path, seconds: int = 240) -> Path:
    """An HLS stream: `seconds` segments of one second and about 1 MiB each."""
    folder.mkdir(exist_ok=True)
    loop = folder / "loop.mp4"
    _encode(loop, 640, 360, 8_150_000)
    options = {"hls_time": "1", "hls_list_size": "0", "hls_segment_filename": str(folder / "%03d.ts")}
    _repeat(loop, folder / "list.m3u8", "hls", options, seconds // LOOP_SECONDS)
    loop.unlink()
    return folder / "list.m3u8"


def episode(path: Path, minutes: int = 24) -> Path:
    """A 1080p episode of about 500 MB with its index in front."""
    loop = path.with_suffix(".loop.mp4")
    _encode(loop, 1920, 1080, 2_600_000)
    _repeat(loop, path, "mp4", {"movflags": "+faststart"}, minutes * 60 // LOOP_SECONDS)
    loop.unlink()
    return path


def _encode(path: Path, width: int, height: int, rate: int) -> None:
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=FRAMES)
        video.width, video.height, video.pix_fmt, video.bit_rate = width, height, "yuv420p", rate
        video.gop_size = FRAMES
        video.options = {
            "preset": "ultrafast",
            "x264-params": f"nal-hrd=cbr:vbv-maxrate={rate // 1000}:vbv-bufsize={rate // 1000}:scenecut=0",
        }
        audio = container.add_stream("aac", rate=SAMPLES, layout="stereo")
        audio.bit_rate = 128_000
        for number in range(FRAMES * LOOP_SECONDS):
            container.mux(video.encode(_noise(width, height, number)))
        container.mux(video.encode(None))
        for number in range(SAMPLES * LOOP_SECONDS // 1024):
            container.mux(audio.encode(_hiss(number)))
        container.mux(audio.encode(None))


def _noise(width: int, height: int, number: int) -> VideoFrame:
    frame = VideoFrame(width, height, "yuv420p")
    for plane in frame.planes:
        plane.update(os.urandom(plane.buffer_size))
    frame.pts, frame.time_base = number, Fraction(1, FRAMES)
    return frame


def _hiss(number: int) -> AudioFrame:
    frame = AudioFrame(format="s16", layout="stereo", samples=1024)
    frame.planes[0].update(os.urandom(frame.planes[0].buffer_size))
    frame.sample_rate, frame.pts, frame.time_base = SAMPLES, number * 1024, Fraction(1, SAMPLES)
    return frame


def _repeat(source: Path, target: Path, kind: str, options: dict[str, str], times: int) -> None:
    """Writes the packets of the loop `times` times, one after the other."""
    with av.open(str(target), "w", format=kind, options=options) as output, av.open(str(source)) as once:
        inputs = [*once.streams.video, *once.streams.audio]
        streams = {stream.index: output.add_stream_from_template(stream) for stream in inputs}
        for round_ in range(times):
            once.seek(0)
            for packet in once.demux(inputs):
                if packet.dts is not None and packet.pts is not None and packet.time_base is not None:
                    _shift(packet, round_)
                    packet.stream = streams[packet.stream_index]
                    output.mux(packet)


def _shift(packet: Packet[Stream], round_: int) -> None:
    ticks = round(round_ * LOOP_SECONDS / packet.time_base)
    packet.pts, packet.dts = (packet.pts or 0) + ticks, (packet.dts or 0) + ticks
