"""A loaded series of the demo, and a site at which more of it comes out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aniworld.configuration import store
from library import catalog, loading
from library.models import Series, Timetable
from library.monitoring import checking, due, pacing
from providers.demo.releases import releases
from providers.demo.site import Site

SLUG = "wolkenfischer"


@pytest.fixture
def news(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Nothing waits between two checks; no NFO and pictures, which are not what is looked at here."""
    store.change({"library": {"nfo_enabled": False, "images_enabled": False}})
    monkeypatch.setattr(pacing, "PAUSE", 0.0)
    monkeypatch.setattr(due, "_last_ring", 0.0)
    releases.forget()
    yield site
    releases.forget()


@pytest.fixture
def series(news: Site) -> Series:
    """Season 1 with nine episodes, of which the last five have no dub; no request counted."""
    added = catalog.add(provider="demo", key=SLUG)
    loading.load_pending()
    added.refresh_from_db()
    assert added.checked_at, added.loading_error
    news.server.forget_requests()
    return added


def come_out(number: int, *languages: str, slug: str = SLUG, season: int = 1) -> None:
    """An episode, or another language of one, from now on."""
    releases.add({"slug": slug, "season": season, "number": number, "languages": list(languages)})


def look() -> int:
    """What a worker does now that the lists of the catalogues are due."""
    due.keep_timetables()
    for timetable in Timetable.objects.filter(name__startswith=due.PREFIX):
        Timetable.objects.filter(pk=timetable.pk).exclude(rule="").update(next_run=timetable.created_at)
    return checking.work()
