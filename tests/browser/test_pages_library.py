"""The library's page: what is shown in which order, what is done to several series at once, and taking that back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from aniworld.accounts.models import Preferences, User
from downloads.models import QueueItem, Undo
from library.models import Favorite, Finding, Scan, Series
from tests.browser import seed
from tests.browser.test_pages import HTMX, Markup, _forget_caches, series, text_of

pytestmark = pytest.mark.django_db


def titles(text: str) -> list[str]:
    """In the order they stand there, as posters or as rows."""
    return re.findall(r'class="poster__title">([^<]+)', text) or re.findall(r"<span>([^<]+) <span class=\"muted", text)


def chosen(*names: str) -> dict[str, Any]:
    return {"ids": [Series.objects.get(name=name).pk for name in names]}


def undo_of(answer: Any) -> str:
    found = re.search(r'"undo": "(/undo/[^"]+)"', answer["HX-Trigger"])
    assert found
    return found[1]


@pytest.fixture
def member(admin: User) -> Client:
    client = Client()
    client.force_login(seed.user("member", staff=False))
    return client


def test_marks_and_filters_narrow_together(browser: Client) -> None:
    Series.objects.filter(name="Silent Orbit").update(monitored=False)
    Series.objects.filter(name="Nine Tides").update(provider="aniworld")
    both = titles(text_of(browser.get("/?filter=missing&filter=favorite")))
    assert both == ["Beneath Paper Lanterns", "The Clockmaker&#x27;s Garden"]
    assert "Silent Orbit" not in titles(text_of(browser.get("/?filter=monitored")))
    assert titles(text_of(browser.get("/?provider=aniworld"))) == ["Nine Tides"]
    assert "Harbour Lights" in titles(text_of(browser.get("/?status=completed")))
    assert "Silent Orbit" not in titles(text_of(browser.get("/?status=completed")))
    assert titles(text_of(browser.get("/?language=English+Dub"))) == []
    assert "No series is like that" in text_of(browser.get("/?language=English+Dub"))


def test_orders(browser: Client) -> None:
    assert titles(text_of(browser.get("/?sort=missing")))[0] == "Nine Tides"
    assert titles(text_of(browser.get("/?sort=-missing")))[-1] == "Nine Tides"
    assert titles(text_of(browser.get("/?sort=size")))[0] == "Wandering Comet"
    assert titles(text_of(browser.get("/?sort=year")))[0] == "Fox in the Server Room"
    assert titles(text_of(browser.get("/?sort=-name")))[0] == "Über den Wolken"


def test_the_view_is_kept_with_the_user(browser: Client, admin: User) -> None:
    answer = browser.post("/library/look", {"view": "table", "sort": "missing", "filter": "missing"})
    assert (answer.status_code, answer["Location"]) == (302, "/?filter=missing&sort=missing")
    text = text_of(browser.get("/?sort=missing"))
    assert 'aria-sort="descending"' in text
    assert titles(text)[0] == "Nine Tides"
    assert (Markup(text).refused, Markup(text).doubled) == ([], set())
    browser.post("/library/look", {"density": "compact"})
    assert Preferences.objects.get(user=admin).density == "compact"
    assert "shelf--compact" in text_of(browser.get("/"))
    browser.post("/library/look", {"view": "nonsense", "density": "\x00"})
    assert Preferences.objects.get(user=admin).library_view == "table"


def test_one_page_leads_on_to_the_next(browser: Client) -> None:
    for number in range(60):
        Series.objects.create(key=f"more-{number}", name=f"More {number:02}", folder=f"More {number}")
    first = text_of(browser.get("/"))
    assert len(titles(first)) == 60
    assert 'hx-get="/parts/library/rows?page=2&amp;more=1"' in first
    second = text_of(browser.get("/parts/library/rows?page=2&more=1", headers=HTMX))
    assert len(titles(second)) == 12
    assert 'id="rows-2"' in second
    assert 'id="on"' not in second
    assert not set(titles(first)) & set(titles(second))


@pytest.mark.parametrize("view", ["grid", "table"])
def test_a_large_library_costs_no_more_queries(
    browser: Client, admin: User, django_assert_max_num_queries: Any, view: str
) -> None:
    browser.post("/library/look", {"view": view})
    address = "/?filter=missing&language=German+Dub&sort=size"
    browser.get(address)
    _forget_caches()
    with django_assert_max_num_queries(40) as few:
        browser.get(address)
    for number in range(15):
        seed.series(f"Another {number}", 2020, 4, 1)
    _forget_caches()
    with django_assert_max_num_queries(len(few.captured_queries)):
        browser.get(address)


def test_missing_of_several_is_queued_and_taken_back(browser: Client) -> None:
    names = ("Silent Orbit", "Harbour Lights", "The Last Tram to Aoyama")
    answer = browser.post("/library/selected", {"verb": "download", **chosen(*names)}, headers=HTMX)
    assert "7 episodes added" in answer["HX-Trigger"]
    assert QueueItem.objects.filter(series__name="Silent Orbit", status="pending").count() == 6
    browser.post(undo_of(answer), headers=HTMX)
    assert not QueueItem.objects.live().filter(series__name__in=names).exists()


def test_one_without_a_catalogue_keeps_no_other(browser: Client) -> None:
    Series.objects.filter(name="Silent Orbit").update(provider="", slug="")
    names = ("Silent Orbit", "The Last Tram to Aoyama")
    answer = browser.post("/library/selected", {"verb": "download", **chosen(*names)}, headers=HTMX)
    assert "1 episode added" in answer["HX-Trigger"]
    assert "no catalogue" in answer["HX-Trigger"]
    assert '"warning"' in answer["HX-Trigger"]


def test_several_are_removed_and_brought_back_by_one_undo(browser: Client) -> None:
    names = ("Silent Orbit", "Harbour Lights")
    answer = browser.post("/library/selected", {"verb": "remove", **chosen(*names)}, headers=HTMX)
    assert "2 series were removed" in answer["HX-Trigger"]
    assert not Series.objects.live().filter(name__in=names).exists()
    back = browser.post(undo_of(answer), headers=HTMX)
    assert Series.objects.live().filter(name__in=names).count() == 2
    browser.post(undo_of(back), headers=HTMX)
    assert not Series.objects.live().filter(name__in=names).exists()


def test_stars_come_back_with_what_was_said(browser: Client, admin: User) -> None:
    favorite = Favorite.objects.get(user=admin, series=series())
    favorite.change(custom_title="Mine", rating=3.5, notes="Again")
    answer = browser.post("/library/selected", {"verb": "unfavorite", **chosen(series().name)}, headers=HTMX)
    assert not Favorite.objects.filter(user=admin, series=series()).exists()
    browser.post(undo_of(answer), headers=HTMX)
    again = Favorite.objects.get(user=admin, series=series())
    assert (again.custom_title, float(again.rating or 0), again.notes) == ("Mine", 3.5, "Again")
    assert again.created_at == favorite.created_at


def test_everything_that_the_filter_finds(browser: Client) -> None:
    answer = browser.post(
        "/library/selected", {"verb": "unmonitor", "everything": "on", "filter": "missing"}, headers=HTMX
    )
    left = set(Series.objects.filter(monitored=True).values_list("name", flat=True))
    assert left == {"Harbour Lights", "Wandering Comet", "Koi & Cedar", "Marmalade Skies", "Über den Wolken"}
    browser.post(undo_of(answer), headers=HTMX)
    assert not Series.objects.filter(monitored=False).exists()


def test_members_choose_too_but_decide_less(member: Client) -> None:
    for verb in ("monitor", "unmonitor", "remove"):
        assert member.post("/library/selected", {"verb": verb, **chosen("Silent Orbit")}).status_code == 403
    text = text_of(member.get("/"))
    assert 'value="remove"' not in text
    assert 'value="download"' in text
    answer = member.post("/library/selected", {"verb": "favorite", **chosen("Silent Orbit")}, headers=HTMX)
    assert "1 series is a favourite now." in answer["HX-Trigger"]


def test_without_script_choosing_leads_back(browser: Client) -> None:
    answer = browser.post("/library/selected", {"verb": "rescan", "q": "orbit", **chosen("Silent Orbit")}, follow=True)
    assert answer.redirect_chain == [("/?q=orbit", 302)]
    assert "1 folder is being scanned." in text_of(answer)
    assert Scan.objects.live().get().folders == [Series.objects.get(name="Silent Orbit").folder]
    assert "Nothing is chosen." in text_of(browser.post("/library/selected", {"verb": "reload"}, follow=True))
    assert browser.post("/library/selected", {"verb": "nonsense"}).status_code == 404
    for odd in ("\x00", "9" * 300, "-1", "٣"):
        assert browser.post("/library/selected", {"verb": "download", "ids": [odd]}).status_code == 302
    assert not Undo.objects.exists()


def test_before_the_first_scan_nothing_is_called_understood(browser: Client) -> None:
    text = text_of(browser.get("/findings"))
    assert "Not scanned yet" in text
    assert "is understood" not in text
    assert text.count('hx-post="/scan"') == 2
    browser.post("/scan")
    text = text_of(browser.get("/findings"))
    assert "Not scanned yet" not in text
    assert "is understood" not in text
    assert 'hx-post="/scan"' not in text


def test_the_head_of_the_findings_stays_without_their_number(browser: Client) -> None:
    Finding.objects.create(kind="not_understood", path="Koi/trailer.mp4", detail="No number in it.")
    found = re.search(r'id="scan"[^>]*data-part="([^"]+)"', text_of(browser.get("/findings")))
    assert found
    part = text_of(browser.get(found[1]))
    assert "1 finding" not in part
    assert f'data-part="{found[1]}"' in part
    assert "1 finding" in text_of(browser.get("/parts/scan"))


def test_findings_are_a_page_for_administrators(browser: Client, member: Client) -> None:
    row = series()
    Series.objects.filter(pk=row.pk).update(provider="", slug="", site="")
    candidate = {"provider": "demo", "slug": "dark", "link": "dark", "name": "Dark", "year": 2017, "score": 0.7}
    unmatched = Finding.objects.create(kind="unmatched", path=row.folder, series=row, candidates=[candidate])
    odd = Finding.objects.create(kind="not_understood", path="Koi/<b>trailer</b>.mp4", detail="No number in it.")
    assert 'href="/findings"' in text_of(browser.get("/"))
    text = text_of(browser.get("/findings"))
    assert "Dark (2017)" in text
    assert "&lt;b&gt;trailer" in text
    assert (Markup(text).refused, Markup(text).doubled) == ([], set())
    assert unmatched.path not in text_of(browser.get("/parts/findings?kind=not_understood"))
    browser.post(f"/findings/{odd.pk}/ignore")
    browser.post(f"/findings/{unmatched.pk}/link", {"choice": "0"})
    row.refresh_from_db()
    assert (row.provider, row.slug) == ("demo", "dark")
    assert "Nothing waits for you" not in text_of(browser.get("/findings"))
    Scan.objects.create(status="completed", live=None, ended_at=timezone.now())
    assert "Nothing waits for you" in text_of(browser.get("/findings"))
    assert browser.post(f"/findings/{unmatched.pk}/link", {"choice": "7"}, headers=HTMX).status_code == 204
    assert [member.get("/findings").status_code, member.post(f"/findings/{odd.pk}/ignore").status_code] == [403, 403]
