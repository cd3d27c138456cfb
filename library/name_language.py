"""Which of the four languages a name tells: in brackets, as a word, or as the tag of a release."""

from __future__ import annotations

import re
from collections.abc import Sequence

from providers.contracts import LANGUAGES

GERMAN_DUB, GERMAN_SUB, ENGLISH_SUB, ENGLISH_DUB = LANGUAGES

_GERMAN = r"(?:german|deutsch(?:e[rsn]?)?|ger|deu|de)"
_ENGLISH = r"(?:english|englisch(?:e[rsn]?)?|eng|en)"
_SUB = r"(?:sub(?:s|bed|titles?|title[ds])?|untertitel|ut|omu)"
_DUB = r"(?:dub(?:s|bed)?|synchro(?:nisiert)?|audio|ton|dl|ml)"
_J = r"[\s._-]?"
_PLAIN = {
    GERMAN_SUB: rf"{_GERMAN}{_J}{_SUB}|{_SUB}{_J}{_GERMAN}|omu|vostde|mit{_J}{_GERMAN}{_J}untertiteln?",
    GERMAN_DUB: rf"{_GERMAN}{_J}{_DUB}|{_DUB}{_J}{_GERMAN}",
    ENGLISH_SUB: rf"{_ENGLISH}{_J}{_SUB}|{_SUB}{_J}{_ENGLISH}|vosten",
    ENGLISH_DUB: rf"{_ENGLISH}{_J}{_DUB}|{_DUB}{_J}{_ENGLISH}",
}
_SURE = [(language, re.compile(rf"(?<![a-z])(?:{form})(?![a-z])", re.IGNORECASE)) for language, form in _PLAIN.items()]
_LONE = [
    (GERMAN_DUB, r"german|deutsch|ger|deu|de"),
    (ENGLISH_DUB, r"english|englisch|eng|en"),
]
_TECHNICAL = (
    r"(?:\d{3,4}[pi]|web|blu-?ray|bd|hdtv|dvd|x26[45]|h\.?26[45]|hevc|av1|aac|ac3|dts|eac3|ddp?"
    r"|repack|proper|uncut|internal)"
)
# In brackets of their own, beside what is technical, or as the very last word: elsewhere it may be part of a title.
_AS_A_TAG = rf"[\[(\{{]\s*(?:%s)\s*[\])\}}]|(?<=[\s._-])(?:%s)(?=[\s._-]+{_TECHNICAL})|(?<=[\s._-])(?:%s)$"
_TAGS = [(language, re.compile(_AS_A_TAG.replace("%s", word), re.IGNORECASE)) for language, word in _LONE]
_DUBBED = [
    (ENGLISH_DUB, re.compile(r"[\[(]\s*(?:dub(?:bed)?)\s*[\])]", re.IGNORECASE)),
]


def told(text: str) -> str | None:
    """The language that the text says, or None."""
    for language, form in (*_SURE, *_TAGS, *_DUBBED):
        if form.search(text):
            return language
    return None


def told_by_folders(folders: Sequence[str]) -> str | None:
    """The language that a folder is for, the nearest first: `German Dub`, `Ger Sub`, `Deutsch`."""
    return next((language for folder in reversed(folders) if (language := told(f"({folder})"))), None)
