"""Judges answers: which error a status or a page stands for, said without the secrets of its address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from providers.exceptions import Blocked, Expired, NotFound, ProviderError, RateLimited, ServerFailed

_CHALLENGE_TITLE = re.compile(
    r"<title[^>]*>\s*(?:just a moment|attention required|ddos-guard|checking your browser"
    r"|verify (?:that )?you are human|access denied|bot verification|security check|nur einen moment)",
    re.IGNORECASE,
)
_CHALLENGE_WIDGET = re.compile(
    r"cf-turnstile|challenges\.cloudflare\.com/turnstile|cf-challenge|cf_chl_opt|g-recaptcha|h-captcha|hcaptcha\.com/1"
    r"|captcha-delivery|id=[\"']captcha",
    re.IGNORECASE,
)
_PASSWORD_FIELD = re.compile(r"<input[^>]{0,500}type\s*=\s*[\"']?password", re.IGNORECASE)
_LOGIN_HEADING = re.compile(
    r"<(?:title|h[1-3])[^>]{0,200}>[^<]{0,80}(?:log ?in|sign ?in|anmelde|einloggen)", re.IGNORECASE
)
_LOGIN_PATH = re.compile(r"/(?:login|signin|sign-in|anmelden)/?$", re.IGNORECASE)
# A widget in a page longer than this belongs to a form beside real content.
_CHALLENGE_PAGE_LENGTH = 60_000
_LONGEST_WAIT = 7 * 86400.0


def shown(url: str) -> str:
    """An address fit for a message: no credentials, no query, and long path parts, which may be signatures, cut."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "?", parts.port
    except ValueError:
        return "an unreadable address"
    path = "/".join(part if len(part) <= 40 else "…" for part in parts.path.split("/"))
    place = f"{host}:{port}" if port else host
    return "".join(character for character in f"{place}{path}" if character.isprintable())[:200]


def is_html(content_type: str, start: bytes) -> bool:
    """Whether a body is a web page, by its type or its first bytes."""
    head = start.lstrip(b"\xef\xbb\xbf \t\r\n")[:64].lower()
    if head.startswith((b"<!doctype html", b"<html", b"<head", b"<title")):
        return True
    return content_type.partition(";")[0].strip().lower() in ("text/html", "application/xhtml+xml") and head[:1] in (
        b"<",
        b"",
    )


def obstacle(url: str, headers: Mapping[str, str], text: str) -> str | None:
    """Names the challenge or login that a page puts in the way; None when it is an ordinary page."""
    if headers.get("cf-mitigated", "").lower() == "challenge" or _CHALLENGE_TITLE.search(text[:20_000]):
        return "a challenge page"
    if len(text) < _CHALLENGE_PAGE_LENGTH and _CHALLENGE_WIDGET.search(text):
        return "a captcha"
    if _PASSWORD_FIELD.search(text) and (_LOGIN_HEADING.search(text) or _LOGIN_PATH.search(urlsplit(url).path)):
        return "a login form"
    return None


def refusal(url: str, status: int, headers: Mapping[str, str], text: str = "") -> ProviderError | None:
    """The error that an answer stands for, None for a good one. `text` may be empty when there is no page to judge."""
    place = shown(url)
    in_the_way = obstacle(url, headers, text) if text else None
    if in_the_way and (status < 400 or status in (401, 403, 429, 503)):
        return Blocked(f"{place} answered with {in_the_way}.")
    if status < 400:
        return None
    if status == 429:
        return RateLimited(f"{place} asks to slow down (429).", retry_after(headers.get("Retry-After")))
    if status in (401, 403, 407, 451):
        return Blocked(f"{place} refuses access ({status}).")
    if status in (404, 410):
        return NotFound(f"{place} does not exist ({status}).")
    return ServerFailed(f"{place} answered with an error ({status}).", status)


def stream_refusal(url: str, status: int, headers: Mapping[str, str]) -> ProviderError | None:
    """Like `refusal`, for a stream address: gone means that it ran out."""
    if status == 410:
        return Expired(f"The stream address at {shown(url).partition('/')[0]} has run out (410).")
    return refusal(url, status, headers)


def retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds until a `Retry-After` (number or HTTP date) is over, at most a week; None when it says nothing."""
    if not value:
        return None
    text = value.strip()
    if re.fullmatch(r"\d{1,10}", text, re.ASCII):
        return min(float(text), _LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        seconds = (moment - (now or datetime.now(UTC))).total_seconds()
    except OverflowError:
        return None
    return min(max(seconds, 0.0), _LONGEST_WAIT)
