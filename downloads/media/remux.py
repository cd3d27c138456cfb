"""Joins media segments into one MP4 without re-encoding, streaming from file to file."""

from __future__ import annotations

import errno
import heapq
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from downloads.media.containers import open_media
from downloads.media.languages import language_code
from library.full_disk import is_disk_full
from providers.exceptions import WrongContent

# What belongs together up to a discontinuity; the paths may come as they get ready.
Group = Iterable[Path]

_SIGN_OF_LIFE_EVERY = 500
# Bytes of the index: what a picture, a packet of sound and a change from one track to the other may take in it.
_PER_PICTURE, _PER_SOUND, _PER_CHUNK, _PER_FILE = 20, 12, 16, 128 * 1024
# A second, where a stream does not say.
_PICTURES, _SOUNDS = 60.0, 47.0
_SAMPLES_IN_PACKET = 1024
# How much more room is kept for the index than it should need.
SPARE = 1.15
# Seconds between packets that a discontinuity sends back: seen in every container's time base.
_LEAST_STEP = Fraction(1, 5000)


class IndexTooLarge(Exception):
    """The index did not fit into the room kept for it in front: the file is spoiled, and has to be written anew."""


class Chain(io.RawIOBase):
    """Several files read as one, forwards only. The next one is asked for when the one before is read."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._paths = iter(paths)
        self._file: io.FileIO | None = None

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; empty at the very end."""
        while True:
            if self._file is None:
                path = next(self._paths, None)
                if path is None:
                    return b""
                self._file = io.FileIO(path)
            data = self._file.read(size)
            if data:
                return data
            self._file.close()
            self._file = None

    def close(self) -> None:
        """Lets go of the file that is being read."""
        if self._file:
            self._file.close()
        super().close()


@dataclass(frozen=True, slots=True)
class Aim:
    """What the file should become.

    `seconds`: how long it will play, 0 when nobody knows. `wanted`: the language (ISO 639-2) to choose where one input
    has several tracks of sound, `language`: that of the sound as far as the playlist tells. `spare`: how much more room
    is kept for the index than it should need; 0 moves the whole file behind its index at the end instead.
    """

    target: Path
    seconds: float = 0
    wanted: str = ""
    language: str = ""
    spare: float = SPARE


def to_mp4(
    aim: Aim, groups: Iterable[Group], sound: Iterable[Group] = (), *, alive: Callable[[], None] = lambda: None
) -> None:
    """Writes an MP4 whose index stands in front. `sound`: the groups of a separate rendition of the sound.

    Raises `WrongContent` when the segments are no media, `IndexTooLarge`, OSError for a full disk, and what the paths
    of a group raise as they come.
    """
    renditions = [one for one in (list(groups), list(sound)) if one]
    try:
        with ExitStack() as stack:
            joiner = _Joiner(aim, stack, alive)
            for groups_at_once in _rounds(renditions):
                joiner.play(groups_at_once)
            joiner.finish()
    except (av.FFmpegError, IndexError) as error:
        if is_disk_full(error):
            raise OSError(errno.ENOSPC, "The file system is full") from error
        raise WrongContent(f"The segments are not readable media ({error}).") from error


def _rounds(renditions: Sequence[Sequence[Group]]) -> Iterator[list[Sequence[Group]]]:
    """What plays at the same time: group by group where both break at the same places, else each in one go."""
    if len({len(groups) for groups in renditions}) == 1:
        for together in zip(*renditions, strict=True):
            yield [[group] for group in together]
    else:
        yield list(renditions)


@dataclass(slots=True)
class _Track:
    """Where the packets of one stream of an input go. Ticks are those of the input."""

    stream: Stream
    target: Stream
    shift: int
    step: int
    last: int
    duration: int = 0


