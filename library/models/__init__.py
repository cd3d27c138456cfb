"""Series, their episodes, the files of those on disk, and each user's favourites."""

from library.models.announced_episode import AnnouncedEpisode
from library.models.calendar_feed import CalendarFeed
from library.models.episode import Episode, EpisodeFile
from library.models.favorite import Favorite
from library.models.finding import Finding, Found
from library.models.loading_state import PARTS, LoadingLost, LoadingState
from library.models.monitoring_state import MonitoringLost
from library.models.scan import Scan, ScanCancelled, ScanLost
from library.models.series import Series, SeriesQuerySet, checked_language_plan, default_language_plan
from library.models.timetable import Timetable

__all__ = [
    "PARTS",
    "AnnouncedEpisode",
    "CalendarFeed",
    "Episode",
    "EpisodeFile",
    "Favorite",
    "Finding",
    "Found",
    "LoadingLost",
    "LoadingState",
    "MonitoringLost",
    "Scan",
    "ScanCancelled",
    "ScanLost",
    "Series",
    "SeriesQuerySet",
    "Timetable",
    "checked_language_plan",
    "default_language_plan",
]
