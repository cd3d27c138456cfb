"""The favourites: a user's own words about series, set by keyboard or without script, and taken back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from aniworld.accounts.models import User
from library.models import Favorite, Series
from tests.browser import seed
from tests.browser.test_pages import HTMX, Markup, _forget_caches, series, text_of

pytestmark = pytest.mark.django_db


def favorite(admin: User, name: str = "The Clockmaker's Garden") -> Favorite:
    return Favorite.objects.get(user=admin, series=series(name))


def test_a_card_shows_the_own_title_and_the_real_one(browser: Client, admin: User) -> None:
    favorite(admin).change(custom_title="Clocks", rating=3.5, notes="Line one\n<b>two</b>")
    text = text_of(browser.get("/favorites"))
    assert (Markup(text).refused, Markup(text).doubled) == ([], set())
    assert re.search(r"<h2><a [^>]+>Clocks</a></h2>\s*<p [^>]+>The Clockmaker&#x27;s Garden", text)
    assert re.search(r'value="3.5" checked><span class="unseen">3.5 of 5 stars', text)
    assert "Line one<br>&lt;b&gt;two" in text
    assert 'href="/favorites"' in text_of(browser.get("/queue"))


def test_words_are_kept_by_a_form_from_either_page(browser: Client, admin: User) -> None:
    address = f"/anime/{series().key}/words"
    assert f'action="{address}"' in text_of(browser.get(f"/anime/{series().key}"))
    said = {"custom_title": "  My\nclocks ", "rating": "4.5", "notes": " Twice. "}
    assert "Saved." in browser.post(address, said, headers=HTMX)["HX-Trigger"]
    row = favorite(admin)
    assert (row.custom_title, float(row.rating or 0), row.notes) == ("My clocks", 4.5, "Twice.")
    browser.post(address, {"custom_title": "", "rating": "", "notes": ""})
    row = favorite(admin)
    assert (row.custom_title, row.rating, row.notes) == ("", None, "")


@pytest.mark.parametrize("rating", ["5.5", "-1", "0.3", "NaN", "Infinity", "1e400", "\x00", "٣,٥"])
def test_a_rating_is_a_half_of_five_stars(browser: Client, admin: User, rating: str) -> None:
    answer = browser.post(f"/anime/{series().key}/words", {"rating": rating}, headers=HTMX)
    assert '"error"' in answer["HX-Trigger"]
    assert favorite(admin).rating is None


def test_too_much_is_refused(browser: Client, admin: User) -> None:
    for said in ({"custom_title": "a" * 501}, {"notes": "a" * 10_001}):
        assert "too long" in browser.post(f"/anime/{series().key}/words", said, headers=HTMX)["HX-Trigger"]
    assert browser.post("/anime/nine-tides/words", {"rating": "3"}).status_code == 404


def test_one_is_dropped_and_comes_back_whole(browser: Client, admin: User) -> None:
    favorite(admin).change(custom_title="Clocks", rating=2, notes="Keep")
    answer = browser.post(f"/favorites/{series().key}/drop", follow=True)
    assert answer.redirect_chain == [("/favorites", 302)]
    assert "Clocks" not in text_of(answer)
    undo = re.search(r'action="(/undo/[^"]+)"', text_of(answer))
    assert undo
    assert browser.post(undo[1])["Location"] == "/favorites"
    assert favorite(admin).notes == "Keep"


def test_search_looks_into_titles_and_notes_of_this_user_alone(browser: Client, admin: User) -> None:
    member = seed.user("member", staff=False)
    Favorite.objects.create(user=member, series=series("Nine Tides"), notes="secret")
    favorite(admin).change(custom_title="Uhrwerk", notes="in the rain")
    for query, there in (("uhrwerk", True), ("rain", True), ("clockmaker", True), ("secret", False)):
        text = text_of(browser.get("/parts/favorites", {"q": query}, headers=HTMX))
        assert ("Uhrwerk" in text) == there, query
        assert "Nine Tides" not in text
    assert "No favourite matches" in text_of(browser.get("/favorites?q=secret"))
    Favorite.objects.all().delete()
    assert "No favourites yet" in text_of(browser.get("/favorites"))


def test_pages_and_orders(browser: Client, admin: User, django_assert_max_num_queries: Any) -> None:
    favorite(admin).change(rating=5)
    browser.get("/favorites")
    _forget_caches()
    with django_assert_max_num_queries(30) as few:
        browser.get("/favorites?sort=rating")
    for number in range(26):
        row = Series.objects.create(key=f"more-{number}", name=f"More {number:02}", folder=f"More {number}")
        Favorite.objects.create(user=admin, series=row)
    _forget_caches()
    with django_assert_max_num_queries(len(few.captured_queries)):
        text = text_of(browser.get("/favorites?sort=rating"))
    cards = re.findall(r"<h2><a [^>]+>([^<]+)</a></h2>", text)
    assert (len(cards), cards[0]) == (24, "The Clockmaker&#x27;s Garden")
    assert 'href="/favorites?sort=rating&amp;page=2"' in text
    assert len(re.findall(r"<h2><a ", text_of(browser.get("/favorites?sort=rating&page=2")))) == 4
