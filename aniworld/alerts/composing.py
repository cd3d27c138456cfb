"""Words: many alerts as one message that can be read at a glance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from aniworld.alerts.models import Alert

# Titles that a message names; of the others it says how many there are.
MOST_LINES = 10


def compose(site: str, alerts: Sequence[Alert]) -> tuple[str, str]:
    """Title and body: a single alert as it is, several as a count of each kind and the first titles."""
    if len(alerts) == 1:
        return f"{site}: {alerts[0].title}", alerts[0].body or alerts[0].title
    title = ngettext("%(site)s: %(n)d message", "%(site)s: %(n)d messages", len(alerts))
    kinds = Counter(alert.get_kind_display() for alert in alerts)
    counts = [f"{count} × {kind}" for kind, count in kinds.most_common()]
    lines = [f"- {alert.title}" for alert in alerts[:MOST_LINES]]
    rest = len(alerts) - MOST_LINES
    if rest > 0:
        lines.append(_("… and %d more") % rest)
    return title % {"site": site, "n": len(alerts)}, "\n".join([*counts, "", *lines])
