"""Sends messages by Apprise, in a process of its own that reaches nothing but the proxy it is told of.

Apprise and its many plug-ins stay out of the long-running processes, and one that hangs is killed with this one.
Nothing of the project is imported: the package around this file needs Django, and the child does not.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests
from apprise import Apprise, AppriseAsset
from apprise.common import NotifyFormat, OverflowMode
from apprise.conversion import convert_between

_PR_SET_PDEATHSIG = 1
# What a plug-in could leave this process by, beside connections and files, which are judged one by one.
_FORBIDDEN = (
    *("subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "pty.", "ctypes.dlopen"),
    *("socket.bind", "socket.sendto", "socket.sendmsg"),
)
_OF_PYTHON = (f"{sys.prefix}{os.sep}", f"{sys.base_prefix}{os.sep}")
# How the proxy answers for a target that it does not let be reached, or can't reach itself.
_OF_THE_PROXY = {(403, "Private network"): "private", (502, "Not reached"): "unreached"}
_last = threading.local()


def main() -> None:
    """One JSON line for each message, as soon as it is known: its number, what came of it, and the HTTP status."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    job = json.load(sys.stdin)
    # Plug-ins make their own requests, and all of them look here for a proxy.
    os.environ.update(HTTP_PROXY=job["proxy"], HTTPS_PROXY=job["proxy"])
    _confine(job["proxy"])
    requests.Session.send = _watched(requests.Session.send)  # type: ignore[method-assign]  # their sessions are theirs
    work = [threading.Thread(target=_handle, args=(job, number)) for number in range(len(job["messages"]))]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()


def _confine(proxy: str) -> None:
    """Whatever a plug-in tries (another way out, a program, a file of the machine) is refused by the interpreter."""
    place = urlsplit(proxy)
    judged: dict[str, Callable[[Any], bool]] = {
        "socket.connect": lambda arguments: tuple(arguments[1][:2]) == (place.hostname, place.port),
        "socket.getaddrinfo": lambda arguments: arguments[0] == place.hostname,
        "socket.gethostbyname": lambda arguments: arguments[0] == place.hostname,
        "open": lambda arguments: _is_of_python(*arguments),
    }

    def refuse(event: str, arguments: Any) -> None:
        if event.startswith(_FORBIDDEN) or (event in judged and not judged[event](arguments)):
            raise PermissionError(event)

    sys.addaudithook(refuse)


def _is_of_python(path: Any, _mode: object, flags: int) -> bool:
    """Whether a file that is opened belongs to Python or a package, and is only read."""
    if isinstance(path, int):
        return True
    place = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - pathlib would be imported while a file is opened
    return place.startswith(_OF_PYTHON) and not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)


def _handle(job: dict[str, Any], number: int) -> None:
    message = job["messages"][number]
    _last.result, _last.status = "rejected", 0
    asset = AppriseAsset(allow_templates=False)
    plugin = Apprise.instantiate(message["address"], asset=asset)
    if plugin is None:
        _last.result = "unknown"
    elif not _schemes(plugin) & set(job["schemes"]):
        _last.result = "scheme"
    elif job["only_check"] or _notify(plugin, message):
        _last.result = "ok"
    line = {"number": number, "result": _last.result, "status": _last.status}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _schemes(plugin: Any) -> set[str]:
    found: set[str] = set()
    for one in (plugin.protocol, plugin.secure_protocol):
        found |= {one} if isinstance(one, str) else set(one or ())
    return found


def _notify(plugin: Any, message: dict[str, str]) -> bool:
    plugin.overflow_mode = OverflowMode.TRUNCATE
    try:
        shown = plugin.resolve_format(NotifyFormat.TEXT)
        body = _as_text(message["body"], shown)
        title = _as_text(message["title"], shown) if plugin.title_maxlen <= 0 else message["title"]
        return bool(plugin.notify(title=title, body=body, body_format=shown))
    except Exception:  # a plug-in's own slip, which nobody else's message may suffer from
        return False


def _as_text(text: str, shown: Any) -> str:
    """`text` for a service that shows HTML or Markdown: what a provider named must stay text there, too."""
    return str(convert_between(NotifyFormat.TEXT, shown, content=text))  # type: ignore[no-untyped-call]  # published without types


def _watched(send: Callable[..., requests.Response]) -> Callable[..., requests.Response]:
    """Keeps what came of the last request: Apprise itself only says that it failed, and its log holds addresses."""

    def watched(session: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        try:
            response = send(session, request, **options)
        except requests.RequestException as error:
            _last.result, _last.status = _why(error), 0
            raise
        own = _OF_THE_PROXY.get((response.status_code, response.reason), "rejected")
        _last.result, _last.status = own, response.status_code
        return response

    return watched


def _why(error: requests.RequestException) -> str:
    if isinstance(error, requests.exceptions.ProxyError) and "Private network" in str(error):
        return "private"
    if isinstance(error, requests.exceptions.SSLError):
        return "certificate"
    return "silent" if isinstance(error, requests.Timeout) else "unreached"


if __name__ == "__main__":
    main()
