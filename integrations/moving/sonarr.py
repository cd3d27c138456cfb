"""Asks a Sonarr for its series, by its API v3 (https://sonarr.tv/docs/api/), with distrust of what it answers."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from aniworld.refusals import Invalid, NotReady
from integrations.moving.texts import MOST_LINES
from providers.exceptions import AddressRefused, Blocked, ProviderError
from providers.http import Client, Policy
from providers.http.transport import check_address

# Of all series in one answer; each takes some kilobytes.
LARGEST_ANSWER = 60 * 1024 * 1024
_SECONDS = 60.0
_LARGEST_ID = 2**31 - 1
_IMDB = re.compile(r"tt\d{1,12}", re.ASCII)
_KEY = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True, slots=True)
class Show:
    """A series there. `titles` are all that it goes by, its own first."""

    titles: tuple[str, ...]
    year: int | None
    tvdb_id: int | None
    tmdb_id: int | None
    imdb_id: str
    monitored: bool


def checked_place(address: str, key: str) -> str:
    """The address without what is always the same. Raises `Invalid`."""
    place = address.strip().rstrip("/").removesuffix("/api/v3").removesuffix("/api").rstrip("/")
    try:
        check_address(place)
    except ProviderError as error:
        raise Invalid(str(error), "invalid_address") from None
    if urlsplit(place).query or urlsplit(place).fragment or len(place) > 500:
        raise Invalid(_("The address of Sonarr has no query, such as http://192.168.1.5:8989."), "invalid_address")
    if not _KEY.fullmatch(key.strip()):
        raise Invalid(_("Enter Sonarr's API key, as its Settings → General show it."), "invalid_key")
    return place


def shows(place: str, key: str) -> list[Show]:
    """Every series. Raises `NotReady` with what went wrong and what helps."""
    # As a header of the policy: those go to no other origin that it redirects to.
    policy = Policy(
        timeout=_SECONDS,
        retries=2,
        headers={"X-Api-Key": key.strip()},
        allowed_private_hosts=frozenset(settings.ALLOWED_PRIVATE_HOSTS),
    )
    client = Client(policy)
    try:
        page = client.get(f"{place}/api/v3/series", headers={"Accept": "application/json"}, limit=LARGEST_ANSWER)
    except AddressRefused as error:
        raise NotReady(str(error), error.code) from None
    except Blocked:
        raise NotReady(_("Sonarr refuses the API key."), "key_refused") from None
    except ProviderError as error:
        raise NotReady(_("Sonarr could not be asked: %s") % error, error.code) from None
    finally:
        client.close()
    return _read(page.content)


def _read(content: bytes) -> list[Show]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list):
        raise NotReady(_("That is no Sonarr of version 3 or 4: it was expected to list its series."), "not_understood")
    if len(found) > MOST_LINES:
        raise NotReady(_("Sonarr has more than %d series.") % MOST_LINES, "too_many_lines")
    return [show for one in found if isinstance(one, dict) and (show := _show(one))]


def _show(one: dict[str, Any]) -> Show | None:
    others = one.get("alternateTitles")
    titles = [one.get("title")]
    titles += (
        [other.get("title") for other in others[:30] if isinstance(other, dict)] if isinstance(others, list) else []
    )
    lines = tuple(dict.fromkeys(line for title in titles if isinstance(title, str) and (line := _line(title))))
    if not lines:
        return None
    imdb = one.get("imdbId")
    year = _number(one.get("year"))
    return Show(
        titles=lines,
        year=year if year and 1800 < year < 3000 else None,
        tvdb_id=_number(one.get("tvdbId")),
        tmdb_id=_number(one.get("tmdbId")),
        imdb_id=imdb if isinstance(imdb, str) and _IMDB.fullmatch(imdb) else "",
        monitored=one.get("monitored") is not False,
    )


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _LARGEST_ID else None


def _line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:500]
