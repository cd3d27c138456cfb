"""Signed stream addresses of the demo hosts, and the files, playlists, segments and keys behind them."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import threading
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from providers.demo import reply
from providers.demo.clips import AUDIO_LANGUAGES, QUALITIES, SILENT, SOUND, VARIANTS, Clips
from providers.demo.reply import Reply
from providers.demo.series import DemoLink

VALID_SECONDS = 4 * 3600
_PLAYLIST = "application/vnd.apple.mpegurl"
_STEM = r"(360p|180p|silent-360p|silent-180p|sound-(?:deu|jpn|eng))"
_SEGMENT_NAME = re.compile(_STEM + r"-(\d{1,4})\.ts", re.ASCII)
_MEDIA_PLAYLIST_NAME = re.compile(_STEM + r"\.m3u8", re.ASCII)
_KEY_NAME = re.compile(r"key-(\d{1,4})\.bin", re.ASCII)
_TAGS = {"deu": "de", "jpn": "ja", "eng": "en"}
# Segments for which a key of the stream with separate sound is good.
_KEY_SEGMENTS = 2


@dataclass(slots=True)
class Use:
    """What happened with one stream address since it was given out."""

    since: float
    requests: int = 0


class Passes:
    """Gives out and checks what makes a stream address valid: a nonce, an end, a signature."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(16)
        self._uses: dict[str, Use] = {}
        self._lock = threading.Lock()

    def issue(self, link: DemoLink) -> str:
        """A new pass for a link."""
        nonce, ends = secrets.token_hex(6), int(time.time()) + VALID_SECONDS
        with self._lock:
            self._uses[nonce] = Use(time.monotonic())
        return f"{nonce}.{ends}.{self._signature(link, nonce, ends)}"

    def use(self, link: DemoLink, given: str) -> Use | None:
        """Counts a request; None when the pass is not valid (any more)."""
        nonce, _, rest = given.partition(".")
        ends, _, signature = rest.partition(".")
        if not ends.isdigit() or not hmac.compare_digest(
            signature.encode(), self._signature(link, nonce, int(ends)).encode()
        ):
            return None
        with self._lock:
            use = self._uses.get(nonce)
            if use is None or int(ends) < time.time():
                return None
            use.requests += 1
            return Use(use.since, use.requests)

    def _signature(self, link: DemoLink, nonce: str, ends: int) -> str:
        return hmac.new(self._secret, f"{link.id}:{nonce}:{ends}".encode(), hashlib.sha256).hexdigest()[:32]


def stream_path(link: DemoLink, granted: str) -> str:
    """The path of a link's stream: the pass is in the query of a file, in the path of a playlist."""
    if link.host == "demo-file":
        return f"/host/{link.host}/media/{link.id}/video.mp4?pass={granted}"
    return f"/host/{link.host}/media/{link.id}/{granted}/master.m3u8"


def stage_of(name: str) -> str:
    """Which step of a download asks for a file of that name."""
    endings = {".m3u8": "playlist", ".ts": "segment", ".bin": "key"}
    return endings.get(name[name.rfind(".") :], "media")


def content(link: DemoLink, name: str, clips: Clips) -> Reply | None:
    """The file of that name behind a link; None when there is none.

    Beside `master.m3u8` every playlist host has a `separate.m3u8`, whose sound is a rendition for each language, and
    whose key, where it is encrypted, changes.
    """
    variant, audio = link.id % VARIANTS, link.language.audio
    encrypted = link.host == "demo-aes"
    if name == "video.mp4":
        return reply.media(_read(clips.file(variant, audio)), "video/mp4")
    if name in ("master.m3u8", "separate.m3u8"):
        return reply.media(_master() if name == "master.m3u8" else _separate(audio), _PLAYLIST)
    if name == "key.bin" and encrypted:
        return reply.media(_key(link.id), "application/octet-stream")
    if (match := _KEY_NAME.fullmatch(name)) and encrypted:
        return reply.media(_key(link.id, int(match[1])), "application/octet-stream")
    if match := _MEDIA_PLAYLIST_NAME.fullmatch(name):
        text = _read(clips.playlist(variant, *_kind(match[1], audio))).decode()
        return reply.media(_media_playlist(text, link, match[1]), _PLAYLIST)
    if match := _SEGMENT_NAME.fullmatch(name):
        path = clips.segment(variant, *_kind(match[1], audio), int(match[2]))
        if path.is_file():
            return reply.media(_segment(path, link, match[1], int(match[2])), "video/mp2t")
    return None


