"""Why items were not retried, in sentences for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

_REASONS = {
    "not_found": gettext_noop("not in the queue any more"),
    "not_failed": gettext_noop("only what has failed can be retried"),
    "series_removed": gettext_noop("the series was removed; restore it first"),
    "max_retries": gettext_noop("retried as often as the settings allow; name it to retry it anyway"),
    "queued": gettext_noop("its episode is queued again already"),
}


def why_left(skipped: Iterable[Mapping[str, Any]]) -> str:
    """What `queue.retry` says of those that it skipped, as one sentence; empty when there are none."""
    counted = Counter(entry["reason"] for entry in skipped)
    told = [(counted[reason], _(words)) for reason, words in _REASONS.items() if counted[reason]]
    return _("Left as they are: %s.") % ", ".join(f"{count} ({words})" for count, words in told) if told else ""
