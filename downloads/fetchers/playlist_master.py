"""Chooses from an HLS master playlist (RFC 8216, 4.3.4): a variant by quality, and its separate audio by language."""

from __future__ import annotations

import re
from dataclasses import dataclass

from downloads.fetchers.playlist_lines import address, attributes, lines_of
from downloads.media.languages import language_code
from providers.exceptions import WrongContent

MOST_ENTRIES = 1000
_HEIGHTS = {"1080p": 1080, "720p": 720, "480p": 480, "360p": 360}
# Bits a second that a picture of the height seldom exceeds, for variants that do not name theirs.
_USUAL_RATES = {1080: 8_000_000, 720: 4_000_000, 480: 2_000_000, 360: 1_100_000}
_RESOLUTION = re.compile(r"(\d{1,5})[xX](\d{1,5})", re.ASCII)
_NAMED_HEIGHT = re.compile(r"\b(\d{3,4})[pP]\b", re.ASCII)
_SOUND_CODECS = ("mp4a", "ac-3", "ec-3", "ac-4", "opus", "flac", "alac", "mp3", "vorbis", "stpp", "wvtt")


@dataclass(frozen=True, slots=True)
class Choice:
    """The media playlists to fetch. `audio` None: the sound is in the video's own. `language`: ISO 639-2, or empty.

    `variant` and `rendition` tell picture and sound from the others that are offered, whatever their addresses are.
    """

    video: str
    audio: str | None = None
    language: str = ""
    bandwidth: int = 0
    variant: str = ""
    rendition: str = ""


@dataclass(frozen=True, slots=True)
class _Variant:
    uri: str
    height: int
    bandwidth: int
    audio_group: str
    has_picture: bool


@dataclass(frozen=True, slots=True)
class _Sound:
    group: str
    uri: str
    code: str
    name: str
    rank: int


def choose(text: str, url: str, quality: str, audio: str = "") -> Choice | None:
    """What to take from a master playlist, or None when it lists segments itself.

    `quality` is best or a height such as 720p: the best at or below it, else the smallest above. `audio` is the ISO
    639-2 code of the wanted language; without a rendition in it the default one is taken.
    """
    variants, sounds = _entries(text)
    if variants is None:
        return None
    chosen = _fitting(variants, quality)
    offered = [sound for sound in sounds if sound.group == chosen.audio_group] if chosen.audio_group else []
    sound = min(offered, key=lambda one: (not audio or one.code != audio, one.rank), default=None)
    video, variant = address(chosen.uri, url), f"{chosen.height}|{chosen.bandwidth}"
    if sound is None or not sound.uri:
        return Choice(video, None, sound.code if sound else "", chosen.bandwidth, variant)
    rendition = f"{sound.group}|{sound.code}|{sound.name}"
    return Choice(video, address(sound.uri, url), sound.code, chosen.bandwidth, variant, rendition)


def _entries(text: str) -> tuple[list[_Variant] | None, list[_Sound]]:
    variants: list[_Variant] = []
    sounds: list[_Sound] = []
    described: dict[str, str] | None = None
    is_master = False
    for tag, value in lines_of(text):
        if tag == "#EXT-X-STREAM-INF":
            described, is_master = attributes(value), True
        elif tag == "#EXT-X-MEDIA":
            sounds += _sound(attributes(value), len(sounds))
        elif not tag and described is not None:
            variants.append(_variant(described, value))
            described = None
        if len(variants) + len(sounds) > MOST_ENTRIES:
            raise WrongContent(f"The master playlist has more than {MOST_ENTRIES} entries.")
    if is_master and not variants:
        raise WrongContent("The master playlist lists no variant.")
    return (variants if is_master else None), sounds


def _variant(given: dict[str, str], uri: str) -> _Variant:
    resolution = _RESOLUTION.fullmatch(given.get("RESOLUTION", ""))
    named = _NAMED_HEIGHT.search(given.get("NAME", ""))
    height = int(resolution[2]) if resolution else int(named[1]) if named else 0
    codecs = [codec.strip().lower() for codec in given.get("CODECS", "").split(",") if codec.strip()]
    has_picture = not codecs or any(not codec.startswith(_SOUND_CODECS) for codec in codecs)
    return _Variant(uri, height, _rate(given.get("BANDWIDTH", "")), given.get("AUDIO", ""), has_picture)


def _rate(text: str) -> int:
    return int(text) if text.isdecimal() and text.isascii() and len(text) <= 12 else 0


def _sound(given: dict[str, str], position: int) -> list[_Sound]:
    if given.get("TYPE", "").upper() != "AUDIO":
        return []
    # A voice that tells what is to be seen comes last, whatever it says of itself.
    told = "describes-video" in given.get("CHARACTERISTICS", "")
    preferred = [given.get(name, "").upper() == "YES" for name in ("DEFAULT", "AUTOSELECT")]
    rank = told * 4 * MOST_ENTRIES + (0 if preferred[0] else 1 if preferred[1] else 2) * MOST_ENTRIES + position
    code = language_code(given.get("LANGUAGE", ""))
    return [_Sound(given.get("GROUP-ID", ""), given.get("URI", ""), code, given.get("NAME", ""), rank)]


def _fitting(variants: list[_Variant], quality: str) -> _Variant:
    """The variant for the quality; those without a picture, or without a height where others have one, come last."""
    pictures = [one for one in variants if one.has_picture] or variants
    pool = [one for one in pictures if one.height] or pictures
    wanted = _HEIGHTS.get(quality)
    if wanted is None:
        return max(pool, key=lambda one: (one.height, one.bandwidth))
    fitting = [one for one in pool if _fits(one, wanted)]
    if fitting:
        return max(fitting, key=lambda one: (one.height, one.bandwidth))
    least = min((one.height, 0 if one.height else one.bandwidth) for one in pool)
    return max(
        (one for one in pool if (one.height, 0 if one.height else one.bandwidth) == least),
        key=lambda one: one.bandwidth,
    )


def _fits(one: _Variant, wanted: int) -> bool:
    return one.height <= wanted if one.height else one.bandwidth <= _USUAL_RATES[wanted]
