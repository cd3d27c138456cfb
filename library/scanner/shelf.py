"""Which series a folder of the library belongs to."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Count, Q

from library.models import Episode, EpisodeFile, Finding, Series
from library.naming import series_folder
from library.scanner.understanding import read_folder


@dataclass(slots=True)
class Owner:
    """A series as a scan needs it."""

    id: int
    key: str
    folder: str
    provider: str


class Shelf:
    """The series of the library by their folders; read once, since a scan looks up each folder."""

    def __init__(self) -> None:
        self._exact: dict[str, Owner] = {}
        self._folded: dict[str, Owner] = {}
        # Those removed softly: what lies there waits for them to be restored.
        self._removed: set[str] = set()
        rows = Series.objects.order_by("id").values_list("id", "key", "folder", "provider", "deleted_at")
        for id_, key, folder, provider, deleted_at in rows.iterator(2000):
            if deleted_at is None:
                self.put(Owner(id_, key, folder, provider))
            else:
                self._removed.add(_folded(folder))
        self._removed -= self._folded.keys()

    def put(self, owner: Owner) -> None:
        """One more series."""
        self._exact[owner.folder] = owner
        self._folded[_folded(owner.folder)] = owner

    def follow(self, owner: Owner, folder: str) -> None:
        """Its folder has another name now."""
        self._exact.pop(owner.folder, None)
        self._folded.pop(_folded(owner.folder), None)
        owner.folder = folder
        self.put(owner)

    def owner(self, folder: str) -> Owner | None:
        """Whose folder it is; upper and lower case, and forms of Unicode, are alike to some file systems."""
        return self._exact.get(folder) or self._folded.get(_folded(folder))

    @property
    def has_removed(self) -> bool:
        """Whether any series is removed."""
        return bool(self._removed)

    def is_removed(self, folder: str) -> bool:
        """Whether it belongs to a removed series only."""
        return self.has_removed and _folded(folder) in self._removed


def titles_of(ids: Iterable[int]) -> dict[int, list[str]]:
    """What each of these series is called."""
    rows = Series.objects.filter(pk__in=list(ids)).values_list("id", "name", "folder", "alternative_titles")
    return {
        id_: [name, read_folder(folder).name, folder, series_folder(name, None), *_texts(others)]
        for id_, name, folder, others in rows
    }


def seasons_of(ids: Iterable[int]) -> dict[int, dict[int, int]]:
    """How many episodes each of these series has, by season."""
    found: dict[int, dict[int, int]] = {}
    rows = Episode.objects.filter(series_id__in=list(ids)).order_by().values_list("series_id", "season")
    for series_id, season, count in rows.annotate(count=Count("pk")):
        found.setdefault(series_id, {})[season] = count
    return found


def films_of(ids: Iterable[int]) -> dict[int, dict[int, int]]:
    """Of each of these series the catalogue's number of a film by the number that its file is named with."""
    found: dict[int, dict[int, int]] = {}
    rows = Episode.objects.filter(series_id__in=list(ids), season=0, special_number__isnull=False).order_by()
    for series_id, named, number in rows.values_list("series_id", "special_number", "number"):
        found.setdefault(series_id, {})[named or 0] = number
    return found


def owner_by_files(folder: str) -> int | None:
    """The series that has files in a folder which is nobody's own: where it was kept before."""
    rows = EpisodeFile.objects.filter(path__startswith=f"{folder}/", episode__series__deleted_at=None)
    return rows.order_by("id").values_list("episode__series_id", flat=True).first()


def unlisted(ids: Iterable[int]) -> list[tuple[int, str, int, int]]:
    """(series, path, season, number) of files whose episode no catalogue lists, of series that have a catalogue."""
    rows = EpisodeFile.objects.filter(
        Q(episode__series_id__in=list(ids), episode__link="", episode__languages={}),
        episode__series__episodes_loaded=True,
    ).exclude(episode__series__provider="")
    return list(rows.values_list("episode__series_id", "path", "episode__season", "episode__number"))


def open_findings(kind: str) -> Mapping[str, int | None]:
    """The series of each open finding of a kind, by its path."""
    return dict(Finding.objects.open().filter(kind=kind).values_list("path", "series_id"))


def _folded(folder: str) -> str:
    return folder if folder.isascii() and folder.islower() else unicodedata.normalize("NFC", folder).casefold()


def _texts(values: object) -> list[str]:
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []
