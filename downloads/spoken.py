"""What language a file says that it speaks, held against the one that was wanted."""

from __future__ import annotations

from collections.abc import Sequence

from providers.contracts import Language

# ISO 639-1 and the bibliographic codes of ISO 639-2, as the terminological ones that `Language.audio` gives.
_SAME = {"ger": "deu", "de": "deu", "en": "eng", "ja": "jpn"}
# These say nothing: undetermined, missing, several, no linguistic content, reserved for private use.
_SILENT = {"", "und", "mis", "mul", "zxx", "qaa"}
_NAMES = {"deu": "German", "eng": "English", "jpn": "Japanese"}
_DUBBED = {language.audio for language in (Language.GERMAN_DUB, Language.ENGLISH_DUB)}


def contradiction(tags: Sequence[str], wanted: Language) -> str:
    """Why audio tracks tagged like this can't be `wanted`; empty when they can, or when a tag is missing.

    A dub speaks its own language. With subtitles it speaks the original's, whichever that is: not all come from Japan,
    so only the languages that series are dubbed into contradict.
    """
    spoken = [_plain(tag) for tag in tags]
    if not spoken or wanted.audio in spoken or any(tag in _SILENT for tag in spoken):
        return ""
    if wanted.audio not in _DUBBED and any(tag not in _DUBBED for tag in spoken):
        return ""
    names = ", ".join(dict.fromkeys(_NAMES.get(tag, tag) for tag in spoken))
    return f"The file is tagged as speaking {names}, and {_NAMES[wanted.audio]} is what {wanted.value} speaks."


def _plain(tag: str) -> str:
    """`DE-at`, `ger` and `deu` are one."""
    code = tag.strip().lower().replace("_", "-").partition("-")[0]
    return _SAME.get(code, code)
