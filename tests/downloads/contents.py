"""What is in a video file, bit for bit, whatever holds it: a stream and the MP4 made of it have the same contents."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

import av

from providers.demo.clips import AUDIO_LANGUAGES, VARIANTS, Clips, clips_in

_START_CODE = re.compile(rb"\x00*\x00\x00\x01")
# H.264 units that a container holds elsewhere: parameters, and where a picture begins.
_CONTAINERS_OWN = {7, 8, 9}


def checksum(*files: Path) -> str:
    """Of every picture and every piece of sound in the files, one after the other; the container has no part in it."""
    sums = {"video": hashlib.sha256(), "audio": hashlib.sha256()}
    for file in files:
        with av.open(str(file)) as container:
            for packet in container.demux():
                data = bytes(packet)
                if data and packet.stream.type == "video":
                    for unit in _units(data):
                        sums["video"].update(unit)
                elif data:
                    sums["audio"].update(_without_head(data))
    return " ".join(found.hexdigest() for found in sums.values())


def demo_checksums(folder: Path, seconds: int = 24) -> frozenset[str]:
    """Of everything that the demo site serves in its better quality; `folder` is where it keeps its clips."""
    return _checksums(clips_in(folder, seconds))


@cache
def _checksums(clips: Clips) -> frozenset[str]:
    found = set()
    for variant in range(VARIANTS):
        for audio in AUDIO_LANGUAGES:
            count = len(re.findall(r"\.ts$", clips.playlist(variant, audio, "360p").read_text(), re.MULTILINE))
            segments = [clips.segment(variant, audio, "360p", number) for number in range(count)]
            found |= {checksum(clips.file(variant, audio)), checksum(*segments)}
    return frozenset(found)


def _units(data: bytes) -> list[bytes]:
    units = _START_CODE.split(data)[1:] if data.startswith((b"\0\0\0\1", b"\0\0\1")) else _by_length(data)
    return [unit for unit in units if unit and unit[0] & 31 not in _CONTAINERS_OWN]


def _by_length(data: bytes) -> list[bytes]:
    units, position = [], 0
    while position + 4 <= len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        units.append(data[position + 4 : position + 4 + size])
        position += 4 + size
    return units


def _without_head(data: bytes) -> bytes:
    """A piece of sound without the head that it has in a stream."""
    is_adts = len(data) > 7 and data[0] == 0xFF and data[1] & 0xF6 == 0xF0
    return data[7 if data[1] & 1 else 9 :] if is_adts else data
