"""Joins media segments into one MP4 without re-encoding, streaming from file to file."""

from __future__ import annotations

import errno
import io
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream

from downloads.containers import open_media
from library.files import is_disk_full
from providers.exceptions import WrongContent

_SIGN_OF_LIFE_EVERY = 500


class Chain(io.RawIOBase):
    """Several files read as one, forwards only."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = list(paths)
        self._file: BinaryIO | None = None

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; empty at the very end."""
        while True:
            if self._file is None:
                if not self._paths:
                    return b""
                self._file = self._paths.pop(0).open("rb")
            data = self._file.read(size)
            if data:
                return data
            self._file.close()
            self._file = None


class _Joiner:
    """Writes the packets of one group after the other, each shifted behind the one before."""

    def __init__(self, output: OutputContainer, alive: Callable[[], None]) -> None:
        self.output = output
        self.alive = alive
        self.streams: dict[str, Stream] = {}
        self.offset = Fraction(0)
        self.last: dict[str, int] = {}
        self.packets = 0

    def add(self, source: InputContainer) -> None:
        inputs = [*source.streams.video[:1], *source.streams.audio[:1]]
        if not self.streams:
            self.streams = {stream.type: self.output.add_stream_from_template(stream) for stream in inputs}
        start: Fraction | None = None
        # Per track, in ticks: fractions for every packet took longer than the packets themselves.
        shifts: dict[str, int] = {}
        ends: dict[str, tuple[int, Fraction]] = {}
        for packet in source.demux(inputs):
            if packet.dts is None or packet.time_base is None:
                continue
            if packet.is_corrupt:
                raise WrongContent("A segment is damaged.")
            if start is None:
                start = packet.dts * packet.time_base
            # Muxing puts the packet into another time base.
            kind, base = packet.stream.type, packet.time_base
            if kind not in shifts:
                shifts[kind] = round((self.offset - start) / base)
            end = self._write(packet, kind, shifts[kind])
            ends[kind] = max(end, ends[kind][0]) if kind in ends else end, base
        self.offset = max([self.offset, *(ticks * unit for ticks, unit in ends.values())])

    def _write(self, packet: Packet[Any], kind: str, shift: int) -> int:
        """Hands the packet to the muxer, and answers where it ends (ticks)."""
        target = self.streams.get(kind)
        if target is None or packet.dts is None:
            return 0
        # The muxer wants growing times; what a discontinuity sends back is moved just behind.
        dts = max(packet.dts + shift, self.last.get(kind, packet.dts + shift - 1) + 1)
        pts = packet.pts if packet.pts is not None else packet.dts
        packet.pts = max(pts + shift, dts)
        packet.dts = dts
        self.last[kind] = dts
        end = dts + (packet.duration or 0)
        packet.stream = target
        self.output.mux(packet)
        self.packets += 1
        if self.packets % _SIGN_OF_LIFE_EVERY == 0:
            self.alive()
        return end


def to_mp4(groups: Sequence[Sequence[Path]], target: Path, alive: Callable[[], None]) -> None:
    """Writes an MP4 whose index stands in front. A group is what belongs together up to a discontinuity.

    Raises `WrongContent` when the segments are no media.
    """
    options = {"movflags": "+faststart"}
    try:
        with av.open(str(target), "w", format="mp4", options=options) as output:
            joiner = _Joiner(output, alive)
            for paths in groups:
                with open_media(Chain(paths)) as source:
                    joiner.add(source)
    except (av.FFmpegError, IndexError) as error:
        if is_disk_full(error):
            raise OSError(errno.ENOSPC, "The file system is full") from error
        raise WrongContent(f"The segments are not readable media ({error}).") from error
    if not joiner.packets:
        raise WrongContent("The segments hold no media.")
