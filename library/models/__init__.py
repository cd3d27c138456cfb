"""Series, their episodes, the files of those on disk, and each user's favourites."""

from library.models.episode import Episode, EpisodeFile
from library.models.favorite import Favorite
from library.models.finding import Finding, Found
from library.models.loading_state import PARTS, LoadingLost, LoadingState
from library.models.scan import Scan, ScanCancelled, ScanLost
from library.models.series import Series, SeriesQuerySet, checked_language_plan, default_language_plan

__all__ = [
    "PARTS",
    "Episode",
    "EpisodeFile",
    "Favorite",
    "Finding",
    "Found",
    "LoadingLost",
    "LoadingState",
    "Scan",
    "ScanCancelled",
    "ScanLost",
    "Series",
    "SeriesQuerySet",
    "checked_language_plan",
    "default_language_plan",
]
