"""What workers wrote down, said in the language of who reads it.

Workers speak English: an error, a reason, a next step is kept as it was said, for logs and the API. Pages find the
sentence again and say it anew; what is none of these sentences, such as the words of another program, stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache

from django.utils.translation import get_language, gettext, ngettext

from aniworld.recorded_sentences import SENTENCES

# Longer ones are pages of another program, and not worth the search.
_LONGEST = 2000
_CACHED = 2048
_PLACE = re.compile(r"%(?:\((?P<name>\w+)\))?(?:\.\d)?(?P<kind>[sdf])")
_LOOKS = {"s": ".+?", "d": r"\d+", "f": r"\d+\.\d+"}
_DURATION = re.compile(r"\d+ (?:minutes|seconds?)")
# What these say at this place is itself a recorded text.
_NESTED = "message"

_COUNTED = (
    ("%(message)s (tried once)", "%(message)s (tried %(count)d times)"),
    ("%(message)s (each tried once)", "%(message)s (each tried %(count)d times)"),
)
_NO_HOST = "No host works: %s"


def as_told(text: str) -> str:
    """The text in the active language, as far as it is one of the product's sentences."""
    language = get_language() or "en"
    if not text or language.startswith("en") or len(text) > _LONGEST:
        return text
    return _said(text, language)


@lru_cache(maxsize=_CACHED)
def _said(text: str, language: str) -> str:  # noqa: ARG001 - a part of the key
    return _retold(text)


def _retold(text: str) -> str:
    for pattern, say in _patterns():
        if found := pattern.fullmatch(text):
            return say(found.groupdict())
    if " \N{MIDDLE DOT} " in text:
        return " \N{MIDDLE DOT} ".join(map(_of_one, text.split(" \N{MIDDLE DOT} ")))
    return _of_one(text)


def _of_one(text: str) -> str:
    """A sentence, with or without whom it is of before it: “HTTP index: The name nas does not resolve.”"""
    if (exact := gettext(text)) != text:
        return exact
    of, colon, rest = text.partition(": ")
    said = _retold(rest) if colon else rest
    return f"{of}: {said}" if said != rest else text


def _hosts(told: str) -> str:
    """“VOE - not found, too slow; Vidoza - failed”, with its short words in this language."""
    lines = []
    for line in told.split("; "):
        host, dash, words = line.partition(" \N{EN DASH} ")
        lines.append(f"{host}{dash}{', '.join(gettext(word) for word in words.split(', '))}" if words else line)
    return "; ".join(lines)


Say = Callable[[dict[str, str]], str]


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], Say], ...]:
    counted = [(_pattern(form), _counting(*forms)) for forms in _COUNTED for form in forms]
    no_host = (_pattern(_NO_HOST), lambda found: gettext(_NO_HOST) % _hosts(found["value"]))
    return (*counted, no_host, *((_pattern(sentence), _saying(sentence)) for sentence in SENTENCES))


def _pattern(sentence: str) -> re.Pattern[str]:
    parts, end = [], 0
    for place in _PLACE.finditer(sentence):
        name, what = place["name"] or "value", _LOOKS[place["kind"]]
        parts += [re.escape(sentence[end : place.start()]), f"(?P<{name}>{what})"]
        end = place.end()
    return re.compile("".join([*parts, re.escape(sentence[end:])]), re.DOTALL)


def _saying(sentence: str) -> Say:
    read = {place["name"] or "value": _READ[place["kind"]] for place in _PLACE.finditer(sentence)}

    def say(found: dict[str, str]) -> str:
        values = {name: read[name](value) for name, value in found.items()}
        return gettext(sentence) % values.get("value", values)

    return say


def _worded(value: str) -> str:
    return _retold(value) if _DURATION.fullmatch(value) else value


_READ: dict[str, Callable[[str], object]] = {"s": _worded, "d": int, "f": float}


def _counting(one: str, many: str) -> Say:
    def say(found: dict[str, str]) -> str:
        count = int(found.get("count") or 1)
        return ngettext(one, many, count) % {_NESTED: _retold(found[_NESTED]), "count": count}

    return say
