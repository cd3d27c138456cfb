"""The folder of a series as far as its year decides it: provisional until that is known."""

from __future__ import annotations

from typing import Any

from library import naming
from library.models import EpisodeFile, Series
from library.models.series import free_folder


def final_folder(series: Series, name: str, year: int | None) -> dict[str, Any]:
    """What becomes of a provisional folder now that name and year are known as far as they are.

    Another one only while no file of an episode lies in it; where some do, `wanted_folder` is what renaming offers.
    """
    if not series.folder_provisional or EpisodeFile.objects.filter(episode__series=series).exists():
        return {}
    folder = free_folder(naming.series_folder(name, year), except_for=series)
    return {"folder": folder, "folder_provisional": year is None}


def wanted_folder(series: Series) -> str:
    """Where its files should lie: in its folder, or in one with the year when that came after the first file."""
    if not series.folder_provisional or series.year is None:
        return series.folder
    return free_folder(naming.series_folder(series.name, series.year), except_for=series)
