"""What the queue's page says of each item, and what its buttons do to many at once."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from downloads.models import Attempt, QueueItem
from library.models import Episode
from tests.browser import seed
from tests.browser.test_pages import HTMX, text_of
from tests.providers.measured import at

pytestmark = pytest.mark.django_db


def row_of(text: str, item: QueueItem) -> str:
    """The markup of one item."""
    found = re.search(rf'<li [^>]*id="item-{item.pk}".*?</li>', text, re.DOTALL)
    assert found
    return found[0]


def one(status: str) -> QueueItem:
    item = QueueItem.objects.filter(status=status).order_by("id").first()
    assert item is not None
    return item


@pytest.mark.parametrize("status", ["completed", "downloading"])
def test_a_row_names_the_language_that_came_and_the_wish_beside_it(browser: Client, status: str) -> None:
    item = one(status)
    now = timezone.now()
    Attempt.objects.filter(item=item).update(ended_at=now, outcome="failed")
    assert "instead of" not in row_of(text_of(browser.get("/queue")), item)
    Attempt.objects.create(item=item, provider="demo-fast", language=seed.SUB, outcome="completed", ended_at=now)
    shown = row_of(text_of(browser.get("/queue")), item)
    assert re.search(r">DE sub</span>\s*<span>instead of DE dub<", shown)


def test_the_languages_cost_no_query_for_each_row(browser: Client, django_assert_max_num_queries: Any) -> None:
    browser.get("/queue")
    with django_assert_max_num_queries(60) as before:
        browser.get("/queue")
    for item in QueueItem.objects.filter(status="completed"):
        Attempt.objects.create(item=item, provider="voe", language=seed.SUB, ended_at=timezone.now())
    with django_assert_max_num_queries(len(before.captured_queries)):
        browser.get("/queue")


def test_a_download_without_a_byte_is_starting(browser: Client) -> None:
    item = one("downloading")
    assert "is-starting" not in row_of(text_of(browser.get("/queue")), item)
    QueueItem.objects.filter(pk=item.pk).update(downloaded_bytes=0)
    assert "is-starting" in row_of(text_of(browser.get("/queue")), item)


def test_a_download_that_has_all_is_being_checked(browser: Client) -> None:
    item = one("downloading")
    assert "is-ending" not in row_of(text_of(browser.get("/queue")), item)
    QueueItem.objects.filter(pk=item.pk).update(progress_percent=100, download_speed=0)
    for page in ("/queue", "/wallboard", f"/queue/{item.pk}"):
        text = text_of(browser.get(page))
        assert "is-ending" in text
        assert "checking…" in text


def test_a_next_look_is_told_while_it_is_ahead(browser: Client) -> None:
    item = QueueItem.objects.get(status="paused", pause_reason="blocked")
    now = timezone.now()
    item.next_attempt_at = now + timedelta(seconds=30)
    item.save()
    with at(now):
        assert re.search(r"looks again <time[^>]*>in 30 s<", row_of(text_of(browser.get("/queue")), item))
    item.next_attempt_at = timezone.now() - timedelta(seconds=3)
    item.save()
    assert "looks again" not in row_of(text_of(browser.get("/queue")), item)


def test_what_is_paused_alone_can_be_resumed_cancelled_and_switched(browser: Client) -> None:
    QueueItem.objects.exclude(status="paused").delete()
    text = text_of(browser.get("/queue"))
    assert all(f'action="/queue/{verb}"' in text for verb in ("pause", "stop", "resume-paused", "cancel-paused"))
    paused = set(QueueItem.objects.values_list("pk", flat=True))
    text = text_of(browser.post("/queue/cancel-paused", follow=True))
    assert "2 downloads were taken out of the queue." in text
    undo = re.search(r'action="(/undo/[^"]+)"', text)
    assert undo
    browser.post(undo[1])
    QueueItem.objects.filter(pk__in=paused).update(status="paused", pause_reason="disk")
    assert "2 downloads go on." in text_of(browser.post("/queue/resume-paused", follow=True))
    assert set(QueueItem.objects.filter(status="pending").values_list("pk", flat=True)) == paused


def test_nothing_missing_offers_to_add(browser: Client) -> None:
    QueueItem.objects.all().delete()
    assert "Show what is missing" in text_of(browser.get("/queue"))
    Episode.objects.update(is_downloaded=True)
    text = text_of(browser.get("/queue"))
    assert "Show what is missing" not in text
    assert re.search(r'href="/add">.*?Add a series</a>', text)


def test_what_is_completed_has_pages(browser: Client) -> None:
    row = seed.series("Many", 2020, 50, 50)
    for number, episode in enumerate(row.episodes.all()):
        seed.item(episode, "completed", completed_at=timezone.now() - timedelta(days=1, minutes=number))
    first = text_of(browser.get("/queue"))
    assert 'href="/queue?completed=2#completed-title"' in first
    second = text_of(browser.get("/queue?completed=2"))
    assert 'data-part="/parts/queue?completed=2"' in second
    assert set(re.findall(r'id="item-(\d+)"', second)) != set(re.findall(r'id="item-(\d+)"', first))
    assert browser.get("/queue", {"completed": "9" * 400}).status_code == 200


def test_toasts_of_one_kind_are_known_as_such(browser: Client) -> None:
    first, second = QueueItem.objects.filter(status="pending")[:2]
    kinds = [
        re.search(r'"kind": "([a-z-]+)"', answer["HX-Trigger"])
        for answer in (
            browser.post(f"/queue/items/{first.pk}/pause", headers=HTMX),
            browser.post(f"/queue/items/{second.pk}/resume", headers=HTMX),
            browser.post("/queue/pause", headers=HTMX),
        )
    ]
    assert [kind and kind[1] for kind in kinds] == ["queue-item", "queue-item", "queue-switch"]


def waiting() -> list[int]:
    rows = QueueItem.objects.filter(status="pending").order_by("-priority", "position", "id")
    return list(rows.values_list("pk", flat=True))


def undo_of(text: str) -> str:
    found = re.findall(r'action="(/undo/[^"]+)"', text)
    assert found
    return str(found[-1])


def test_chosen_ones_go_to_the_top_and_back_and_there_again(browser: Client) -> None:
    before = waiting()
    chosen = before[-2:]
    text = text_of(browser.post("/queue/selected", {"verb": "top", "ids": chosen}, follow=True))
    assert "2 downloads stand at the top." in text
    assert waiting() == [*chosen, *before[:-2]]
    text = text_of(browser.post(undo_of(text), follow=True))
    assert "Taken back." in text
    assert waiting() == before
    text = text_of(browser.post(undo_of(text), follow=True))
    assert "Done again." in text
    assert waiting() == [*chosen, *before[:-2]]


def test_chosen_ones_are_paused_or_cancelled_together(browser: Client) -> None:
    first, second, *rest = waiting()
    assert "2 downloads are paused." in text_of(
        browser.post("/queue/selected", {"verb": "pause", "ids": [first, second]}, follow=True)
    )
    text = text_of(browser.post("/queue/selected", {"verb": "cancel", "ids": [*rest, first]}, follow=True))
    assert f"{len(rest)} downloads were taken out of the queue." in text
    assert waiting() == []
    assert QueueItem.objects.get(pk=first).status == "paused"
    text = text_of(browser.post(undo_of(text), follow=True))
    assert waiting() == rest
    browser.post(undo_of(text))
    assert waiting() == []


@pytest.mark.parametrize("ids", [[], ["nonsense"], ["9" * 40]])
def test_choosing_nothing_that_waits_is_said(browser: Client, ids: list[str]) -> None:
    text = text_of(browser.post("/queue/selected", {"verb": "top", "ids": ids}, follow=True))
    assert "Choose downloads that wait first." in text
    assert browser.post("/queue/selected", {"verb": "dance", "ids": ids}).status_code == 404


def test_a_failed_one_is_queued_in_another_language(browser: Client) -> None:
    failed = one("failed")
    failed.episode.languages = {seed.DUB: "2026-01-01T00:00:00Z", seed.ENGLISH: "2026-01-01T00:00:00Z"}
    failed.episode.save()
    row = row_of(text_of(browser.get("/queue")), failed)
    assert re.search(rf'name="language" value="{seed.ENGLISH}"', row)
    assert f'name="language" value="{seed.DUB}"' not in row
    browser.post(f"/queue/items/{failed.pk}/language", {"language": seed.ENGLISH})
    queued = QueueItem.objects.get(episode=failed.episode, status="pending")
    assert queued.language == seed.ENGLISH
    assert f'id="item-{failed.pk}"' not in text_of(browser.get("/queue"))
    text = text_of(browser.post(f"/queue/items/{failed.pk}/language", {"language": "Klingon"}, follow=True))
    assert "There is no language “Klingon”" in text


def test_the_last_hours_are_drawn_once_something_arrived(browser: Client) -> None:
    assert "4 episodes in the last 24 hours" in text_of(browser.get("/queue"))
    QueueItem.objects.filter(status="completed").update(completed_at=timezone.now() - timedelta(hours=25))
    assert "in the last 24 hours" not in text_of(browser.get("/queue"))


def test_the_page_of_a_failed_item_offers_what_the_list_does(browser: Client) -> None:
    item = one("failed")
    Episode.objects.filter(pk=item.episode_id).update(languages={seed.DUB: "2026-01-01", seed.SUB: "2026-01-01"})
    shown = text_of(browser.get(f"/queue/{item.pk}"))
    for verb in ("retry", "language", "clear"):
        assert f'action="/queue/items/{item.pk}/{verb}"' in shown
    assert f'name="language" value="{seed.SUB}"' in shown
    cleared = browser.post(f"/queue/items/{item.pk}/clear", headers=HTMX)
    assert cleared.status_code == 204
    assert "1 entry cleared." in cleared.headers["HX-Trigger"]
    assert not QueueItem.objects.listed().filter(pk=item.pk).exists()
    shown = text_of(browser.get(f"/queue/{item.pk}"))
    assert f'action="/queue/items/{item.pk}/clear"' not in shown
    undo = re.search(r'"/undo/[^"]+"', cleared.headers["HX-Trigger"])
    assert undo
    browser.post(undo[0].strip('"'), headers=HTMX)
    assert QueueItem.objects.listed().filter(pk=item.pk).exists()


def test_what_waits_is_not_cleared(browser: Client) -> None:
    item = one("pending")
    browser.post(f"/queue/items/{item.pk}/clear", headers=HTMX)
    assert QueueItem.objects.listed().filter(pk=item.pk, status="pending").exists()


def test_the_tries_are_told_newest_first_and_without_plans_of_the_past(browser: Client) -> None:
    item, now = one("failed"), timezone.now()
    Attempt.objects.filter(item=item).delete()
    planned = (
        "Tries Alpha next.",
        "Goes on in 1 seconds.",
        "Began anew: the 3.0 MB that were there are gone.",
        "Every source had all its tries; it is over until somebody retries it.",
    )
    for number, words in enumerate(planned):
        facts = {"provider": f"host-{number}", "language": seed.DUB, "outcome": "failed", "next_step": words}
        began = now - timedelta(hours=9 - number)
        Attempt.objects.create(item=item, started_at=began, ended_at=began, **facts)
    shown = text_of(browser.get(f"/queue/{item.pk}"))
    assert [shown.index(f"host-{number}") for number in (3, 2, 1, 0)] == sorted(
        shown.index(f"host-{number}") for number in range(4)
    )
    assert [words in shown for words in planned] == [False, False, True, True]
    QueueItem.objects.filter(pk=item.pk).update(status="pending")
    assert planned[-1] not in text_of(browser.get(f"/queue/{item.pk}"))
    QueueItem.objects.filter(pk=item.pk).update(status="downloading", token=uuid4().hex)
    Attempt.objects.filter(provider="host-3").update(next_step="Tries Beta next.")
    assert "Tries Beta next." in text_of(browser.get(f"/queue/{item.pk}"))


def test_the_menu_says_on_every_page_how_many_failed(browser: Client, django_assert_max_num_queries: Any) -> None:
    def marked(path: str) -> str:
        found = re.search(r'id="queue-failed"[^>]*>(.*?)</span>', text_of(browser.get(path)))
        assert found
        return re.sub(r"<[^>]*>", "", found[1]).strip()

    count = QueueItem.objects.filter(status="failed").count()
    assert [marked("/"), marked("/parts/activity")] == [f"{count} failed"] * 2
    assert 'id="queue-failed" hx-swap-oob="true"' in text_of(browser.get("/parts/activity"))
    browser.get("/parts/activity")
    with django_assert_max_num_queries(60) as few:
        browser.get("/parts/activity")
    QueueItem.objects.filter(status="completed").update(status="failed")
    count = QueueItem.objects.filter(status="failed").count()
    with django_assert_max_num_queries(len(few.captured_queries)):
        assert marked("/parts/activity") == f"{count} failed"
    browser.post("/queue/clear-failed")
    assert marked("/parts/activity") == ""