class _Feed:
    """One rendition's packets through the groups of a round, put on the output's time."""

    def __init__(self, groups: Sequence[Group], kinds: Sequence[str], wanted: str) -> None:
        self._groups = iter(groups)
        self._kinds = kinds
        self._wanted = wanted
        self._container: InputContainer | None = None
        self._packets: Iterator[Packet[Any]] = iter(())
        self._tracks: dict[int, _Track] = {}
        self.streams: list[Stream] = []
        # Seconds: where the group at hand begins in its own time, and where the last one ended in the output's.
        self.start = Fraction(0)
        self.end = Fraction(0)

    def open(self) -> bool:
        """The next group, up to its first packet; False when there is none."""
        group = next(self._groups, None)
        if group is None:
            return False
        self._container = open_media(Chain(group))
        self.streams = list(self._chosen(self._container))
        packets = self._container.demux(self.streams) if self.streams else iter(())
        first = next((packet for packet in packets if packet.dts is not None), None)
        if first is not None and first.dts is not None:
            self.start = first.dts * (first.time_base or Fraction(0))
            self._packets = chain([first], packets)
        return True

    def place(self, targets: dict[str, Stream], reached: dict[str, Fraction], shift: Fraction) -> None:
        """Puts the group at hand `shift` seconds later. `reached`: the last time of each kind in the output."""
        self._tracks = {}
        for stream in self.streams:
            base = stream.time_base
            if stream.type not in targets or not base:
                continue
            step = max(1, round(_LEAST_STEP / base))
            before = reached.get(stream.type)
            last = round(before / base) if before is not None else -(2**62)
            self._tracks[stream.index] = _Track(stream, targets[stream.type], round(shift / base), step, last)

    def packets(self, targets: dict[str, Stream], reached: dict[str, Fraction]) -> Iterator[Packet[Any]]:
        """The packets of all its groups, ready for the muxer; groups after the first follow on its own end."""
        while True:
            yield from self._shifted()
            for track in self._tracks.values():
                base = track.stream.time_base or Fraction(0)
                reached[track.stream.type] = track.last * base
                self.end = max(self.end, (track.last + track.duration) * base)
            self.close()
            if not self.open():
                return
            self.place(targets, reached, self.end - self.start)

    def close(self) -> None:
        """Lets go of the group at hand."""
        if self._container:
            self._container.close()
        self._container, self._packets = None, iter(())

    def _shifted(self) -> Iterator[Packet[Any]]:
        tracks = self._tracks
        for packet in self._packets:
            dts = packet.dts
            track = tracks.get(packet.stream_index)
            if dts is None or track is None:
                continue
            if packet.is_corrupt:
                raise WrongContent("A segment is damaged.")
            pts = packet.pts
            pts = dts + track.shift if pts is None else pts + track.shift
            dts += track.shift
            if dts <= track.last:
                # The muxer wants growing times; what a discontinuity sends back is moved just behind.
                dts = track.last + track.step
            packet.dts = track.last = dts
            packet.pts = pts if pts >= dts else dts
            track.duration = packet.duration or 0
            packet.stream = track.target
            yield packet

    def _chosen(self, container: InputContainer) -> Iterator[Stream]:
        if "video" in self._kinds:
            yield from container.streams.video[:1]
        if "audio" in self._kinds:
            sounds = container.streams.audio
            fitting = [
                sound for sound in sounds if self._wanted and language_code(sound.language or "") == self._wanted
            ]
            yield from (fitting or list(sounds))[:1]


class _Joiner:
    """Writes one round after the other, each behind the end of the one before."""

    def __init__(self, aim: Aim, stack: ExitStack, alive: Callable[[], None]) -> None:
        self._aim = aim
        self._stack = stack
        self._alive = alive
        self._output: OutputContainer | None = None
        self._targets: dict[str, Stream] = {}
        self._reached: dict[str, Fraction] = {}
        self._offset = Fraction(0)
        self._count = 0

    def play(self, renditions: Sequence[Sequence[Group]]) -> None:
        """The groups of each rendition, interleaved by time."""
        kinds = [("video", "audio")] if len(renditions) == 1 else [("video",), ("audio",)]
        feeds = [_Feed(groups, kind, self._aim.wanted) for groups, kind in zip(renditions, kinds, strict=True)]
        for feed in feeds:
            self._stack.callback(feed.close)
            feed.open()
        output = self._output or self._open([stream for feed in feeds for stream in feed.streams])
        start = min(feed.start for feed in feeds)
        for feed in feeds:
            feed.place(self._targets, self._reached, self._offset - start)
        queues = [feed.packets(self._targets, self._reached) for feed in feeds]
        for packet in queues[0] if len(queues) == 1 else heapq.merge(*queues, key=_seconds):
            output.mux_one(packet)
            self._count += 1
            if self._count % _SIGN_OF_LIFE_EVERY == 0:
                self._alive()
        self._offset = max(self._offset, *(feed.end for feed in feeds))

    def finish(self) -> None:
        """Writes the index."""
        if self._output is None or not self._count:
            raise WrongContent("The segments hold no media.")
        self._alive()
        try:
            self._output.close()
        except av.FFmpegError as error:
            if self._aim.spare and error.errno == errno.EINVAL:
                raise IndexTooLarge from error
            raise

    def _open(self, streams: Sequence[Stream]) -> OutputContainer:
        if not streams:
            raise WrongContent("The segments hold no media.")
        aim = self._aim
        room = round(_index_size(streams, aim.seconds) * aim.spare)
        options = {"moov_size": str(room)} if room else {"movflags": "+faststart"}
        output = self._output = av.open(str(aim.target), "w", format="mp4", options=options)
        self._stack.callback(_drop, output)
        for stream in streams:
            target = output.add_stream_from_template(stream)
            language = language_code(stream.language or "") or aim.language
            if stream.type == "audio" and language:
                target.metadata["language"] = language
            self._targets[stream.type] = target
        return output


def _drop(output: OutputContainer) -> None:
    """Closes what was not finished: what that raises must not stand for what happened before."""
    with suppress(av.FFmpegError):
        output.close()


def _seconds(packet: Packet[Any]) -> float:
    return float((packet.dts or 0) * (packet.time_base or 0))


def _index_size(streams: Sequence[Stream], seconds: float) -> int:
    """Bytes that the index of so many seconds may take; 0 when nobody knows how long it plays."""
    pictures = sounds = 0.0
    for stream in streams:
        if isinstance(stream, VideoStream):
            pictures += float(stream.average_rate or stream.guessed_rate or _PICTURES)
        elif isinstance(stream, AudioStream):
            sounds += stream.rate / _SAMPLES_IN_PACKET if stream.rate else _SOUNDS
    changes = 2 * min(pictures, sounds)
    a_second = pictures * _PER_PICTURE + sounds * _PER_SOUND + changes * _PER_CHUNK
    return round(seconds * a_second) + _PER_FILE if seconds else 0
