"""What a changed setting must obey beyond its type. Apps above add rules of their own when they are ready.

Only what changes is looked at: a disk that is gone today must not keep anybody from changing something else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from croniter import croniter
from django.utils.translation import gettext as _

from aniworld.configuration.sections import Downloads, Metadata, Notifications, Scheduler, Settings
from aniworld.refusals import Refused

_LANGUAGE_CODE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")
_TARGET_KEYS = {"label", "address"}


@dataclass(frozen=True)
class Rule:
    """`check` gets the section with its new values and raises ValueError or `Refused` with a sentence.

    It is asked when one of `keys` changes; what it says stands at the first of them.
    """

    section: str
    keys: tuple[str, ...]
    check: Callable[[Any], object]


_rules: dict[tuple[str, str], Rule] = {}


def add(rule: Rule) -> None:
    """Has every change obey `rule`, in place of an earlier one for the same setting."""
    _rules[rule.section, rule.keys[0]] = rule


def broken(before: Settings, after: Settings) -> Iterator[tuple[tuple[str, str], str]]:
    """Section and key of each rule that the change from `before` to `after` breaks, and the sentence that says why."""
    for rule in _rules.values():
        old, new = getattr(before, rule.section), getattr(after, rule.section)
        if all(getattr(old, key) == getattr(new, key) for key in rule.keys):
            continue
        try:
            rule.check(new)
        except (ValueError, Refused) as error:
            yield (rule.section, rule.keys[0]), str(error)


def _start_given(downloads: Downloads) -> None:
    if downloads.window_end and not downloads.window_start:
        raise ValueError(_("Say when the window starts, too, or leave both empty."))


def _end_given(downloads: Downloads) -> None:
    if downloads.window_start and not downloads.window_end:
        raise ValueError(_("Say when the window ends, too, or leave both empty."))


def _known_schedule(scheduler: Scheduler) -> None:
    fields = scheduler.cron.split()
    if fields and (len(fields) != 5 or not croniter.is_valid(scheduler.cron)):
        raise ValueError(_("Write five fields (minute, hour, day, month, weekday), for example “30 4 * * *”."))


def _known_language_code(metadata: Metadata) -> None:
    if not _LANGUAGE_CODE.fullmatch(metadata.tmdb_language):
        raise ValueError(_("Write a language such as de or de-DE."))


def _whole_targets(notifications: Notifications) -> None:
    for number, target in enumerate(notifications.targets, 1):
        whole = set(target) == _TARGET_KEYS and all(text.strip() for text in target.values())
        if not whole or not _is_address(target["address"]):
            raise ValueError(
                _("Target %d needs a label and an address, such as me = mailto://me@example.org.") % number
            )


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme and "://" in text and (parts.netloc or parts.path.strip("/"))) and text.isprintable()


for _rule in (
    Rule("downloads", ("window_start", "window_end"), _start_given),
    Rule("downloads", ("window_end", "window_start"), _end_given),
    Rule("metadata", ("tmdb_language",), _known_language_code),
    Rule("notifications", ("targets",), _whole_targets),
    Rule("scheduler", ("cron",), _known_schedule),
):
    add(_rule)
