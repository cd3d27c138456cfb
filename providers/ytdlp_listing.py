"""Asks yt-dlp what is behind a link: a child process that reaches the outside through our filtering proxy alone.

It lists and downloads nothing. Time, bytes it may read and text it may write are bounded, and its text is judged as
what any site could have made it.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from providers.exceptions import (
    AddressRefused,
    Blocked,
    ConnectionFailed,
    NotFound,
    PageNotUnderstood,
    ProviderError,
    ServerFailed,
    TimedOut,
    TooLarge,
    WrongContent,
)
from providers.http import Policy
from providers.http.address_guard import AddressGuard
from providers.http.answers import shown
from providers.http.filtering_proxy import filtering_proxy

CHILD = Path(__file__).with_name("ytdlp_child.py")
# By its path, which stays off the module path: the packages around it need Django, and the child does not.
COMMAND = (sys.executable, "-P", str(CHILD))
# What holds for every call: nothing of the machine's own configuration, plugins, commands or cache.
OPTIONS = ("--ignore-config", "--no-plugin-dirs", "--no-exec", "--no-cache-dir", "--color=no_color")
MOST_ENTRIES = 5000
MOST_SECONDS = 180.0
LARGEST_ANSWER = 30 * 1024 * 1024
MOST_READ = 100 * 1024 * 1024
_LONGEST_ERROR = 300
_KEPT_ERRORS = 64 * 1024
_KEPT = frozenset(
    {"PATH", "HOME", "LANG", "TZ", "TMPDIR", "PYTHONPATH", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"}
)
# Of ours only what a process is known by.
_KEPT_BEGINNINGS = ("LC_", "ANIWORLD_")
_ADDRESS = re.compile(r"https?://[^\s'\"<>]+")
_KNOWN_ERRORS: tuple[tuple[str, type[ProviderError]], ...] = (
    ("Private network", AddressRefused),
    ("HTTP Error 403", Blocked),
    ("captcha", Blocked),
    ("sign in", Blocked),
    ("login", Blocked),
    ("HTTP Error 404", NotFound),
    ("HTTP Error 410", NotFound),
    ("HTTP Error 5", ServerFailed),
    ("Unsupported URL", WrongContent),
)


class _Ration:
    """What the child may read in all; the proxy ends each connection when it is used up."""

    piece = 256 * 1024

    def __init__(self, most: int) -> None:
        self._left = most
        self._lock = threading.Lock()

    def took(self, count: int) -> None:
        with self._lock:
            self._left -= count
            if self._left < 0:
                raise TooLarge("The pages behind the link are too large.")

    @property
    def is_used_up(self) -> bool:
        return self._left < 0


def listing(link: str, policy: Policy, *, seconds: float = MOST_SECONDS) -> dict[str, Any]:
    """What yt-dlp says of a link, without looking at each entry. Raises `ProviderError`."""
    ration, guard = _Ration(MOST_READ), AddressGuard(policy.allowed_private_hosts)
    with filtering_proxy(guard, ration) as proxy:
        try:
            answer = _run(_arguments(policy), [f"--proxy={proxy}", *_headers(policy), "--", link], seconds, ration)
        except AddressRefused:
            _say_what_helps(link, guard)
            raise
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        raise PageNotUnderstood(f"yt-dlp made nothing of {shown(link)}.") from None
    if not isinstance(found, dict):
        raise PageNotUnderstood(f"yt-dlp made nothing of {shown(link)}.")
    return found


def _say_what_helps(link: str, guard: AddressGuard) -> None:
    """Raises `PrivateAddress` when it is the link's own host that is refused: the child knows no more than a status."""
    place = urlsplit(link)
    guard.addresses(place.hostname or "", place.port or (443 if place.scheme == "https" else 80))


def version(seconds: float = 30.0) -> str:
    """Which yt-dlp answers. Raises `ProviderError` when none does."""
    return _run(["--version"], [], seconds, _Ration(0)).decode(errors="replace").strip()[:40]


def translated(errors: Sequence[str], otherwise: Callable[[str], ProviderError] = ConnectionFailed) -> ProviderError:
    """What the child's lines of errors mean, without the signatures that addresses carry."""
    said = next((line for line in reversed(errors) if line.startswith("ERROR:")), "ERROR: it ended without a reason")
    said = _ADDRESS.sub(lambda found: shown(found[0]), said)
    message = f"yt-dlp: {said[6:].strip()[:_LONGEST_ERROR]}"
    for words, kind in _KNOWN_ERRORS:
        if words.lower() in said.lower():
            return kind(message)
    return otherwise(message)


def environment() -> dict[str, str]:
    """The child's: no proxy of the machine's, and nothing secret for a program that reads any page of the web."""
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(_KEPT_BEGINNINGS)}
    return {**kept, "PYTHONUNBUFFERED": "1"}


def _arguments(policy: Policy) -> list[str]:
    return [
        *OPTIONS,
        "--dump-single-json",
        "--flat-playlist",
        f"--playlist-end={MOST_ENTRIES + 1}",
        "--skip-download",
        "--ignore-no-formats-error",
        f"--socket-timeout={policy.timeout:g}",
        "--retries=2",
        "--extractor-retries=1",
        "--ffmpeg-location=/nonexistent",
    ]


def _headers(policy: Policy) -> list[str]:
    return [f"--add-headers={name}:{value}" for name, value in policy.headers.items()]


def _run(arguments: Sequence[str], secrets: Sequence[str], seconds: float, ration: _Ration) -> bytes:
    """What the child wrote. What every user of the machine could read in the list of processes goes in by its input."""
    child = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env=environment(),
    )
    late = threading.Event()

    def end() -> None:
        late.set()
        kill_group(child.pid)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    errors = bytearray()
    reader = threading.Thread(target=_keep_end, args=(child.stderr, errors), daemon=True)
    reader.start()
    try:
        _say(child.stdin, secrets)
        answer = child.stdout.read(LARGEST_ANSWER + 1) if child.stdout else b""
        if len(answer) > LARGEST_ANSWER:
            raise TooLarge("yt-dlp lists too much behind the link.")
        code = child.wait()
    finally:
        timer.cancel()
        kill_group(child.pid)
        child.wait()
        reader.join(5)
    if late.is_set():
        raise TimedOut(f"yt-dlp took longer than {seconds:g} seconds.")
    if ration.is_used_up:
        raise TooLarge("The pages behind the link are too large.")
    if code:
        raise translated(errors.decode(errors="replace").splitlines())
    return answer


def _say(to: IO[bytes] | None, secrets: Sequence[str]) -> None:
    with suppress(BrokenPipeError):
        if to:
            with to:
                to.write(json.dumps(list(secrets)).encode())


def _keep_end(of: IO[bytes] | None, kept: bytearray) -> None:
    while of and (piece := of.read(4096)):
        kept += piece
        del kept[:-_KEPT_ERRORS]


def kill_group(pid: int) -> None:
    """Ends the child and what it started."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
