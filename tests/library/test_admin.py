"""Series in the admin: lists that cost the same however long, and actions that call the verbs."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from library.models import Favorite, Series
from tests.aniworld.people import user
from tests.library.factories import make_episodes, make_series, queries_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(user())
    return client


def act(browser: Client, action: str, *series: Series) -> None:
    chosen = {"action": action, "confirmed": "yes", "_selected_action": [str(one.pk) for one in series]}
    answer = browser.post(f"{reverse('admin:library_series_changelist')}?removed=all", chosen)
    assert answer.status_code == 302, answer.content
    for one in series:
        one.refresh_from_db()


@pytest.mark.parametrize("name", ["series", "episode", "episodefile", "favorite"])
def test_lists_open_and_cost_the_same(browser: Client, name: str) -> None:
    def more() -> None:
        series = make_series(name="<script>alert(1)</script>")
        for episode in make_episodes(series):
            episode.record_file("German Dub", f"{series.pk}/{episode.pk}.mp4", size=1, duration=1.0, mtime=1.0)
        Favorite.objects.create(user_id=browser.session["_auth_user_id"], series=series)

    more()
    more()
    address = reverse(f"admin:library_{name}_changelist")
    browser.get(address)
    few = queries_of(lambda: browser.get(address))
    answer = browser.get(address)
    assert answer.status_code == 200
    assert b"<script>alert" not in answer.content
    for _number in range(5):
        more()
    assert queries_of(lambda: browser.get(address)) <= few
    assert browser.get(address, {"q": "alert"}).status_code == 200
    assert browser.get(address, {"q": "\0"}).status_code < 500


def test_actions_call_the_verbs(browser: Client) -> None:
    one, two = make_series(loading_status="failed", loading_error="x"), make_series(episodes_loaded=True)
    act(browser, "load_missing", one)
    assert (one.loading_status, one.loading_error) == ("pending", "")
    act(browser, "load_anew", two)
    assert not two.episodes_loaded
    act(browser, "stop_monitoring", one, two)
    assert not Series.objects.filter(monitored=True).exists()
    act(browser, "monitor", one)
    assert list(Series.objects.filter(monitored=True)) == [one]
    act(browser, "remove_softly", one)
    act(browser, "load_missing", one)
    assert not Series.objects.live().filter(pk=one.pk).exists()
    act(browser, "restore", one)
    assert Series.objects.live().filter(pk=one.pk).exists()


def test_a_series_is_changed_through_its_verbs(browser: Client) -> None:
    series = make_series(name="Old", folder="Old")
    address = reverse("admin:library_series_change", args=[series.pk])
    assert browser.get(address).status_code == 200
    fields = {
        "name": "New",
        "folder": "../up",
        "monitored": "on",
        "language_plan": '{"order": ["German Dub"]}',
        "status": "unknown",
        "genres": "[]",
        "alternative_titles": "[]",
    }
    assert browser.post(address, fields).status_code == 302
    series.refresh_from_db()
    assert (series.name, series.folder) == ("Old", "Old")
    browser.post(address, {**fields, "folder": "New", "year": "2020"})
    series.refresh_from_db()
    assert (series.name, series.folder, series.year, series.name_fixed) == ("New", "New", 2020, True)
    assert series.language_plan["order"] == ["German Dub"]
