"""Gathers what a person should know of, and takes back what does not hold any more."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from library.models import EpisodeFile, Finding, Found, Scan, Series
from library.scanner import judging
from library.scanner.shelf import Shelf, open_findings, unlisted
from library.scanner.walking import Video

log = logging.getLogger(__name__)

Kind = Finding.Kind
# Findings of one kind in one folder of the library; the log counts the rest.
MOST_IN_A_FOLDER = 200
# In bytes, what the indexes of all databases take.
LONGEST_PATH = 1000
_AT_ONCE = 400
# What is found again by every look at its folder, or does not hold any more.
_SEEN_AGAIN = (Kind.UNREADABLE, Kind.NOT_UNDERSTOOD, Kind.NO_VIDEO, Kind.UNKNOWN_FOLDER)


def storable(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Names that a database takes, and those whose bytes are no UTF-8, as they can be shown."""
    good, odd = [], []
    for name in names:
        if name.isascii() or _is_utf8(name):
            good.append(name)
        else:
            odd.append(name.encode(errors="surrogateescape").decode(errors="replace"))
    return good, odd


class Report:
    """The findings of one scan, written a few hundred at a time."""

    def __init__(self, scan: Scan) -> None:
        self.left_out = 0
        self._scan = scan
        self._waiting: list[Found] = []
        self._seen: set[tuple[str, str]] = set()
        self._per_folder: Counter[tuple[str, str]] = Counter()
        self._counts: Counter[str] = Counter()

    def add(self, found: Found) -> None:
        """One more."""
        self._counts[found.kind] += 1
        place = (found.kind, found.path.partition("/")[0])
        self._per_folder[place] += 1
        if self._per_folder[place] > MOST_IN_A_FOLDER:
            return
        if found.kind in _SEEN_AGAIN:
            self._seen.add((str(found.kind), found.path))
        self._waiting.append(found)
        if len(self._waiting) >= _AT_ONCE:
            self._write()

    def unreadable(self, places: dict[str, str]) -> None:
        """Folders or files that could not be read, with the system's reason."""
        for path, reason in places.items():
            shown = storable([path])
            text = _("It could not be read: %s. What is known of it was kept.") % reason
            self.add(Found(Kind.UNREADABLE, (shown[0] or shown[1])[0][:LONGEST_PATH], text))

    def odd_names(self, names: Iterable[str]) -> None:
        """Names that are no UTF-8."""
        for name in names:
            text = _("Its name is not written in UTF-8. Rename it.")
            self.add(Found(Kind.NOT_UNDERSTOOD, name[:LONGEST_PATH], text))

    def not_understood(self, videos: Iterable[Video], series_id: int | None) -> None:
        """Videos whose names do not tell an episode."""
        for video in videos:
            text = _("Its name does not tell which episode it is. Name it like “Title - S01E01”, a film like S00E01.")
            self.add(Found(Kind.NOT_UNDERSTOOD, video.path, text, series_id))

    def no_videos(
        self, refused: Iterable[tuple[Video, str]], series_id: int | None, *, has_catalogue: bool = False
    ) -> None:
        """Files that are no videos in spite of their names, each with the reason and what to do about it."""
        for video, reason in refused:
            text = f"{reason} {judging.advice(has_catalogue=has_catalogue)}"
            self.add(Found(Kind.NO_VIDEO, video.path, text, series_id))

    def storable_videos(self, videos: Iterable[Video]) -> list[Video]:
        """Those whose path a database takes; the others become findings."""
        good = []
        for video in videos:
            path = video.path
            if len(path) <= LONGEST_PATH and (path.isascii() or _is_storable(path)):
                good.append(video)
            elif odd := storable([path])[1]:
                self.odd_names(odd)
            else:
                shown = path.encode()[: LONGEST_PATH - 10].decode(errors="ignore")
                self.add(Found(Kind.NOT_UNDERSTOOD, shown, _("Its path is too long.")))
        return good

    def unlisted(self, series_ids: Collection[int]) -> None:
        """Files of episodes that the catalogue of their series does not list."""
        ids = list(series_ids)
        for start in range(0, len(ids), _AT_ONCE):
            for series_id, path, season, number in unlisted(ids[start : start + _AT_ONCE]):
                text = _("The catalogue lists no S%(season)02dE%(number)02d.") % {"season": season, "number": number}
                self.add(Found(Kind.UNKNOWN_EPISODE, path, text, series_id))

    def is_due(self) -> bool:
        """Whether files came by themselves since the last scan, so that there may be duplicates."""
        last = Scan.objects.filter(status=Scan.Status.COMPLETED).order_by("-id").first()
        newest = EpisodeFile.objects.order_by("-id").first()
        if newest is None:
            return False
        return last is None or last.started_at is None or newest.created_at >= last.started_at

    def duplicates(self) -> None:
        """Files of one episode in one language, over the whole library."""
        rows = EpisodeFile.objects.order_by().values("episode_id", "language").annotate(count=Count("pk"))
        found: dict[str, Found] = {}
        for row in rows.filter(count__gt=1).values_list("episode_id", "language", "count"):
            one = _duplicate(*row)
            found[one.path] = one
        gone = [path for path in open_findings(Kind.DUPLICATE) if path not in found]
        Finding.objects.resolve(gone, Kind.DUPLICATE)
        for one in found.values():
            self.add(one)

    def close(self, folders: Sequence[str], there: Collection[str], shelf: Shelf, *, is_whole: bool) -> None:
        """Writes the rest, and resolves what was not found again below these folders; `there` are those that exist."""
        self._write()
        looked_at = None if is_whole else set(folders)
        for kind in _SEEN_AGAIN:
            paths = [path for path in open_findings(kind) if (str(kind), path) not in self._seen]
            gone = [path for path in paths if looked_at is None or path.partition("/")[0] in looked_at]
            Finding.objects.resolve(gone, kind)
        self._resolve_listed()
        self._resolve_series(there, shelf, is_whole=is_whole)
        for (name, folder), count in self._per_folder.items():
            if count > MOST_IN_A_FOLDER:
                log.warning("%s: %d more of “%s”", folder, count - MOST_IN_A_FOLDER, Kind(name).label)

    def counts(self) -> dict[str, int]:
        """How many there are of what this scan could tell."""
        told = (
            Kind.NOT_UNDERSTOOD,
            Kind.NO_VIDEO,
            Kind.DUPLICATE,
            Kind.UNREADABLE,
            Kind.UNKNOWN_FOLDER,
            Kind.UNKNOWN_EPISODE,
        )
        waiting = Finding.objects.waiting().count()
        return {**{str(kind): self._counts[kind] for kind in told}, "findings": waiting}

    def _resolve_listed(self) -> None:
        known = open_findings(Kind.UNKNOWN_EPISODE)
        ids = list({series_id for series_id in known.values() if series_id})
        still = {row[1] for start in range(0, len(ids), _AT_ONCE) for row in unlisted(ids[start : start + _AT_ONCE])}
        Finding.objects.resolve([path for path in known if path not in still], Kind.UNKNOWN_EPISODE)

    def _resolve_series(self, there: Collection[str], shelf: Shelf, *, is_whole: bool) -> None:
        back = [path for path in open_findings(Kind.VANISHED_SERIES) if path in there or not shelf.owner(path)]
        Finding.objects.resolve(back if is_whole else [path for path in back if path in there], Kind.VANISHED_SERIES)
        settled = Finding.objects.open().filter(kind=Kind.UNMATCHED)
        paths = settled.exclude(series__provider="", series__deleted_at=None).values_list("path", flat=True)
        Finding.objects.resolve(list(paths), Kind.UNMATCHED)

    def _write(self) -> None:
        some, self._waiting = self._waiting, []
        if some:
            with transaction.atomic():
                self._scan.hold()
                # A series that was deleted for good meanwhile.
                there = set(Series.objects.filter(pk__in={one.series_id for one in some}).values_list("pk", flat=True))
                Finding.objects.write(one for one in some if one.series_id is None or one.series_id in there)


def _duplicate(episode_id: int, language: str, count: int) -> Found:
    files = EpisodeFile.objects.filter(episode_id=episode_id, language=language).select_related("episode")
    several = list(files.order_by("path")[:5])
    first = several[0]
    text = _("%(count)d files of %(code)s in %(language)s: %(paths)s") % {
        "count": count,
        "code": first.episode.code,
        "language": language or _("an unknown language"),
        "paths": " · ".join(file.path for file in several),
    }
    return Found(Kind.DUPLICATE, first.path, text, first.episode.series_id)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_storable(path: str) -> bool:
    return _is_utf8(path) and len(path.encode()) <= 2 * LONGEST_PATH
