"""Encodes the demo's clips into a folder. A process of its own, because FFmpeg's memory goes only with it.

`python -m providers.demo.encoding <folder> <seconds>`
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import av
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from aniworld.supervisor import tie
from providers.demo.clips import AUDIO_LANGUAGES, QUALITIES, SEGMENT_SECONDS, SILENT, SOUND, VARIANTS, Clips

_FRAMES_PER_SECOND = 24
_SAMPLES_PER_SECOND = 44100


def encode_all(clips: Clips, seconds: int) -> None:
    """Every clip, into a folder that is there; `seconds` is the length of the shortest."""
    for variant in range(VARIANTS):
        length = seconds + variant
        for quality, (width, height, rate) in QUALITIES.items():
            encoded = clips.folder / f"encoded-{quality}.mp4"
            _encode(encoded, length, width, height, rate, seed=variant)
            for audio in AUDIO_LANGUAGES:
                _segments(encoded, clips.playlist(variant, audio, quality), audio)
                if quality == "360p":
                    _remux(encoded, clips.file(variant, audio), audio, "mp4", {"movflags": "+faststart"})
                    _segments(encoded, clips.playlist(variant, audio, SOUND), audio, "audio")
            _segments(encoded, clips.playlist(variant, SILENT, quality), "", "video")
            encoded.unlink()


def _segments(source: Path, playlist: Path, audio_language: str, *kinds: str) -> None:
    options = {
        "hls_time": str(SEGMENT_SECONDS),
        "hls_list_size": "0",
        "hls_segment_filename": str(playlist.with_suffix("")) + "-%d.ts",
    }
    _remux(source, playlist, audio_language, "hls", options, kinds or ("video", "audio"))


def _encode(path: Path, seconds: int, width: int, height: int, rate: int, seed: int) -> None:
    codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
    with av.open(str(path), "w") as container:
        video = cast("VideoStream", container.add_stream(codec, rate=_FRAMES_PER_SECOND))
        video.width, video.height, video.pix_fmt, video.bit_rate = width, height, "yuv420p", rate
        video.gop_size = _FRAMES_PER_SECOND * SEGMENT_SECONDS
        if codec == "libx264":
            video.options = {"preset": "ultrafast", "sc_threshold": "0", "bf": "0", "threads": "2"}
        audio = container.add_stream("aac", rate=_SAMPLES_PER_SECOND)
        audio.bit_rate = 96_000
        for frame in _pictures(seconds, width, height, seed):
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for tone in _tones(seconds, 220 * (1 + seed)):
            container.mux(audio.encode(tone))
        container.mux(audio.encode(None))


def _pictures(seconds: int, width: int, height: int, seed: int) -> Iterator[VideoFrame]:
    """A drifting gradient under noise; the noise gives the files a size worth downloading."""
    chance = random.Random(seed)  # noqa: S311 - a picture, not a secret
    ramp = bytes((column * 255 // width) for column in range(width)) * 3
    noise = [chance.randbytes(width * 8).translate(bytes(16 + value // 5 for value in range(256))) for _ in range(16)]
    for number in range(seconds * _FRAMES_PER_SECOND):
        frame = VideoFrame(width, height, "yuv420p")
        shift = number * 3 % width
        band = number * 2 % height
        rows = [ramp[shift : shift + width]] * height
        for row in range(8):
            rows[(band + row) % height] = chance.choice(noise)[row * width : (row + 1) * width]
        _fill(frame, 0, b"".join(rows), width)
        _fill(frame, 1, bytes([(96 + number // 2 + seed * 60) % 256]) * (width * height // 4), width // 2)
        _fill(frame, 2, bytes([(160 + number // 3) % 256]) * (width * height // 4), width // 2)
        frame.pts = number
        yield frame


def _fill(frame: VideoFrame, plane: int, data: bytes, width: int) -> None:
    """Puts tightly packed rows into a plane whose lines may be padded."""
    target = frame.planes[plane]
    padding = bytes(target.line_size - width)
    if padding:
        data = b"".join(data[start : start + width] + padding for start in range(0, len(data), width))
    target.update(data)


def _tones(seconds: int, frequency: int) -> Iterator[AudioFrame]:
    """A soft tone, one second a frame."""
    step = 2 * math.pi * frequency / _SAMPLES_PER_SECOND
    samples = [int(6000 * math.sin(step * position)) for position in range(_SAMPLES_PER_SECOND)]
    data = b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples)
    for number in range(seconds):
        frame = AudioFrame(format="s16", layout="mono", samples=_SAMPLES_PER_SECOND)
        frame.planes[0].update(data)
        frame.sample_rate = _SAMPLES_PER_SECOND
        frame.pts = number * _SAMPLES_PER_SECOND
        yield frame


def _remux(
    source: Path,
    target: Path,
    audio_language: str,
    form: str,
    options: dict[str, str],
    kinds: tuple[str, ...] = ("video", "audio"),
) -> None:
    """Copies the encoded streams of these kinds into another container, with the audio track's language."""
    with av.open(str(source)) as reader, av.open(str(target), "w", format=form, options=options) as writer:
        streams: dict[int, av.stream.Stream] = {}
        for stream in reader.streams:
            if stream.type in kinds:
                streams[stream.index] = writer.add_stream_from_template(stream)
            if stream.type == "audio" and stream.type in kinds:
                streams[stream.index].metadata["language"] = audio_language
        for packet in reader.demux():
            if packet.dts is not None and packet.stream_index in streams:
                packet.stream = streams[packet.stream_index]
                writer.mux(packet)


if __name__ == "__main__":
    tie.to_parent()
    encode_all(Clips(Path(sys.argv[1])), int(sys.argv[2]))
