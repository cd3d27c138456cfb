"""A tree of files that is not the library: which of them would become which episodes, and under which names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from aniworld.refusals import Invalid, NotReady
from integrations.moving.texts import MOST_LINES
from library import naming
from library.metadata import matching
from library.models import Episode, Series
from library.models.series import free_folder
from library.name_parser import is_part_of_series
from library.root import configured_root
from library.scanner import shelf
from library.scanner.judging import fault_of
from library.scanner.understanding import FolderName, Placed, holds_several_series, number_of, place, read_folder
from library.scanner.walking import Video, top_level, walk

# What belongs to a video of the same stem, and goes with it.
COMPANIONS = (".srt", ".ass", ".ssa", ".vtt", ".sub", ".idx", ".sup")


@dataclass(frozen=True, slots=True)
class Planned:
    """A file of the tree. `state` and `reason` are those of its line; `facts` say what the move needs."""

    text: str
    state: str = "matched"
    reason: str = ""
    target: str = ""
    series_key: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


def checked_root(text: str) -> Path:
    """The folder that is named. Raises `Invalid` for one that is no foreign folder."""
    root = Path(text.strip())
    if not root.is_absolute() or "\0" in text or not text.isprintable():
        raise Invalid(_("Name the folder by its absolute path, such as /mnt/old/series."), "invalid_folder")
    try:
        whole = root.resolve(strict=True)
        is_folder = whole.is_dir()
        next(whole.iterdir(), None)
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        text = _("The folder “%(folder)s” can't be read: %(reason)s.")
        raise Invalid(text % {"folder": root, "reason": reason}, "invalid_folder") from None
    if not is_folder:
        raise Invalid(_("“%s” is no folder.") % root, "invalid_folder")
    for own in (configured_root(), settings.DATA_DIR):
        taken = Path(own).resolve()
        if whole.is_relative_to(taken) or taken.is_relative_to(whole):
            text = _(
                "“%(folder)s” and %(taken)s lie in one another: what is in the library already is found by a scan."
            )
            raise Invalid(text % {"folder": root, "taken": taken}, "invalid_folder")
    return whole


class Plan:
    """Reads the tree, folder by folder. `language` is what a file that names none is in; `look` is called often."""

    def __init__(self, root: Path, language: str, look: Callable[[], None]) -> None:
        self._root, self._language, self._look = root, language, look
        self._known = _KnownSeries()
        self._targets: set[str] = set()
        self._count = 0

    def lines(self) -> Iterator[Planned]:
        """Every video of the tree, in the order of its path. Raises `NotReady` when there are too many."""
        try:
            folders, loose = top_level(self._root)
        except OSError as error:
            raise NotReady(_("The folder can't be read: %s.") % (error.strerror or error), "invalid_folder") from None
        if (loose or folders) and all(is_part_of_series(folder) for folder in folders):
            yield from self._series(self._root.parent, self._root.name)
            return
        for folder in sorted(folders):
            yield from self._series(self._root, folder)
        for name in sorted(loose):
            yield self._counted(Planned(_shown(name), "wrong", _("It lies in no series' folder.")))

    def _series(self, base: Path, folder: str) -> Iterator[Planned]:
        walked = walk(base, folder, self._look)
        for unreadable, reason in walked.unreadable.items():
            yield self._counted(Planned(_shown(unreadable), "wrong", _("It can't be read: %s.") % reason))
        name = read_folder(folder)
        series = self._known.of(folder, name)
        seasons = shelf.seasons_of([series.pk]).get(series.pk, {}) if series.pk else {}
        found = [(video, place(video, folder, [series.name], seasons)) for video in sorted(walked.videos)]
        if holds_several_series(folder, [placed for _video, placed in found if placed]):
            text = _("The folder seems to hold several series. Import each of them by itself.")
            yield self._counted(Planned(_shown(folder), "wrong", text))
            return
        episodes = _episodes_of(series)
        for video, placed in found:
            yield self._counted(self._file(base, series, video, placed, episodes))

    def _counted(self, planned: Planned) -> Planned:
        self._count += 1
        if self._count > MOST_LINES:
            raise NotReady(
                _("The tree holds more than %d videos. Import it folder by folder.") % MOST_LINES, "too_many"
            )
        return planned

    def _file(
        self,
        base: Path,
        series: Series,
        video: Video,
        placed: Placed | None,
        episodes: Mapping[tuple[int, int], Episode],
    ) -> Planned:
        text = _shown(video.path)
        if text != video.path:
            return Planned(text, "wrong", _("Its name holds characters that no database takes. Rename it first."))
        if (base / video.path).is_symlink():
            return Planned(text, "wrong", _("It is a link to another place."))
        if placed is None:
            return Planned(text, "unmatched", _("Its name does not say which episode it is."))
        fault = fault_of(base, video)
        if fault:
            return Planned(text, "wrong", fault)
        episode = episodes.get((placed.season, placed.number)) or Episode(season=placed.season, number=placed.number)
        language, last = placed.language or self._language, placed.last if placed.last > placed.number else None
        suffix = PurePosixPath(video.path).suffix
        wanted = str(naming.episode_path(series, episode, language, suffix, last=last))
        return self._placed(base, series, video, wanted, f"{episode.code} · {language}")

    def _placed(self, base: Path, series: Series, video: Video, wanted: str, code: str) -> Planned:
        facts = {
            "base": str(base), "path": video.path, "size": video.size, "mtime": video.mtime, "code": code,
            "series": series.name, "is_new": series._state.adding,
        }  # fmt: skip
        key = series.key
        if wanted.casefold() in self._targets:
            reason = _("Another file of the tree gets this name.")
            return Planned(video.path, "duplicate", reason, wanted, key, facts)
        self._targets.add(wanted.casefold())
        if (configured_root() / wanted).exists():
            return Planned(
                video.path, "there", _("A file of this name is in the library. It stays."), wanted, key, facts
            )
        return Planned(video.path, "matched", "", wanted, key, facts)


class _KnownSeries:
    """Finds the series of the library that a folder is, or makes up one that would be new."""

    def __init__(self) -> None:
        live = list(Series.objects.live())
        self._by_folder = {series.folder.casefold(): series for series in live}
        self._by_id: dict[tuple[str, str], Series] = {}
        self._by_name: dict[str, list[Series]] = {}
        for series in live:
            for site in ("tmdb", "tvdb", "imdb"):
                if value := getattr(series, f"{site}_id"):
                    self._by_id[site, str(value)] = series
            for title in {matching.plain(text) for text in (series.name, *_texts(series.alternative_titles))}:
                self._by_name.setdefault(title, []).append(series)
        self._new: dict[str, Series] = {}

    def of(self, folder: str, name: FolderName) -> Series:
        """By the ids in the folder's name, its own name, or title and year."""
        found = next((self._by_id[one] for one in name.ids.items() if one in self._by_id), None)
        return found or self._by_folder.get(folder.casefold()) or self._by_title(name) or self._made_up(name)

    def _by_title(self, name: FolderName) -> Series | None:
        titled = self._by_name.get(matching.plain(name.name), [])
        fitting = [series for series in titled if not name.year or not series.year or series.year == name.year]
        return fitting[0] if len(fitting) == 1 else None

    def _made_up(self, name: FolderName) -> Series:
        folder = naming.series_folder(name.name, name.year)
        if folder.casefold() not in self._new:
            ids = {"tmdb_id": number_of(name.ids, "tmdb"), "tvdb_id": number_of(name.ids, "tvdb")}
            made = Series(name=name.name, year=name.year, folder=free_folder(folder), **ids)
            self._new[folder.casefold()] = made
        return self._new[folder.casefold()]


def companions(video: Path) -> list[Path]:
    """Subtitles that belong to a video: the same stem, perhaps with the name of a language behind it."""
    try:
        names = sorted(one for one in video.parent.iterdir() if one.suffix.lower() in COMPANIONS)
    except OSError:
        return []
    plain = [one for one in names if one.is_file() and not one.is_symlink()]
    return [one for one in plain if one.name.startswith(f"{video.stem}.")][:20]


def _episodes_of(series: Series) -> dict[tuple[int, int], Episode]:
    if series._state.adding:
        return {}
    return {(one.season, one.number): one for one in Episode.objects.filter(series=series)}


def _texts(values: Any) -> Sequence[str]:
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else ()


def _shown(path: str) -> str:
    """As it can be written down."""
    return path.encode("utf-8", "replace").decode("utf-8", "replace").replace("\0", "?")[:1000]
