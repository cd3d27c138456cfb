"""The pages as the server renders them: what they hold, what their forms do without script, what they refuse."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from aniworld.accounts.models import Preferences, User
from aniworld.configuration import store
from downloads import statistics
from downloads.models import Priority, QueueItem, QueueState
from library.models import Series
from providers.models import Provider
from tests.browser import seed

pytestmark = pytest.mark.django_db

PAGES = [
    "/",
    "/?filter=missing",
    "/?q=light",
    "/?q=zzz",
    "/?sort=newest&page=2",
    "/add",
    "/add?q=a",
    "/queue",
    "/calendar",
    "/calendar?view=agenda&show=monitored",
    "/providers",
    "/settings",
    "/settings/account",
]
PARTS = ["/parts/library", "/parts/calendar", "/parts/queue", "/parts/activity", "/parts/providers", "/parts/results"]
PARTS += ["/parts/at-hand", "/parts/at-hand?q=garden"]
HTMX = {"HX-Request": "true"}
ODD = [
    "\x00",
    "a\x00b",
    "9" * 400,
    "\ud7ff\uffff",
    "' OR 1=1 --",
    "<script>x</script>",
    "%00",
    "-1",
    "٣",
    "²",
    "é" * 500,
]


class Markup(HTMLParser):
    """What a strict policy would refuse, and the ids that stand twice."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.refused: list[str] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.ids.append(named.get("id") or "")
        self.refused += [f"{tag} {name}" for name in named if name == "style" or name.startswith(("on", "hx-on"))]
        if tag == "style" or (tag == "script" and not named.get("src")):
            self.refused.append(tag)
        # A link may lead elsewhere when it says nothing of where it was; nothing else may.
        leads_away = tag == "a" and named.get("rel") == "noopener noreferrer"
        forbidden = r"(?i)javascript:" if leads_away else r"(?i)(https?:)?//|javascript:"
        for name in ("src", "href", "action"):
            if re.match(forbidden, named.get(name) or ""):
                self.refused.append(f"{tag} {name}={named[name]}")

    @property
    def doubled(self) -> set[str]:
        return {name for name in self.ids if name and self.ids.count(name) > 1}


def text_of(response: Any) -> str:
    return str(response.content.decode())


def series(name: str = "The Clockmaker's Garden") -> Series:
    return Series.objects.get(name=name)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_keeps_to_the_policy(browser: Client, path: str) -> None:
    response = browser.get(path)
    assert response.status_code == 200
    markup = Markup(text_of(response))
    assert markup.refused == []
    assert markup.doubled == set()
    assert "unsafe" not in response["Content-Security-Policy"]


def test_every_series_has_a_page(browser: Client) -> None:
    for row in Series.objects.all():
        response = browser.get(reverse("series", args=[row.key]))
        markup = Markup(text_of(response))
        assert (response.status_code, markup.refused, markup.doubled) == (200, [], set())


@pytest.mark.parametrize("path", PARTS)
def test_a_part_is_no_page(browser: Client, path: str) -> None:
    text = text_of(browser.get(path, headers=HTMX))
    assert "<html" not in text
    assert text.lstrip().startswith(("<div", "<a"))


@pytest.mark.parametrize("path", [*PAGES, "/anime/any", "/anime/any/cover", "/covers/any"])
def test_strangers_are_led_to_the_login_and_back(admin: User, path: str) -> None:
    response = Client().get(path)
    assert response.status_code == 302
    assert response["Location"].startswith("/login")
    back = Client().post(response["Location"], {"username": "admin", "password": seed.PASSWORD})
    assert back.status_code == 302
    assert back["Location"] == path


def test_a_part_tells_a_stranger_to_go_to_the_login(admin: User) -> None:
    response = Client().get("/parts/queue", headers=HTMX)
    assert (response.status_code, response["HX-Redirect"]) == (204, "/login")


