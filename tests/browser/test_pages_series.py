"""Adding and removing series by the pages, what a failed one says, and where other spellings of an address lead."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from aniworld.accounts.models import User
from library.models import EpisodeFile, Series
from providers import registry
from providers.models import Provider
from tests.aniworld.people import user
from tests.browser import seed
from tests.browser.test_pages import HTMX, series, text_of

pytestmark = pytest.mark.django_db

RESULT = {"provider": "demo", "key": "silberfaden", "name": "Silberfaden", "q": "silber & faden"}


@pytest.fixture
def demo(admin: User, settings: Any) -> None:
    settings.DEMO = True
    registry.sync()
    Provider.objects.get(name="demo").enable()


def test_a_result_is_added_where_it_stands(browser: Client, demo: None) -> None:
    answer = browser.post("/add/series", RESULT, headers=HTMX)
    assert answer.status_code == 200
    assert 'href="/anime/silberfaden"' in text_of(answer)
    assert "In your library" in text_of(answer)
    assert "was added" in answer["HX-Trigger"]
    again = browser.post("/add/series", RESULT, headers=HTMX)
    assert "In your library" in text_of(again)
    assert "already" in again["HX-Trigger"]


def test_without_script_adding_leads_back_to_the_results(browser: Client, demo: None) -> None:
    answer = browser.post("/add/series", RESULT)
    assert (answer.status_code, answer["Location"]) == (302, "/add?q=silber+%26+faden&now=1")
    refused = browser.post("/add/series", RESULT | {"provider": "aniworld"})
    assert (refused.status_code, refused["Location"]) == (302, "/add?q=silber+%26+faden&now=1")


# Catalogues are asked in a thread of their own, which would wait for a transaction of the test.
@pytest.mark.django_db(transaction=True)
def test_a_wrong_link_stays_in_its_field_with_the_reason(browser: Client, demo: None) -> None:
    link = "https://example.org/anime/stream/nothing"
    answer = browser.post("/add/series", {"link": link})
    text = text_of(answer)
    assert answer.status_code == 422
    assert f'value="{link}"' in text
    assert re.search(r'role="alert">.*?No enabled catalogue knows this link', text, re.DOTALL)


def test_the_empty_page_says_what_to_try(browser: Client, demo: None) -> None:
    tried = re.findall(r'<a class="chip" href="/add\?q=([^"]+)"', text_of(browser.get("/add")))
    assert len(tried) == 2
    Provider.objects.update(enabled=False)
    text = text_of(browser.get("/add"))
    assert 'href="/admin/providers/provider/' in text
    assert "Try:" not in text


def test_a_series_is_removed_after_a_question_and_brought_back(browser: Client) -> None:
    row = series("Beneath Paper Lanterns")
    files = EpisodeFile.objects.count()
    address = f"/anime/{row.key}/remove"
    assert f'href="{address}"' in text_of(browser.get(f"/anime/{row.key}"))
    asked = text_of(browser.get(address))
    assert "3 files stay on disk" in asked
    assert Series.objects.live().filter(pk=row.pk).exists()
    answer = browser.post(address, follow=True)
    assert answer.redirect_chain == [("/", 302)]
    assert not Series.objects.live().filter(pk=row.pk).exists()
    assert EpisodeFile.objects.count() == files
    undo = re.search(r'action="(/undo/[^"]+)"', text_of(answer))
    assert undo
    assert browser.post(undo[1])["Location"] == "/"
    assert Series.objects.live().filter(pk=row.pk).exists()


def test_only_staff_may_remove(browser: Client) -> None:
    member, row = Client(), series()
    member.force_login(seed.user("member", staff=False))
    assert "/remove" not in text_of(member.get(f"/anime/{row.key}"))
    assert [
        member.get(f"/anime/{row.key}/remove").status_code,
        member.post(f"/anime/{row.key}/remove").status_code,
    ] == [
        403,
        403,
    ]
    assert Series.objects.live().filter(pk=row.pk).exists()


def test_a_series_that_could_not_be_loaded_says_it_once(browser: Client) -> None:
    row = series("Fox in the Server Room")
    row.episodes.all().delete()
    text = text_of(browser.get(f"/anime/{row.key}"))
    assert text.count("could not be loaded") == 1
    assert "lists none so far" not in text
    assert text.count(f'action="/anime/{row.key}/reload"') == 1
    assert text.count(f'href="/anime/{row.key}/remove"') == 1


def test_failed_ones_are_not_called_loading(browser: Client) -> None:
    text = text_of(browser.get("/?filter=failed"))
    assert re.findall(r'class="poster__title">([^<]+)', text) == ["Fox in the Server Room"]
    assert re.findall(r'class="poster__title">([^<]+)', text_of(browser.get("/?filter=loading"))) == ["Nine Tides"]


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/admin", "/admin/"),
        ("/admin/library/series?q=a", "/admin/library/series/?q=a"),
        ("/queue/", "/queue"),
        ("/queue/?completed=2", "/queue?completed=2"),
        ("/anime/silent-orbit/", "/anime/silent-orbit"),
        ("/anime/a%3Fb/", "/anime/a%3Fb"),
    ],
)
def test_the_other_spelling_of_an_address_leads_to_the_right_one(browser: Client, path: str, leads_to: str) -> None:
    answer = browser.get(path)
    assert (answer.status_code, answer["Location"]) == (302, leads_to)


def test_what_is_not_there_is_called_what_it_is(browser: Client) -> None:
    assert "no such series" in text_of(browser.get("/anime/unknown"))
    for path in ("/nothing", "/nothing/", "/queue/nothing/at/all"):
        answer = browser.get(path)
        assert answer.status_code == 404
        assert "series in the library" not in text_of(answer)


def test_a_person_at_the_bare_api_is_led_to_its_documentation(browser: Client) -> None:
    assert browser.get("/api", headers={"Accept": "text/html"})["Location"] == "/api/docs"
    assert browser.get("/api").status_code == 404


def test_the_login_blames_only_what_was_asked_for(admin: User) -> None:
    assert "The password is wrong." in text_of(Client().post("/login", {"password": "wrong"}))
    assert "The user name or" in text_of(Client().post("/login", {"username": "admin", "password": "wrong"}))
    seed.user("member", staff=False)
    assert "The user name or" in text_of(Client().post("/login", {"password": "wrong"}))


def test_the_folder_check_tells_the_whole_truth(quick: None, tmp_path: Path) -> None:
    def told(folder: str) -> str:
        return text_of(Client().get("/setup/folder", {"library_dir": folder}))

    assert f"{tmp_path}/films will be created" in told(f"  {tmp_path}/films ")
    assert f"{tmp_path} is there and can be written" in told(str(tmp_path))
    assert not (tmp_path / "films").exists()
    file = tmp_path / "file"
    file.touch()
    assert "is a file" in told(str(file))
    assert f"There is no folder “{tmp_path}/no”" in told(f"{tmp_path}/no/films")


@pytest.mark.parametrize("name", ["WORK_DIR", "BACKUP_DIR", "LOG_DIR", "DATA_DIR"])
def test_the_programs_own_folders_are_no_library(quick: None, settings: Any, name: str) -> None:
    own = Path(getattr(settings, name))
    own.mkdir(parents=True, exist_ok=True)
    inside = own if name == "DATA_DIR" else own / "films"
    text = text_of(Client().get("/setup/folder", {"library_dir": str(inside)}))
    assert 'data-writable="no"' in text
    assert 'data-writable="no"' in text_of(Client().get("/setup/folder", {"library_dir": "/"}))


def test_a_favourite_is_made_and_unmade(browser: Client) -> None:
    one = series()
    pressed = re.compile(r'aria-pressed="(true|false)"[^>]*>.{0,200}?Favourite', re.DOTALL)
    for wanted, shown in (("on", "true"), ("", "false")):
        browser.post(f"/anime/{one.key}/favorite", {"wanted": wanted})
        found = pressed.search(text_of(browser.get(f"/anime/{one.key}")))
        assert found
        assert found[1] == shown


def test_only_staff_decides_what_is_monitored(browser: Client) -> None:
    one, member = series(), Client()
    member.force_login(user("member", staff=False))
    assert browser.post(f"/anime/{one.key}/monitor", {"wanted": ""}).status_code == 302
    one.refresh_from_db()
    assert not one.monitored
    assert member.post(f"/anime/{one.key}/monitor", {"wanted": "on"}).status_code == 403
    assert "/monitor" not in text_of(member.get(f"/anime/{one.key}"))
