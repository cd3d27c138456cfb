"""What becomes by itself of an episode that is missing and that nobody has queued."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from downloads import rescans
from library.models import Episode, Timetable


@dataclass(frozen=True, slots=True)
class Prospect:
    """Why nobody has queued it, what happens next, and when, where that is known."""

    reason: str
    next_step: str
    next_at: datetime | None = None


def no_catalogue() -> str:
    """Why nothing can be downloaded of a series that only a scan has found."""
    return _("No catalogue is known for its series.")


def of_missing(episode: Episode) -> Prospect:
    """For an episode without a file and without a live item."""
    unqueued = _("Nobody has queued it.")
    if settled := _left_alone(episode):
        return settled
    if not episode.series.provider:
        return Prospect(no_catalogue(), _("An administrator names its catalogue under Findings."))
    if episode.found_at:
        return Prospect(_("It is new at the catalogue."), _("It is queued in a moment."))
    if not episode.series.monitored:
        return Prospect(unqueued, _("Nothing happens by itself: queue it, or have the series monitored."))
    if not {language.value for language in episode.series.wanted_languages()} & set(episode.languages):
        text = _("The catalogue does not have it in a language that is wanted.")
        return Prospect(
            text, _("It is queued by itself once the catalogue has it; or queue it in a language that there is.")
        )
    if rescans.queues_missing():
        timetable = Timetable.objects.filter(pk=rescans.NAME).first()
        return Prospect(
            unqueued, _("It is queued after the next scheduled rescan."), timetable.next_run if timetable else None
        )
    return Prospect(unqueued, _("Nothing happens by itself: queue it."))


def _left_alone(episode: Episode) -> Prospect | None:
    if episode.left_alone == Episode.LeftAlone.REMOVED:
        text = _("Somebody took it out of the queue.")
        return Prospect(text, _("Nothing queues it by itself any more: queue it when you want it after all."))
    if episode.left_alone == Episode.LeftAlone.FAILED:
        text = _("It failed after every source was tried.")
        return Prospect(text, _("It is queued by itself when another wanted language comes; or queue it."))
    return None