@pytest.mark.parametrize(
    "target", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_the_login_leads_to_no_other_site(admin: User, target: str) -> None:
    response = Client().post("/login", {"username": "admin", "password": seed.PASSWORD, "next": target})
    assert response["Location"] == "/"


def test_a_wrong_password_is_refused_and_soon_locked(admin: User) -> None:
    client = Client()
    answers = [client.post("/login", {"username": "admin", "password": "wrong"}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert int(answers[-1]["Retry-After"]) > 0
    assert "Try again in" in text_of(answers[-1])


def test_forms_demand_their_token(admin: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)
    response = client.post("/queue/stop")
    assert response.status_code == 403
    assert "That form was too old" in text_of(response)
    assert QueueState.objects.now().is_running


def test_the_first_run_signs_in_and_keeps_the_folder(quick: None, tmp_path: Path) -> None:
    folder = tmp_path / "films"
    client = Client()
    assert "Choose a password" in text_of(client.get("/setup"))
    response = client.post(
        "/setup",
        {"password": "hunter22-long", "again": "hunter22-long", "library_dir": str(folder), "catalogue": "own"},
    )
    assert (response.status_code, response["Location"]) == (302, "/")
    assert folder.is_dir()
    assert store.current().library.directory == str(folder)
    assert "Your library is empty" in text_of(client.get("/"))
    assert client.get("/setup").status_code == 302
    assert client.get("/setup/folder?library_dir=/").status_code == 404


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"password": "hunter22-long", "again": "hunter23-long"}, "differ"),
        ({"password": "short", "again": "short"}, "too short"),
        ({"password": "hunter22-long", "again": "hunter22-long", "library_dir": "relative"}, "absolute"),
        ({"password": "hunter22-long", "again": "hunter22-long", "library_dir": "~nobody-here/x"}, "absolute"),
        (
            {"password": "hunter22-long", "again": "hunter22-long", "library_dir": "/no/such/folder"},
            "There is no folder “/no/such”",
        ),
        ({"password": "hunter22-long", "again": "hunter22-long", "library_dir": "/a\x00b"}, "absolute"),
    ],
)
def test_the_first_run_says_what_is_wrong(quick: None, values: dict[str, str], told: str) -> None:
    response = Client().post("/setup", values)
    assert response.status_code == 422
    assert told in text_of(response)
    assert not User.objects.exists()


@pytest.mark.parametrize("folder", ["", "relative", "/\x00", "/no/such/at-all", "~nobody-here/x", "/" + "a" * 900])
def test_a_folder_that_will_not_do_is_told_beside_its_field(quick: None, folder: str) -> None:
    response = Client().get("/setup/folder", {"library_dir": folder})
    assert response.status_code == 200
    assert 'data-writable="no"' in text_of(response)


def test_one_episode_and_all_missing_are_queued_by_forms(browser: Client) -> None:
    row = series("Silent Orbit")
    episode = row.episodes.filter(is_downloaded=False).first()
    assert episode is not None
    address = reverse("series-download", args=[row.key])
    response = browser.post(address, {"episode": episode.pk, "season": episode.season}, follow=True)
    assert "1 episode added to the queue." in text_of(response)
    assert QueueItem.objects.get(series=row).episode == episode
    again = browser.post(address, {"episode": episode.pk}, headers=HTMX)
    assert "in the queue already" in again["HX-Trigger"]
    browser.post(address)
    assert QueueItem.objects.filter(series=row).count() == 6


@pytest.mark.parametrize(("verb", "running", "paused"), [("stop", False, False), ("pause", True, True)])
def test_the_queue_is_switched_by_forms(browser: Client, verb: str, *, running: bool, paused: bool) -> None:
    response = browser.post(f"/queue/{verb}")
    assert (response.status_code, response["Location"]) == (302, "/queue")
    state = QueueState.objects.now()
    assert (state.is_running, state.is_paused) == (running, paused)
    browser.post("/queue/start" if verb == "stop" else "/queue/resume")
    assert QueueState.objects.now().may_start


def test_an_item_is_cancelled_and_brought_back(browser: Client) -> None:
    item = QueueItem.objects.filter(status="pending").first()
    assert item is not None
    text = text_of(browser.post(f"/queue/items/{item.pk}/cancel", follow=True))
    item.refresh_from_db()
    assert item.status == "cancelled"
    undo = re.search(r'action="(/undo/[^"]+)"', text)
    assert undo
    browser.post(undo[1])
    item.refresh_from_db()
    assert item.status == "pending"


def test_items_move_change_priority_pause_resume_and_retry(browser: Client) -> None:
    def waiting() -> list[int]:
        return list(QueueItem.objects.filter(status="pending").values_list("pk", flat=True))

    first, second, third, *_rest = waiting()
    browser.post(f"/queue/items/{third}/up")
    assert waiting()[:3] == [first, third, second]
    browser.post(f"/queue/items/{third}/down")
    assert waiting()[:3] == [first, second, third]
    browser.post(f"/queue/items/{third}/move", {"before": second})
    assert waiting()[:3] == [first, third, second]
    browser.post(f"/queue/items/{second}/move")
    assert waiting()[-1] == second
    browser.post(f"/queue/items/{second}/priority", {"priority": Priority.HIGH.value})
    assert second in waiting()[:2]
    browser.post(f"/queue/items/{second}/pause")
    assert QueueItem.objects.get(pk=second).pause_reason == "user"
    browser.post(f"/queue/items/{second}/resume")
    assert QueueItem.objects.get(pk=second).status == "pending"
    failed = QueueItem.objects.get(status="failed")
    browser.post(f"/queue/items/{failed.pk}/retry")
    assert QueueItem.objects.get(pk=failed.pk).status == "pending"


def test_a_refusal_is_a_message_not_an_error(browser: Client) -> None:
    done = QueueItem.objects.filter(status="completed").first()
    assert done is not None
    assert "over already" in text_of(browser.post(f"/queue/items/{done.pk}/pause", follow=True))
    answer = browser.post(f"/queue/items/{done.pk}/up", headers=HTMX)
    assert answer.status_code == 204
    assert '"warning"' in answer["HX-Trigger"]


