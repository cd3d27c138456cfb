"""What a changed setting must obey beyond its type. Apps above add rules of their own when they are ready.

Only what changes is looked at: a disk that is gone today must not keep anybody from changing something else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from croniter import CroniterError, croniter
from django.utils import timezone
from django.utils.translation import gettext as _

from aniworld.configuration.sections import Downloads, Integrations, Metadata, Notifications, Scheduler, Settings
from aniworld.refusals import Refused

_LANGUAGE_CODE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")
_TARGET_KEYS = {"label", "address"}
_MOST_TARGETS = 20
_LONGEST_LABEL = 100


@dataclass(frozen=True)
class Rule:
    """`check` gets the section with its new values and raises ValueError or `Refused` with a sentence.

    It is asked when one of `keys` changes; what it says stands at the first of them. `prepare` gets the section as
    well, once the whole change is judged right and before it is in force; it may refuse in the same way.
    """

    section: str
    keys: tuple[str, ...]
    check: Callable[[Any], object]
    prepare: Callable[[Any], object] | None = None


_rules: dict[tuple[str, str], Rule] = {}


def add(rule: Rule) -> None:
    """Has every change obey `rule`, in place of an earlier one for the same setting."""
    _rules[rule.section, rule.keys[0]] = rule


def broken(before: Settings, after: Settings) -> Iterator[tuple[tuple[str, str], str]]:
    """Section and key of each rule that the change from `before` to `after` breaks, and the sentence that says why."""
    return _refusals(before, after, lambda rule: rule.check)


def unprepared(before: Settings, after: Settings) -> Iterator[tuple[tuple[str, str], str]]:
    """Does what the change needs done before it is in force; answers like `broken` what could not be done."""
    return _refusals(before, after, lambda rule: rule.prepare)


def _refusals(
    before: Settings, after: Settings, step: Callable[[Rule], Callable[[Any], object] | None]
) -> Iterator[tuple[tuple[str, str], str]]:
    for rule in _rules.values():
        old, new = getattr(before, rule.section), getattr(after, rule.section)
        work = step(rule)
        if work is None or all(getattr(old, key) == getattr(new, key) for key in rule.keys):
            continue
        try:
            work(new)
        except (ValueError, Refused) as error:
            yield (rule.section, rule.keys[0]), str(error)


def _start_given(downloads: Downloads) -> None:
    if downloads.window_end and not downloads.window_start:
        raise ValueError(_("Say when the window starts, too, or leave both empty."))


def _end_given(downloads: Downloads) -> None:
    if downloads.window_start and not downloads.window_end:
        raise ValueError(_("Say when the window ends, too, or leave both empty."))


def _whole_timed_limit(downloads: Downloads) -> None:
    given = (downloads.timed_limit_mbps, downloads.timed_limit_start, downloads.timed_limit_end)
    if any(given) and not all(given):
        raise ValueError(_("A limit at certain hours needs the limit, its beginning and its end."))


def _known_schedule(scheduler: Scheduler) -> None:
    fields = scheduler.cron.split()
    if fields and (len(fields) != 5 or not croniter.is_valid(scheduler.cron)):
        raise ValueError(_("Write five fields (minute, hour, day, month, weekday), for example “30 4 * * *”."))
    if fields:
        _demand_some_time(scheduler.cron)


def _demand_some_time(cron: str) -> None:
    try:
        croniter(cron, timezone.localtime()).get_next()
    except CroniterError:
        raise ValueError(_("There is no such time: the schedule would never run.")) from None


def _known_language_code(metadata: Metadata) -> None:
    if not _LANGUAGE_CODE.fullmatch(metadata.tmdb_language):
        raise ValueError(_("Write a language such as de or de-DE."))


def whole_targets(notifications: Notifications) -> None:
    """Raises ValueError when a target lacks its label or address, or shares its label with another."""
    for number, target in enumerate(notifications.targets, 1):
        if set(target) != _TARGET_KEYS or not all(_is_filled(text) for text in target.values()):
            raise ValueError(
                _("Target %d needs a label and an address, such as phone = ntfys://ntfy.sh/my-topic.") % number
            )
    labels = [target["label"] for target in notifications.targets]
    if len(set(labels)) < len(labels):
        raise ValueError(_("Each target needs a label of its own."))
    if len(labels) > _MOST_TARGETS or any(len(label) > _LONGEST_LABEL for label in labels):
        bounds = {"most": _MOST_TARGETS, "longest": _LONGEST_LABEL}
        raise ValueError(_("There may be %(most)d targets, with labels of %(longest)d characters at most.") % bounds)


def _absolute_there(integrations: Integrations) -> None:
    # The other side may run on Windows.
    path = integrations.qbittorrent_seen_as
    if path and not (PurePosixPath(path).is_absolute() or PureWindowsPath(path).is_absolute()):
        raise ValueError(_("Write the whole path, such as /downloads or D:\\Downloads."))


def _is_filled(text: str) -> bool:
    return bool(text.strip()) and text.isprintable()


for _rule in (
    Rule("downloads", ("window_start", "window_end"), _start_given),
    Rule("downloads", ("window_end", "window_start"), _end_given),
    Rule("downloads", ("timed_limit_mbps", "timed_limit_start", "timed_limit_end"), _whole_timed_limit),
    Rule("integrations", ("qbittorrent_seen_as",), _absolute_there),
    Rule("metadata", ("tmdb_language",), _known_language_code),
    Rule("notifications", ("targets",), whole_targets),
    Rule("scheduler", ("cron",), _known_schedule),
):
    add(_rule)
