"""What workers do for the library. Each task is a bell: the rows say what to do."""

from __future__ import annotations

from django.utils.module_loading import import_string

from library import loading, scanning


def load_pending() -> str:
    """Begins to load the series that wait for it; the worker is free again at once."""
    return f"{loading.take_on()} series taken on"


def scan_requested() -> str:
    """Begins the scan that somebody asked for; the worker is free again at once."""
    return "Scanning" if scanning.take_on() else "Nothing to scan"


def monitor() -> str:
    """Begins to look for new episodes of monitored series; the worker is free again at once."""
    return "Looking" if import_string("library.monitoring.checking.take_on")() else "Looking already"


def look_at_dates() -> str:
    """Asks TMDB when the next episodes of some monitored series are to be seen."""
    # Imported on first use, as below.
    return f"{import_string('library.metadata.announcing.refresh_due')()} series looked at"


def match_adopted() -> str:
    """Looks for some adopted series at the catalogues."""
    # Imported on first use, as what loads the parts of a series: XML takes memory that few processes need.
    return f"{import_string('library.scanner.linking.link_waiting')()} series linked"
