"""What templates make of episodes that show where names go wrong: a long title, a special, characters no disk takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from django.utils.translation import gettext_lazy as _

from aniworld.refusals import Invalid
from library import naming
from library.models import Episode, Series
from providers.contracts import Language

_LONG = "A Title That Goes On and On " * 12


@dataclass(frozen=True, slots=True)
class Example:
    """One episode, what is odd about it, and the path that it would get; `problem` says why it gets none."""

    words: str
    path: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Sample:
    words: object
    name: str
    year: int | None
    season: int
    number: int
    title: str
    language: Language


_SAMPLES = (
    _Sample(_("An episode"), "Silver Thread", 2021, 1, 5, "The Second Key", Language.GERMAN_DUB),
    _Sample(_("A special"), "Silver Thread", 2021, 0, 2, "The Film", Language.GERMAN_SUB),
    _Sample(_("Without a year and a title"), "Nine Tides", None, 12, 108, "", Language.ENGLISH_DUB),
    _Sample(_("Characters that no disk takes"), 'What/If: "Who?"', 2019, 1, 1, "Yes | No <or> *", Language.ENGLISH_SUB),
    _Sample(
        _("A very long title"), "The Chronicle of " + _LONG.strip(), 2020, 3, 7, _LONG.strip(), Language.GERMAN_DUB
    ),
)


def examples(file_template: str, folder_template: str, *, season_folders: bool) -> list[Example]:
    """A path for each sample by these templates. Raises `Invalid` for a template that no path can be made with."""
    naming.folder_pieces(folder_template)
    naming.file_pieces(file_template, season_folders=season_folders)
    return [_example(sample, file_template, folder_template, season_folders) for sample in _SAMPLES]


def _example(sample: _Sample, file_template: str, folder_template: str, season_folders: bool) -> Example:
    series = Series(name=sample.name, year=sample.year)
    episode = Episode(series=series, season=sample.season, number=sample.number, title=sample.title)
    try:
        series.folder = naming.series_folder(sample.name, sample.year, folder_template)
        path = naming.episode_path(
            series, episode, str(sample.language), template=file_template, season_folders=season_folders
        )
    except Invalid as refusal:
        return Example(str(sample.words), "", str(refusal))
    return Example(str(sample.words), str(PurePosixPath(path)))