def _kind(stem: str, audio: str) -> tuple[str, str]:
    """Audio and quality of the clips that a stem in an address means."""
    first, _dash, last = stem.partition("-")
    if first == SOUND:
        return last, SOUND
    return (SILENT, last) if first == SILENT else (audio, stem)


def _separate(default: str) -> bytes:
    lines = ["#EXTM3U", "#EXT-X-VERSION:4"]
    for code in AUDIO_LANGUAGES:
        chosen = "YES" if code == default else "NO"
        named = f'LANGUAGE="{_TAGS[code]}",NAME="{code}",DEFAULT={chosen},AUTOSELECT=YES'
        lines.append(f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",{named},URI="sound-{code}.m3u8"')
    for quality, (width, height, rate) in QUALITIES.items():
        lines.append(f'#EXT-X-STREAM-INF:AUDIO="sound",RESOLUTION={width}x{height},BANDWIDTH={rate + 150_000}')
        lines.append(f"{SILENT}-{quality}.m3u8")
    return "\n".join([*lines, ""]).encode()


def _master() -> bytes:
    lines = ["#EXTM3U", "#EXT-X-VERSION:3"]
    for quality, (width, height, rate) in QUALITIES.items():
        lines += [f"#EXT-X-STREAM-INF:BANDWIDTH={rate + 150_000},RESOLUTION={width}x{height}", f"{quality}.m3u8"]
    return "\n".join([*lines, ""]).encode()


def _media_playlist(text: str, link: DemoLink, stem: str) -> bytes:
    """The playlist as it was made, with short segment names and, for the encrypted host, its key."""
    text = re.sub(r"^.*-(\d+\.ts)$", rf"{stem}-\1", text, flags=re.MULTILINE)
    text = text.replace("#EXT-X-MEDIA-SEQUENCE", "#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-MEDIA-SEQUENCE")
    if link.host == "demo-aes":
        vector = f",IV=0x{_explicit_vector(link.id).hex()}" if _is_explicit(link) else ""
        head, *segments = text.split("#EXTINF")
        for number in range(0, len(segments) if _is_separate(stem) else 1, _KEY_SEGMENTS):
            name = f"key-{number // _KEY_SEGMENTS}.bin" if _is_separate(stem) else "key.bin"
            segments[number] = f'#EXT-X-KEY:METHOD=AES-128,URI="{name}"{vector}\n#EXTINF{segments[number]}'
        text = head + "".join(one if one.startswith("#") else f"#EXTINF{one}" for one in segments)
    return text.encode()


def _is_separate(stem: str) -> bool:
    return stem.startswith((SILENT, SOUND))


def _segment(path: Path, link: DemoLink, stem: str, number: int) -> bytes:
    if link.host != "demo-aes":
        return _read(path)
    vector = _explicit_vector(link.id) if _is_explicit(link) else number.to_bytes(16, "big")
    key = _key(link.id, number // _KEY_SEGMENTS if _is_separate(stem) else None)
    return _encrypted(path, key, vector)


def _is_explicit(link: DemoLink) -> bool:
    """Half of the links name their initialisation vector, the others leave it to the segment's number."""
    return link.id % 2 == 0


def _key(link_id: int, number: int | None = None) -> bytes:
    name = f"demo key {link_id}" if number is None else f"demo key {link_id} {number}"
    return hashlib.sha256(name.encode()).digest()[:16]


def _explicit_vector(link_id: int) -> bytes:
    return hashlib.sha256(f"demo vector {link_id}".encode()).digest()[:16]


@lru_cache(maxsize=24)
def _read(path: Path) -> bytes:
    return path.read_bytes()


@lru_cache(maxsize=16)
def _encrypted(path: Path, key: bytes, vector: bytes) -> bytes:
    padder = padding.PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    return encryptor.update(padder.update(_read(path)) + padder.finalize()) + encryptor.finalize()
