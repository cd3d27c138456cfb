"""Puts series into the library whose folders were there before this program knew of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from aniworld.live import publish as live
from library.catalog import RESERVED_KEYS
from library.models import Finding, Found, Scan, Series
from library.scanner import applying, bulk
from library.scanner.understanding import FolderName, Placed, number_of, read_folder

# Series in one transaction.
AT_ONCE = 200
# Each addition is told of, up to so many in a scan; the end of the scan makes everybody look anyway.
MOST_TOLD = 50
_LONGEST_KEY = 160
_NAMES = (
    *("key", "name", "folder", "year", "tmdb_id", "tvdb_id", "imdb_id", "monitored", "loading_status"),
    *("episodes_loaded", "total_episodes", "loading_completed_at"),
)


class Adoption(NamedTuple):
    """An unknown folder with the files in it that are understood; `missed` should be episodes but are no videos."""

    folder: str
    placed: Sequence[Placed]
    missed: Sequence[Placed] = ()


class Adopter:
    """Gathers folders and makes series of them, many at a time."""

    def __init__(self, scan: Scan) -> None:
        self.count = 0
        self._scan = scan
        self._waiting: list[Adoption] = []
        # In lower case, as some databases compare them.
        self._keys = set(Series.objects.values_list("key", flat=True))

    def put(self, adoption: Adoption) -> None:
        """One more; written when there are enough."""
        self._waiting.append(adoption)
        if len(self._waiting) >= AT_ONCE:
            self.write()

    def write(self) -> None:
        """Writes what was gathered, in one transaction."""
        several, self._waiting = self._waiting, []
        if not several:
            return
        made = {self._free_key(name := read_folder(one.folder)): (one, name) for one in several}
        with transaction.atomic():
            self._scan.hold()
            ids = _insert(made)
            applying.write_files({ids[key]: one.placed for key, (one, _name) in made.items() if key in ids})
            applying.write_missed({ids[key]: one.missed for key, (one, _name) in made.items() if key in ids})
            Finding.objects.write(
                Found(Finding.Kind.UNMATCHED, one.folder, "", ids[key])
                for key, (one, _name) in made.items()
                if key in ids
            )
            self._tell(ids)
        self.count += len(ids)

    def _tell(self, ids: Mapping[str, int]) -> None:
        if self.count + len(ids) <= MOST_TOLD:
            for series in Series.objects.filter(pk__in=ids.values()):
                live.publish("series_added", series.added_event())

    def _free_key(self, name: FolderName) -> str:
        """From the name; with the year where that is taken, and a number where that is, too."""
        plain = slugify(name.name, allow_unicode=True)[:_LONGEST_KEY] or "series"
        key, number = plain, 1
        if (key in self._keys or key in RESERVED_KEYS) and name.year:
            key = plain = f"{plain}-{name.year}"
        while key in self._keys or key in RESERVED_KEYS:
            number += 1
            key = f"{plain}-{number}"
        self._keys.add(key)
        return key


def _insert(made: Mapping[str, tuple[Adoption, FolderName]]) -> dict[str, int]:
    """The rows of the series; answers their ids by key. A folder or key that somebody took meanwhile is left out."""
    now = bulk.prepared(Series, "loading_completed_at")(timezone.now())
    bulk.insert(Series, _NAMES, (_row(key, one, name, now) for key, (one, name) in made.items()))
    rows = Series.objects.filter(key__in=list(made)).values_list("key", "id", "folder", "provider")
    return {key: id_ for key, id_, folder, provider in rows if folder == made[key][0].folder and not provider}


def _row(key: str, adoption: Adoption, name: FolderName, now: Any) -> tuple[Any, ...]:
    episodes = applying.places_of([*adoption.placed, *adoption.missed])
    return (
        *(key, name.name, adoption.folder, name.year, number_of(name.ids, "tmdb"), number_of(name.ids, "tvdb")),
        *(name.ids.get("imdb", "")[:20], False, str(Series.Loading.COMPLETED), True, len(episodes), now),
    )
