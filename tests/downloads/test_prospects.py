"""What a missing episode is told to wait for."""

from __future__ import annotations

import pytest
from django.utils import timezone

from aniworld.configuration import store
from downloads import dry_run, prospects, rescans, why
from library.models import Episode, Series
from tests.library.factories import make_episodes, make_series

pytestmark = pytest.mark.django_db


@pytest.fixture
def episode() -> Episode:
    return make_episodes(make_series(), count=1, languages={"German Sub": "2026-11-01T00:00:00Z"})[0]


def said(**values: object) -> str:
    Episode.objects.update(**values)
    return prospects.of_missing(Episode.objects.select_related("series").get()).next_step


def test_each_reason_is_told(episode: Episode) -> None:
    rescans.ring_if_due()
    told = prospects.of_missing(episode)
    assert "scheduled rescan" in told.next_step
    assert told.next_at
    assert told.next_at > timezone.now()
    assert why.of_episode(episode).next_at == told.next_at
    assert "in a moment" in said(found_at=timezone.now())
    assert "any more" in said(found_at=None, left_alone="removed")
    assert "another wanted language" in said(left_alone="failed")
    assert "once the catalogue has it" in said(left_alone="", languages={"English Dub": "2026-11-01T00:00:00Z"})
    assert "scheduled rescan" in said(languages=episode.languages)
    store.change({"scheduler": {"auto_download_after_rescan": False}})
    assert "queue it" in said()
    Series.objects.update(monitored=False)
    assert "monitored" in said()
    Series.objects.update(provider="")
    assert "under Findings" in said()
    plan = dry_run.of_episode(Episode.objects.select_related("series").get())
    assert plan.error == "No catalogue is known for its series."
