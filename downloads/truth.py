"""Looks whether a fetched file is what it should be, before it is called done."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from downloads.interruptions import Untrue
from downloads.media.containers import open_media
from downloads.spoken import contradiction
from providers.contracts import Language

# How far the playing time may be from what the playlist says.
TOLERANCE = 0.05
LEAST_TOLERANCE_SECONDS = 5.0
# Between which shares of the season's median an episode plays: a short recap and a double finale are real.
LEAST_OF_MEDIAN, MOST_OF_MEDIAN = 0.5, 4.0
# Bytes a second. Sound alone takes more, however poor, so that nothing with a picture in it is smaller.
LEAST_RATE = 3000
# The last packets of a whole file reach to its end, give or take a frame and what the container rounds.
END_SECONDS = 3.0
# Pictures decoded at each of some places spread over the file.
PLACES, PICTURES = 5, 12
# How many packets a picture may come before one that is shown earlier.
REORDERED = 32
_SIGN_OF_LIFE_EVERY = 2000

_EXTENSIONS = {"mov": ".mp4", "matroska": ".mkv", "mpegts": ".ts", "avi": ".avi", "flv": ".flv"}

# Of every file that can arrive, the usual one first.
EXTENSIONS = tuple(_EXTENSIONS.values())


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """What a readable file holds. Bytes, seconds, pixels; `extension` fits the container."""

    size: int
    duration: float
    height: int
    extension: str

    @property
    def quality(self) -> str:
        """The height as people name it: 1080p."""
        return f"{self.height}p" if self.height else ""


def check(
    path: Path,
    *,
    declared: float | None,
    median: float | None,
    wanted: Language | None = None,
    alive: Callable[[], None] = lambda: None,
) -> MediaFacts:
    """Reads the file to its end and answers what it is.

    `declared` is what the playlist promised, `median` what the season's other episodes take, both in seconds; `wanted`
    is the language that the source promised. Raises `Untrue`, with the facts in it where the file could be read.
    """
    size = path.stat().st_size
    if not size:
        raise Untrue("The file is empty.")
    try:
        with open_media(str(path)) as container:
            promised = _promised(container, size)
            try:
                facts = _read(path, container, promised, alive)
            except Untrue as error:
                raise Untrue(str(error), asdict(promised)) from None
            spoken = _spoken(container)
    except (av.FFmpegError, ValueError) as error:
        raise Untrue(f"The file can't be read as a video ({error}).") from error
    doubt = _doubt(facts, declared, median) or (contradiction(spoken, wanted) if wanted else "")
    if doubt:
        raise Untrue(doubt, asdict(facts))
    return facts


def guessed(path: Path, facts: MediaFacts, languages: Sequence[Language]) -> Language:
    """The first of these languages that the tracks of a file do not speak against; nobody promised any of them.

    Raises `Untrue` when they speak against all.
    """
    with open_media(str(path)) as container:
        spoken = _spoken(container)
    doubts = {language: contradiction(spoken, language) for language in languages}
    found = next((language for language, doubt in doubts.items() if not doubt), None)
    if found is None:
        raise Untrue(doubts[languages[0]], asdict(facts))
    return found


def _spoken(container: InputContainer) -> list[str]:
    return [str(track.metadata.get("language", "")) for track in container.streams.audio]


def _promised(container: InputContainer, size: int) -> MediaFacts:
    """What its header says."""
    height = container.streams.video[0].height if container.streams.video else 0
    name = container.format.name.split(",")[0]
    return MediaFacts(size, (container.duration or 0) / 1_000_000, height or 0, _EXTENSIONS.get(name, ".mp4"))


def _read(path: Path, container: InputContainer, promised: MediaFacts, alive: Callable[[], None]) -> MediaFacts:
    if not container.streams.video:
        raise Untrue("The file has no video track.")
    if not container.streams.audio:
        raise Untrue("The file has no audio track.")
    with ThreadPoolExecutor(1, "pictures") as pool:
        # Where the header says how long it plays, pictures are decoded while the other thread reads to the end.
        early = pool.submit(_look_at_pictures, path, promised.duration) if promised.duration else None
        duration = _duration(container, promised, alive)
        pictures = early or pool.submit(_look_at_pictures, path, duration)
        pictures.result()
    return replace(promised, duration=duration)


def _duration(container: InputContainer, promised: MediaFacts, alive: Callable[[], None]) -> float:
    """Seconds that it really plays."""
    reached = _reach_the_end(container, alive)
    start = (container.start_time or 0) / 1_000_000
    duration = max(reached.values()) - start
    whole = promised.duration
    if whole and duration < whole - max(END_SECONDS, whole * 0.01):
        raise Untrue(f"The file breaks off: {duration:.0f} of {whole:.0f} seconds are readable.")
    video = container.streams.video[0]
    if reached.get(video.index, 0) - start < duration - max(END_SECONDS, duration * TOLERANCE):
        raise Untrue("The picture ends long before the sound.")
    return duration


def _reach_the_end(container: InputContainer, alive: Callable[[], None]) -> dict[int, float]:
    """The end of the last packet of each track, in seconds."""
    # Only those at the end are looked at closely: doing so with each took a third of the time.
    lasts: dict[int, deque[Packet[Stream]]] = defaultdict(lambda: deque(maxlen=REORDERED))
    damaged = 0
    for count, packet in enumerate(container.demux(), 1):
        if count % _SIGN_OF_LIFE_EVERY == 0:
            alive()
        if packet.pts is not None:
            damaged += packet.is_corrupt
            lasts[packet.stream_index].append(packet)
    if not lasts:
        raise Untrue("The file holds no packets.")
    if damaged:
        raise Untrue(f"{damaged} packets of the file are damaged.")
    return {index: _end(packets, container.streams[index].time_base) for index, packets in lasts.items()}


def _end(packets: Iterable[Packet[Stream]], tick: Fraction | None) -> float:
    return float(max((packet.pts or 0) + (packet.duration or 0) for packet in packets) * (tick or 0))


def _look_at_pictures(path: Path, duration: float) -> None:
    """Decodes pictures here and there: flipped bytes leave the packets whole and spoil what is in them."""
    with open_media(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for place in range(PLACES):
            _look_at(container, stream, duration * (place + 0.5) / PLACES)


def _look_at(container: InputContainer, stream: VideoStream, second: float) -> None:
    try:
        container.seek(int(second * 1_000_000))
        damaged = any(frame.is_corrupt for frame in islice(container.decode(stream), PICTURES))
    except av.FFmpegError as error:
        raise Untrue(f"The picture at {second:.0f} seconds is damaged ({error}).") from error
    if damaged:
        raise Untrue(f"The picture at {second:.0f} seconds is damaged.")


def _doubt(facts: MediaFacts, declared: float | None, median: float | None) -> str:
    """What speaks against a file that can be read to its end; empty when nothing does."""
    plays = facts.duration
    if declared and abs(plays - declared) > max(LEAST_TOLERANCE_SECONDS, declared * TOLERANCE):
        return f"The file plays {plays:.0f} seconds, and the playlist lists {declared:.0f}."
    if median and not median * LEAST_OF_MEDIAN <= plays <= median * MOST_OF_MEDIAN:
        return f"The file plays {plays:.0f} seconds, and other episodes of the season about {median:.0f}."
    if facts.size < plays * LEAST_RATE:
        return f"The file has {facts.size / 1000:.0f} kB, which is far too little for {plays:.0f} seconds of video."
    return ""
