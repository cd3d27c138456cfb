"""Has messages sent by a child process, all at once and within a time limit, and says what came of each."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from aniworld.alerts import schemes

logger = logging.getLogger(__name__)

# A target that has not answered by then is given up, in seconds. It includes the start of the child.
TIME_LIMIT = 20.0
_CHILD = Path(__file__).with_name("sending_child.py")
# What the child needs of our environment; the rest holds passwords and proxies that are not its concern.
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "SYSTEMROOT")
# What another try would not change.
_FINAL = ("scheme", "unknown", "private")
_SILENT = {"result": "silent", "status": 0}
_BROKEN = {"result": "broken", "status": 0}
# Nothing listens there, and a check asks nobody.
_NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True)
class Message:
    """What goes to one address. The address is a secret, so it is never part of a text."""

    address: str
    title: str = ""
    body: str = ""

    def __repr__(self) -> str:
        return f"Message({self.title!r})"


@dataclass(frozen=True)
class Outcome:
    """What came of a message. `reason` is a sentence for a person; `is_final` says that another try would not help."""

    ok: bool
    reason: str = ""
    is_final: bool = False


def send(messages: Sequence[Message]) -> list[Outcome]:
    """Sends each to its address through the filtering proxy; takes `TIME_LIMIT` seconds at most. Raises nothing."""
    way_out: AbstractContextManager[str] = import_string(settings.ALERTS_PROXY)()
    try:
        with way_out as proxy:
            return _in_child(messages, proxy, only_check=False)
    except OSError:
        logger.exception("No process that sends could be started")
        return [_outcome(_BROKEN, message) for message in messages]


def check(addresses: Sequence[str]) -> list[str]:
    """Why nothing could be sent to each address, as a sentence without it; "" for a good one. Asks no target."""
    # A service's own address (https://…) is one, too, when a plug-in knows it: only the child can tell.
    known = {*schemes.HTTP, "http", "https"}
    refused = {
        address: _in_words("scheme", 0, _scheme(address)) for address in addresses if _scheme(address) not in known
    }
    asked = [address for address in addresses if address not in refused]
    outcomes = _in_child([Message(address) for address in asked], _NOWHERE, only_check=True) if asked else []
    said = refused | {address: outcome.reason for address, outcome in zip(asked, outcomes, strict=True)}
    return [said[address] for address in addresses]


def _scheme(address: str) -> str:
    with suppress(ValueError):
        return urlsplit(address.strip()).scheme.lower()
    return ""


def _in_child(messages: Sequence[Message], proxy: str, *, only_check: bool) -> list[Outcome]:
    job = {
        "proxy": proxy,
        "schemes": sorted(schemes.HTTP),
        "only_check": only_check,
        "messages": [asdict(message) for message in messages],
    }
    text, is_cut_off = _run(json.dumps(job))
    found = dict(_understood(line) for line in text.splitlines())
    missing = _SILENT if is_cut_off else _BROKEN
    return [_outcome(found.get(number, missing), message) for number, message in enumerate(messages)]


def _run(job: str) -> tuple[str, bool]:
    """What the child wrote, and whether its time was up. The secrets go in by standard input."""
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    child = subprocess.Popen(
        # By its path, which stays off the module path: the package around it needs Django, and the child does not.
        [sys.executable, "-P", str(_CHILD)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        # No password of this user's ~/.netrc goes to a target of the same name.
        env={**environment, "NETRC": os.devnull},
    )
    try:
        return child.communicate(job, timeout=TIME_LIMIT)[0], False
    except subprocess.TimeoutExpired:
        _kill(child)
        return child.communicate()[0], True
    finally:
        _kill(child)
        child.wait()


def _kill(child: subprocess.Popen[str]) -> None:
    if child.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


def _understood(line: str) -> tuple[int, dict[str, Any]]:
    """A line of the child; half of one, written while it was killed, belongs to nobody."""
    try:
        found: dict[str, Any] = json.loads(line)
        return int(found["number"]), found
    except (ValueError, KeyError, TypeError):
        return -1, {}


def _outcome(found: dict[str, Any], message: Message) -> Outcome:
    result = str(found["result"])
    if result == "ok":
        return Outcome(ok=True)
    reason = _in_words(result, int(found["status"]), _scheme(message.address))
    return Outcome(ok=False, reason=reason, is_final=result in _FINAL)


def _in_words(result: str, status: int, scheme: str) -> str:
    if not scheme:
        return _("An address begins with its service, such as ntfys://ntfy.sh/my-topic.")
    known = {
        "scheme": _(
            "Only services that speak HTTP can be told, such as ntfy, Discord or Telegram; “%s” is not one of them."
        )
        % scheme[:20],
        "unknown": _("Apprise does not understand the address. Its documentation says how one of this service looks."),
        "private": _("It is in a private network. Name its host in ALLOWED_PRIVATE_HOSTS if it may be reached."),
        "certificate": _("Its certificate is not valid."),
        "silent": _("It did not answer in time."),
        "broken": _("The program that sends messages does not run. Is everything of requirements.txt installed?"),
        "unreached": _("There was no connection to it."),
    }
    if result in known:
        return known[result]
    return _("It answered with HTTP status %d.") % status if status else _("It did not take the message.")
