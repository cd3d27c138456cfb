"""Wherever an item has a language, it is the one that it will bring or is bringing."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from aniworld.configuration import store
from aniworld.pages import episodes as pages
from aniworld.refusals import Conflict
from downloads import expected_language, matrix, queue, undo, upgrades, why
from downloads.models import Attempt, QueueItem
from library.models import Episode, Series
from tests.aniworld.people import user
from tests.library.factories import make_episodes, make_series, queries_of

pytestmark = pytest.mark.django_db

DUB, SUB, ENGLISH = "German Dub", "German Sub", "English Sub"
PLAN = {"order": [DUB, SUB, ENGLISH], "fallback": True, "upgrade": False}
SEEN = "2026-01-01T00:00:00Z"


@pytest.fixture(autouse=True)
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    folder.mkdir()
    store.change({"library": {"directory": str(folder)}})
    return folder


@pytest.fixture
def series() -> Series:
    return make_series(language_plan=PLAN)


@pytest.fixture
def episodes(series: Series) -> list[Episode]:
    """Three that only have German subtitles."""
    return make_episodes(series, languages={SUB: SEEN})


def _items(series: Series, *wanted: Episode, **values: Any) -> list[QueueItem]:
    added = queue.enqueue(series, wanted, **values).added
    return list(QueueItem.objects.select_related("series", "episode").filter(pk__in=added).order_by("pk"))


def _running(item: QueueItem, language: str) -> QueueItem:
    assert item.take("one:1", timezone.now())
    Attempt.objects.begin(item, "voe", language)
    return item


def test_an_item_wants_what_its_plan_gives_of_what_the_catalogue_lists(series: Series) -> None:
    [dub] = make_episodes(series, count=1, languages={SUB: SEEN, DUB: SEEN})
    [sub] = make_episodes(series, season=2, count=1, languages={ENGLISH: SEEN, SUB: SEEN})
    [unknown] = make_episodes(series, season=3, count=1)
    assert [item.language for item in _items(series, dub, sub, unknown)] == [DUB, SUB, DUB]


def test_a_language_asked_for_by_name_stays(series: Series, episodes: list[Episode]) -> None:
    [item] = _items(series, episodes[0], language=DUB)
    assert (item.language, expected_language.of(item)) == (DUB, DUB)


def test_the_catalogue_s_news_and_the_attempt_at_hand_count(series: Series, episodes: list[Episode]) -> None:
    [item] = _items(series, episodes[0])
    item.episode.languages = {DUB: SEEN, SUB: SEEN}
    assert expected_language.of(item) == DUB
    _running(item, ENGLISH)
    assert expected_language.of(item, expected_language.tried_last([item])[item.pk]) == ENGLISH
    assert getattr(expected_language.with_tried(QueueItem.objects.all()).get(), "tried_language", "") == ENGLISH
    assert why.of_item(item).language == ENGLISH


def test_the_series_page_counts_only_what_can_be_had(series: Series, episodes: list[Episode]) -> None:
    first, second = _items(series, *episodes[:2])
    _items(series, episodes[2], language=ENGLISH)
    QueueItem.objects.filter(pk__in=[first.pk, second.pk]).update(language=DUB)
    rows = pages.rows_of(series, 1)
    assert [[mark.language for mark in row.marks if mark.where == "queued"] for row in rows] == [
        [SUB],
        [SUB],
        [ENGLISH],
    ]
    assert [(one.language, one.on_disk, one.known) for one in pages.coverage_of(rows)] == [(SUB, 0, 3)]
    told = matrix.matrix(series)
    assert (told["coverage"][DUB]["queued"], told["coverage"][SUB]["queued"]) == (0, 2)


def test_it_costs_the_same_for_few_and_many(series: Series, episodes: list[Episode]) -> None:
    [item] = _items(series, episodes[0])
    _running(item, SUB)
    few = [queries_of(lambda: pages.rows_of(series, 1)), queries_of(lambda: matrix.matrix(series))]
    for one in _items(series, *make_episodes(series, season=2, count=9, languages={SUB: SEEN}), *episodes[1:]):
        _running(one, SUB)
    assert [queries_of(lambda: pages.rows_of(series, 2)), queries_of(lambda: matrix.matrix(series))] == few


def test_queue_page_admin_and_command_say_it(series: Series, episodes: list[Episode], capsys: Any) -> None:
    [waiting, running] = _items(series, *episodes[:2])
    QueueItem.objects.update(language=DUB)
    _running(running, SUB)
    boss = Client()
    boss.force_login(user("boss"))
    shown = boss.get("/queue").content.decode()
    row = re.search(rf'<li [^>]*id="item-{waiting.pk}".*?</li>', shown, re.DOTALL)
    assert row
    assert "DE sub" in row[0]
    assert "DE dub" not in row[0]
    listed = boss.get("/admin/downloads/queueitem/").content.decode()
    assert listed.count(SUB) >= 2
    now = boss.get("/admin/").content.decode()
    assert f"· {SUB}" in now
    one = boss.get(f"/admin/downloads/queueitem/{waiting.pk}/change/").content.decode()
    assert SUB in one
    call_command("queue", stdout=StringIO())
    printed = capsys.readouterr().out
    assert "Sub" in printed
    assert "Dub" not in printed


def test_an_episode_is_queued_once_although_the_plan_gives_another_language_now(
    series: Series, episodes: list[Episode]
) -> None:
    [item] = _items(series, episodes[0])
    undo_id = queue.cancel([item.pk]).undo_id
    Episode.objects.filter(pk=episodes[0].pk).update(languages={DUB: SEEN, SUB: SEEN})
    [again] = _items(series, Episode.objects.get(pk=episodes[0].pk))
    assert again.language == DUB
    with pytest.raises(Conflict, match="queued again"):
        undo.undo(undo_id, None)
    QueueItem.objects.filter(pk=item.pk).update(status="failed")
    assert queue.retry([item.pk]) == ([], [{"id": item.pk, "reason": "queued"}])


def test_an_upgrade_still_asks_for_the_better_language(series: Series, episodes: list[Episode]) -> None:
    series.language_plan = {**PLAN, "upgrade": True}
    series.save()
    episodes[0].record_file(SUB, "a/one.mp4", size=5, duration=None, mtime=1.0)
    Episode.objects.filter(pk=episodes[0].pk).update(languages={DUB: SEEN, SUB: SEEN})
    [pk] = upgrades.queue_for(series)
    item = QueueItem.objects.select_related("series", "episode").get(pk=pk)
    assert (item.language, item.language_fixed, expected_language.of(item)) == (DUB, True, DUB)
