"""The library in the admin. Every action calls the same verbs as the API."""

from library.admin.calendar import AnnouncedEpisodeAdmin, CalendarFeedAdmin
from library.admin.episodes import EpisodeAdmin, EpisodeFileAdmin
from library.admin.favorites import FavoriteAdmin
from library.admin.series import SeriesAdmin
from library.admin.timetables import TimetableAdmin
from library.scanner.admin import FindingAdmin, ScanAdmin

__all__ = [
    "AnnouncedEpisodeAdmin",
    "CalendarFeedAdmin",
    "EpisodeAdmin",
    "EpisodeFileAdmin",
    "FavoriteAdmin",
    "FindingAdmin",
    "ScanAdmin",
    "SeriesAdmin",
    "TimetableAdmin",
]