def test_finished_entries_are_cleared(browser: Client) -> None:
    browser.post("/queue/clear-completed")
    assert not QueueItem.objects.listed().filter(status="completed").exists()
    assert 'id="completed-title"' not in text_of(browser.get("/queue"))


@pytest.mark.parametrize("odd", ODD)
def test_odd_input_breaks_nothing(browser: Client, odd: str) -> None:
    row, item = series(), QueueItem.objects.filter(status="pending").first()
    assert item is not None
    answers = [
        browser.get("/", {"q": odd, "page": odd, "sort": odd, "filter": odd}),
        browser.get("/add", {"q": odd, "now": "1"}),
        browser.get("/parts/results", {"q": odd}),
        browser.get(f"/anime/{row.key}", {"season": odd}),
        browser.get(reverse("cover", args=[odd.replace("/", "")])),
        browser.get(reverse("series", args=[odd.replace("/", "")])),
        browser.post(f"/anime/{row.key}/download", {"episode": odd, "season": odd}),
        browser.post("/add/series", {"key": odd, "provider": odd, "name": odd}),
        browser.post("/add/series", {"link": odd}),
        browser.post(f"/queue/items/{item.pk}/priority", {"priority": odd}),
        browser.post(f"/queue/items/{item.pk}/move", {"before": odd}),
        browser.post(f"/queue/items/{item.pk}/cancel", {"back": odd}),
        browser.post(reverse("undo", args=[odd.replace("/", "")])),
        browser.post("/theme", {"theme": odd}),
        browser.post("/queue/items/99999999999999999999999/cancel"),
    ]
    assert [answer.status_code for answer in answers if answer.status_code >= 500] == []


def test_foreign_text_never_becomes_markup(browser: Client) -> None:
    hostile = "<img src=x onerror=alert(1)>\"'</title><script>alert(1)</script>"
    Series.objects.update(description=hostile, loading_error=hostile, genres=[hostile])
    QueueItem.objects.exclude(status="downloading").update(error_message=hostile)
    Series.objects.filter(pk=series().pk).update(name=hostile)
    for path in ("/", "/queue", f"/anime/{series(hostile).key}", "/add?q=img"):
        text = text_of(browser.get(path))
        assert "<img src=x" not in text
        assert Markup(text).refused == []


def test_lists_cost_the_same_for_many(browser: Client, django_assert_max_num_queries: Any) -> None:
    row = series("Harbour Lights")
    for path in ("/", "/queue", f"/anime/{row.key}"):
        browser.get(path)
        _forget_caches()
        with django_assert_max_num_queries(60) as few:
            browser.get(path)
        for number in range(12):
            more = seed.series(f"More {path.count('/')} {len(path)} {number}", 2020, 6, 1)
            for episode in more.episodes.filter(is_downloaded=False):
                seed.item(episode, "pending")
        _forget_caches()
        with django_assert_max_num_queries(len(few.captured_queries)):
            browser.get(path)


def _forget_caches() -> None:
    """What a process keeps for a second is read by both of two requests then, or it would be by chance."""
    store.forget()
    Provider.forget()
    statistics.forget()


def test_the_admin_link_is_for_staff_alone(browser: Client) -> None:
    member = Client()
    member.force_login(seed.user("member", staff=False))
    assert 'href="/admin/"' in text_of(browser.get("/"))
    assert 'href="/admin/"' not in text_of(member.get("/"))


def test_the_theme_is_kept_with_the_user(browser: Client, admin: User) -> None:
    browser.post("/theme", {"theme": "dark"})
    assert Preferences.objects.get(user=admin).theme == "dark"
    assert 'data-theme="dark"' in text_of(browser.get("/"))


def test_unknown_addresses_are_friendly(browser: Client) -> None:
    for path in ("/nothing", "/anime/unknown", "/queue/items/1"):
        response = browser.get(path)
        assert response.status_code in (302, 404)
    assert "Nothing is showing here" in text_of(browser.get("/nothing"))


@pytest.mark.parametrize(
    ("own", "default", "browser_speaks", "spoken"),
    [
        ("", "auto", "de-AT,de;q=0.9", "de"),
        ("", "auto", "fr", "en"),
        ("", "de", "en", "de"),
        ("en", "de", "de", "en"),
        ("de", "auto", "en", "de"),
        ("fr", "auto", "de", "de"),
    ],
)
def test_the_user_then_the_operator_then_the_browser_choose_the_language(
    browser: Client, admin: User, own: str, default: str, browser_speaks: str, spoken: str
) -> None:
    Preferences.objects.update_or_create(user=admin, defaults={"language": own})
    store.change({"general": {"default_ui_language": default}})
    text = text_of(browser.get("/queue", headers={"Accept-Language": browser_speaks}))
    assert f'<html lang="{spoken}"' in text
    assert ("<h1>Warteschlange</h1>" if spoken == "de" else "<h1>Queue</h1>") in text
