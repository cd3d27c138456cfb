"""What stands in a file's name and tells nothing about which episode it is: resolution, codecs, checksums, groups."""

from __future__ import annotations

import re
import unicodedata

EXTENSIONS = frozenset(
    (
        *("mkv", "mp4", "avi", "m4v", "mov", "webm", "ts", "m2ts", "mts", "wmv", "flv"),
        *("ogm", "ogv", "mpg", "mpeg", "divx", "rmvb", "3gp", "asf", "vob", "iso", "strm"),
    )
)
_QUALITY = re.compile(
    r"(?<![\da-z])(\d{3,4})[pi](?![a-z])|\b(?:3840|2560|1920|1440|1280|1024|960|848|720|640)\s?x\s?(\d{3,4})\b",
    re.IGNORECASE,
)
_WORDS_OF_QUALITY = {"uhd": "2160p", "4k": "2160p", "fhd": "1080p"}
_PARTS = (
    # Checksums, resolutions, frame rates, bit depths.
    r"[\[(][0-9a-f]{8}[\])]",
    r"\b\d{3,4}\s?x\s?\d{3,4}\b",
    r"(?<![\da-z])\d{3,4}[pi](?:\d{2,3})?(?![a-z])",
    r"\b(?:uhd|4k|8k|fhd|qhd|hdr10\+?|hdr|sdr|dv|hi10p?|hi444pp)\b",
    r"\b\d{2,3}(?:[.,]\d{1,3})?\s?fps\b",
    r"\b\d{1,2}\s?-?bits?\b",
    # Codecs and channels.
    r"\b[xh]\s?\.?\s?26[456]\b",
    r"\b(?:hevc|avc|av1|vp9|xvid|divx\d?|mpeg\s?[24]|vc-?1)\b",
    r"\b(?:e-?ac-?3|ac-?3|aac|dts(?:-?hd)?(?:\s?ma)?|ddp?|truehd|atmos|flac|opus|mp[23]|pcm|ogg|vorbis)"
    r"(?:\s?-?\s?[1-9](?:[. ][01])?(?:ch)?)?(?:x\d)?\b",
    r"\b[257][. ][01](?:ch)?\b",
    r"\b[268]ch\b",
    # Sources and what a release says of itself.
    r"\b(?:blu-?ray|bd(?:rip|remux)?|br-?rip|web-?dl|web-?rip|web|hdtv(?:rip)?|dvd(?:rip|-?r|[59])?|sat-?rip|tv-?rip|remux|vhs-?rip"
    r"|uncut|uncensored|repack|proper|internal|remastered"
    r"|dubbed|subbed|complete|batch|dual[- ]audio|multi[- ]?subs?|dl)\b",
    r"\b(?:amzn|nf|netflix|cr|crunchyroll|dsnp|hidive|adn|wakanim|funi|ard|zdf|rtl)\b(?=.{0,20}\b(?:web|dl|rip|\d{3,4}p)|\s*[\])])",
    # Sizes and dates.
    r"\b\d+(?:[.,]\d+)?\s?(?:mb|gb|mib|gib|kbps|mbps|khz)\b",
    r"\b(?:19|20)\d\d[-. ](?:0[1-9]|1[0-2])[-. ](?:0[1-9]|[12]\d|3[01])\b",
    r"[\[(](?:19|20)\d\d(?:\s?-\s?(?:(?:19|20)\d\d)?)?[\])]",
)
_NOISE = re.compile("|".join(f"(?:{part})" for part in _PARTS), re.IGNORECASE)
_GROUP_IN_FRONT = re.compile(r"^\s*(?:\[[^\]]{1,60}\]|【[^】]{1,60}】)\s*")
# Of a scene release: behind the last technical word.
_GROUP_BEHIND = re.compile(
    r"((?:[xh]\.?26[45]|hevc|xvid|divx|hdtv|web|web-?dl|web-?rip|blu-?ray|dvd-?rip|\d{3,4}p|hdr|aac|ac3))-[a-z0-9]{2,20}$",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r"\[[^\]]*\]|\{[^}]*\}|【[^】]*】|\([^)]*\)")
_TELLS = re.compile(
    r"s\d{1,4}\s?e\d|\d{1,2}x\d{2}|(?:episode|folge|ep\.?|ova|oad|special|season|staffel)\s?\d|^\W*\d{1,4}(?:v\d)?\W*$",
    re.IGNORECASE,
)
_YEAR = re.compile(r"^\W*(?:19|20)\d\d\W*$")


def stem(name: str) -> str:
    """The name without the extension of a video, in one Unicode form."""
    text = unicodedata.normalize("NFKC", name)
    before, dot, extension = text.rpartition(".")
    return before if dot and extension.lower() in EXTENSIONS else text


def quality(text: str) -> str:
    """The height of the picture as in 1080p; empty when the name does not say."""
    match = _QUALITY.search(text)
    if match:
        return f"{match[1] or match[2]}p"
    words = re.findall(r"[a-z0-9]+", text.lower())
    return next((_WORDS_OF_QUALITY[word] for word in words if word in _WORDS_OF_QUALITY), "")


def cleaned(text: str) -> str:
    """The words that may tell title and numbers, with single spaces between them."""
    text = unicodedata.normalize("NFKC", text).replace("_", " ")
    text = _GROUP_IN_FRONT.sub("", text) if not _TELLS.search(_front(text)) else text
    text = _NOISE.sub(" ", _GROUP_BEHIND.sub(r"\1", text))
    text = _BRACKETED.sub(_kept, text)
    text = re.sub(r"(?<![\d])\.|\.(?![\d])", " ", text)
    text = re.sub(r"(?<=\d)\.(?=\d)", " ", text) if " " not in text.strip() or text.count(".") > 1 else text
    text = re.sub(r"[–—−]", "-", text)
    return re.sub(r"\s+", " ", text).strip(" -")


def _front(text: str) -> str:
    match = _GROUP_IN_FRONT.match(text)
    return match[0].strip()[1:-1] if match else ""


def _kept(match: re.Match[str]) -> str:
    """What stands in brackets counts only where it can be a number of an episode."""
    inside = match[0][1:-1]
    return f" {inside} " if _TELLS.search(inside) and not _YEAR.match(inside) else " "
