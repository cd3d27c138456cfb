"""What foreign text may do to a log line: nothing. And which parts of any text are nobody's business."""

from __future__ import annotations

import re
import unicodedata

_LINE_BREAKS = re.compile(r"[\r\n\v\f\x1c-\x1e\u0085\u2028\u2029]+")
HIDDEN = "***"
# Shorter ones would be found in innocent words.
_SHORTEST_SECRET = 8

_NAMES = (
    r"authorization|proxy-authorization|cookie|set-cookie|x-api-key|x-csrftoken|x-emby-token|x-plex-token|api[_-]?key"
    r"|access[_-]?token|refresh[_-]?token|csrf[_-]?(?:token|middlewaretoken)|token|passw(?:or)?d|passphrase|secret(?:[_-]?key)?"
    r"|session(?:id)?|signature|sig|key|download_url|credentials"
)
# `Authorization: Bearer …`, `'token': '…'`, `password=…`; the value ends with its quote, or where the next one begins.
_NAMED = re.compile(
    rf"(?i)(?<![a-z0-9])(?P<name>(?:{_NAMES})[\"']?\s*[=:]\s*)"
    r"(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|(?:bearer\s+|basic\s+|token\s+)?[^\s\"'&,;)}\]]+)"
)
# A whole line of a header may hold several values.
_HEADER_LINES = re.compile(r"(?im)^(?P<name>\s*(?:set-)?cookie\s*:\s*).+$")
_TOKENS = re.compile(r"\b(aw[a-z]_)[A-Za-z0-9_-]{6,}|(?i:\b(bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}")
# The address of a stream lets in whoever has it, and so may that of a page: only who was asked is told.
_ADDRESSES = re.compile(
    r"(?P<scheme>\b[a-zA-Z][a-zA-Z0-9+.-]*://)(?:[^\s/@\"'<>]*@)?(?P<host>[^\s/?#\"'<>()]*)[^\s\"'<>)]*"
)
_KNOWN_SCHEMES = {f"{name}://" for name in ("http", "https", "ws", "wss", "redis", "rediss", "postgres", "postgresql")}
# As urllib3 names what it asked for, without the host.
_PATHS = re.compile(r"(?P<name>\burl: )/\S*")

_secrets: frozenset[str] = frozenset()


def hide(*secrets: str) -> None:
    """From now on these very texts never stand in a log line of this process, wherever they come from."""
    global _secrets
    _secrets = _secrets | {secret for secret in secrets if len(secret) >= _SHORTEST_SECRET}


def one_line(text: str) -> str:
    """`text` on one line, without characters that move the cursor or turn the direction of reading.

    Foreign text can neither forge a line nor make one look like another: such characters are written as their code.
    """
    text = _LINE_BREAKS.sub(" ⏎ ", text)
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(character: str) -> str:
    # Cc control, Cf format (bidi marks, zero width), Cs half of a pair, Co and Cn nothing known.
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn"):
        return f"\\x{ord(character):02x}" if ord(character) < 256 else f"\\u{ord(character):04x}"
    return character


def without_secrets(text: str) -> str:
    """`text` without what lets its reader in: tokens, keys, passwords, cookies, and all of an address but its host."""
    for secret in _secrets:
        if secret in text:
            text = text.replace(secret, HIDDEN)
    text = _HEADER_LINES.sub(rf"\g<name>{HIDDEN}", text)
    text = _NAMED.sub(rf"\g<name>{HIDDEN}", text)
    text = _TOKENS.sub(lambda found: f"{found[1] or found[2] + ' '}{HIDDEN}", text)
    text = _PATHS.sub(r"\g<name>/…", text)
    return _ADDRESSES.sub(_only_host, text)


def _only_host(found: re.Match[str]) -> str:
    if found["scheme"].lower() not in _KNOWN_SCHEMES:
        # Services of alerts have their keys in the host's place.
        return f"{found['scheme']}…"
    start = found["scheme"] + found["host"]
    rest = found[0][len(start) :] if found[0].startswith(start) else "/…"
    return start if rest in ("", "/", ".", ":", ",", ";") else f"{start}/…"
