"""Language tags of playlists and containers as ISO 639-2 codes."""

from __future__ import annotations

import re

# ISO 639-2 codes of the tags that hosts of series use; of others the tag itself is taken where it has three letters.
_CODES = {
    "de": "deu", "ger": "deu", "en": "eng", "ja": "jpn", "jp": "jpn", "fr": "fra", "fre": "fra", "es": "spa",
    "it": "ita", "ko": "kor", "zh": "zho", "chi": "zho", "pt": "por", "ru": "rus", "pl": "pol", "tr": "tur",
    "nl": "nld", "dut": "nld", "sv": "swe", "da": "dan", "no": "nor", "nb": "nob", "fi": "fin", "cs": "ces",
    "cze": "ces", "hu": "hun", "ar": "ara", "hi": "hin", "th": "tha", "vi": "vie", "uk": "ukr", "el": "ell",
    "gre": "ell", "ro": "ron", "rum": "ron", "id": "ind",
}  # fmt: skip


def language_code(tag: str) -> str:
    """The ISO 639-2 code of a language tag such as de, ger or de-DE; empty for what is none."""
    primary = re.split(r"[-_]", tag.strip().lower(), maxsplit=1)[0]
    return _CODES.get(primary, primary if len(primary) == 3 and primary.isalpha() and primary.isascii() else "")
