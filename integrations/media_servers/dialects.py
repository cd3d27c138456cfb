"""How each kind of media server is asked who it is, and told that a folder changed.

Sources: Jellyfin's and Emby's API (`/Library/Media/Updated`), Plex's sections, Kodi's JSON-RPC.
"""

from __future__ import annotations

import base64
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from django.utils.translation import gettext as _

from integrations.outgoing import Answer, Outcome, Refusal, ask, judged

# Kodi's answer to a parameter that an older version does not know.
_WRONG_PARAMETERS = -32602


@dataclass(frozen=True)
class Server:
    """Where it is, and what opens it. `library` is our library folder as the server knows it."""

    address: str
    username: str
    secret: str
    library: str

    def __repr__(self) -> str:
        return f"Server({self.address!r})"


@dataclass(frozen=True)
class Changed:
    """`path` as the server knows it; `change` is created, modified or deleted. The whole library is `is_whole`."""

    path: str
    change: str
    is_whole: bool


class Dialect(ABC):
    """One kind of server. Every method raises `Refusal`."""

    def __init__(self, server: Server) -> None:
        self.server = server

    @abstractmethod
    def about(self) -> str:
        """Name and version of the server, once it has shown that it takes the key and knows the library."""

    @abstractmethod
    def tell(self, changed: Changed) -> None:
        """Has it look at the folder."""

    def request(
        self, method: str, path: str, headers: Mapping[str, str], body: Any = None, *, tolerated: tuple[int, ...] = ()
    ) -> Answer:
        """One request to an address of the server; `body` goes as JSON."""
        url = self.server.address + path
        typed = {"Content-Type": "application/json"} if body is not None else {}
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        answer = ask(method, url, headers={"Accept": "application/json", **typed, **headers}, body=content)
        outcome = judged(url, answer)
        if not outcome.ok and answer.status not in tolerated:
            raise Refusal(outcome)
        return answer


class MediaBrowser(Dialect, ABC):
    """What Jellyfin and Emby have in common."""

    @abstractmethod
    def headers(self) -> dict[str, str]:
        """What carries the key."""

    def about(self) -> str:
        """`/System/Info` is for administrators' keys only, which the calls need as well."""
        return _named(_read(self.request("GET", "/System/Info", self.headers())), "ServerName", "Version")

    def tell(self, changed: Changed) -> None:
        """The one folder; the whole library where the server does not know that call."""
        if not changed.is_whole:
            update = {"Path": changed.path, "UpdateType": changed.change.capitalize()}
            answer = self.request(
                "POST", "/Library/Media/Updated", self.headers(), {"Updates": [update]}, tolerated=(404, 405)
            )
            if answer.status < 300:
                return
        self.request("POST", "/Library/Refresh", self.headers())


class Jellyfin(MediaBrowser):
    """https://api.jellyfin.org"""

    def headers(self) -> dict[str, str]:
        """Newer versions take the key in this header alone."""
        return {"Authorization": f'MediaBrowser Token="{quote(self.server.secret)}"'}


class Emby(MediaBrowser):
    """https://dev.emby.media"""

    def headers(self) -> dict[str, str]:
        """Its own header."""
        return {"X-Emby-Token": self.server.secret}


class Plex(Dialect):
    """https://developer.plex.tv: a library ("section") has folders, and one path below them can be refreshed."""

    def about(self) -> str:
        """The libraries that our folder is in."""
        found = [str(section.get("title", "?")) for section in self._sections(self.server.library)]
        return ", ".join(found)

    def tell(self, changed: Changed) -> None:
        """Each library that holds the folder; all of it where the whole of ours is meant."""
        for section in self._sections(changed.path):
            path = "" if changed.is_whole else f"?{urlencode({'path': changed.path}, quote_via=quote)}"
            key = quote(str(section.get("key")), safe="")
            self.request("GET", f"/library/sections/{key}/refresh{path}", self._headers())

    def _headers(self) -> dict[str, str]:
        return {"X-Plex-Token": self.server.secret}

    def _sections(self, path: str) -> list[dict[str, Any]]:
        answer = _read(self.request("GET", "/library/sections", self._headers()))
        container = answer.get("MediaContainer")
        listed = container.get("Directory") if isinstance(container, dict) else None
        sections = [one for one in listed or [] if isinstance(one, dict)]
        found = [one for one in sections if any(_holds(folder, path) for folder in _folders(one))]
        if not found:
            folders = ", ".join(sorted({folder for one in sections for folder in _folders(one)})) or "–"
            told = {"path": path, "folders": folders[:200]}
            reason = (
                _("No library of Plex holds %(path)s. Its folders: %(folders)s. Correct the library folder.") % told
            )
            raise Refusal(Outcome(False, reason))
        return found


class Kodi(Dialect):
    """https://kodi.wiki/view/JSON-RPC_API"""

    def about(self) -> str:
        """Its version, which it tells to whoever may call it."""
        found = self._call("Application.GetProperties", {"properties": ["name", "version"]}).get("result")
        known = found if isinstance(found, dict) else {}
        version = known.get("version")
        major = version.get("major", "") if isinstance(version, dict) else ""
        return f"{known.get('name', 'Kodi')} {major}".strip()

    def tell(self, changed: Changed) -> None:
        """A scan; and what went is forgotten, which Kodi knows how to do for one folder since version 19."""
        folder = {} if changed.is_whole else {"directory": _with_end(changed.path)}
        self._call("VideoLibrary.Scan", {**folder, "showdialogs": False})
        if changed.change != "created" and folder:
            self._call("VideoLibrary.Clean", {**folder, "showdialogs": False}, tolerated=_WRONG_PARAMETERS)

    def _call(self, method: str, parameters: dict[str, Any], tolerated: int | None = None) -> dict[str, Any]:
        headers = {}
        if self.server.username or self.server.secret:
            pair = f"{self.server.username}:{self.server.secret}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        answer = _read(self.request("POST", "/jsonrpc", headers, call))
        error = answer.get("error")
        if error and not (isinstance(error, dict) and error.get("code") == tolerated):
            said = error.get("message") if isinstance(error, dict) else error
            raise Refusal(Outcome(False, _("Kodi refuses it: %s") % str(said)[:200]))
        return answer


DIALECTS: dict[str, type[Dialect]] = {"jellyfin": Jellyfin, "emby": Emby, "plex": Plex, "kodi": Kodi}


def _read(answer: Answer) -> dict[str, Any]:
    """The JSON object that was answered. Raises `Refusal`."""
    try:
        found = json.loads(answer.content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        text = _("It answered with something else than such a server does. Is the address right, and the kind?")
        raise Refusal(Outcome(False, text, answer.status))
    return found


def _named(found: Mapping[str, Any], *names: str) -> str:
    return " ".join(str(found[name])[:100] for name in names if found.get(name)) or "?"


def _folders(section: Mapping[str, Any]) -> Iterator[str]:
    places = section.get("Location")
    for place in places if isinstance(places, list) else []:
        if isinstance(place, dict) and place.get("path"):
            yield str(place["path"])


def _holds(folder: str, path: str) -> bool:
    """Whether `path` is `folder` or lies in it, or the other way round for a library with several."""
    one, other = (_with_end(each).replace("\\", "/").casefold() for each in (folder, path))
    return other.startswith(one) or one.startswith(other)


def _with_end(path: str) -> str:
    separator = "\\" if "\\" in path and "/" not in path else "/"
    return path if path.endswith(("/", "\\")) else path + separator
