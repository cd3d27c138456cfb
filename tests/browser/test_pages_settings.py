"""The settings as the server renders them: who sees what, forms without script, errors at their fields, what stays."""

from __future__ import annotations

import io
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from aniworld.accounts import sessions, tokens
from aniworld.accounts.models import ApiKey, Preferences, User
from aniworld.audit.models import Change
from aniworld.configuration import exchange, schema, store
from aniworld.configuration.forms import EVERY, SECTION_TITLES
from aniworld.configuration.models import Configuration, ConfigurationBackup
from tests.aniworld.people import PASSWORD, user
from tests.browser.test_pages import Markup, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick")]

OWN = ["/settings", "/settings/account"]
SECTIONS = [f"/settings/{name}" for name in SECTION_TITLES]
FOR_STAFF = [*SECTIONS, "/settings/keys", "/settings/backups", "/settings/reset", "/settings/export"]


@pytest.fixture
def boss() -> Client:
    return signed_in(user())


@pytest.fixture
def member() -> Client:
    return signed_in(user("member", staff=False))


def signed_in(person: User) -> Client:
    client = Client(headers={"User-Agent": "Firefox of the tests"})
    assert client.post("/login", {"username": person.username, "password": PASSWORD}).status_code == 302
    return client


def filled(client: Client, path: str) -> dict[str, Any]:
    """What a browser would send back unchanged: what stands in the page."""
    text = text_of(client.get(path))
    body = text[text.index('<div class="settings__body"') :]
    values: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", body):
        named = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        is_box = named.get("type") == "checkbox"
        if "name" in named and (not is_box or " checked" in tag):
            values[named["name"]] = named.get("value", "on" if is_box else "")
    for name, options in re.findall(r'<select name="(\w+)".*?>(.*?)</select>', body, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected>', options)
        values[name] = chosen[1] if chosen else re.findall(r'<option value="([^"]*)"', options)[0]
    values.pop("csrfmiddlewaretoken", None)
    return values


def test_a_page_keeps_to_the_policy_and_says_where_one_is(boss: Client) -> None:
    for path in [*OWN, *FOR_STAFF[:-1]]:
        response = boss.get(path)
        text = text_of(response)
        markup = Markup(text)
        assert (path, response.status_code, markup.refused, markup.doubled) == (path, 200, [], set())
        # Below the backups there is no place for the reset: only the rail says where that is.
        assert text.count('aria-current="page"') >= (1 if path == "/settings/reset" else 2), path
        assert "no-store" in response["Cache-Control"]
        assert "Not saved yet<" not in text


def test_the_page_of_configuration_backups_leads_to_those_of_the_database(boss: Client) -> None:
    text = text_of(boss.get("/settings/backups"))
    assert "<h1>Configuration backups</h1>" in text
    assert "no series, no queue, no users" in text
    assert 'href="/admin/backups/"' in text
    assert boss.get("/admin/backups/").status_code == 200


def test_everybody_may_choose_german(member: Client) -> None:
    text = text_of(member.get("/settings"))
    assert re.search(r'<option value="de"[^>]*>Deutsch</option>', text)


def test_the_configuration_is_for_administrators(member: Client) -> None:
    for path in FOR_STAFF:
        assert (path, member.get(path).status_code, member.post(path).status_code) == (path, 403, 403)
    for form in ("/settings/import", "/settings/backups/x", "/settings/keys/1/delete", "/settings/notifications/test"):
        assert member.post(form).status_code == 403
    links = text_of(member.get("/settings"))
    assert "/settings/account" in links
    assert "/settings/downloads" not in links


def test_every_setting_in_force_is_on_a_page(boss: Client) -> None:
    pages = "".join(text_of(boss.get(path)) for path in SECTIONS)
    assert [one.name for one in EVERY if f'id="row-{one.name}"' not in pages] == []
    assert boss.get("/settings/nothing").status_code == 404


def test_saving_a_section_unchanged_changes_nothing(boss: Client) -> None:
    store.change({"notifications": {"targets": [{"label": "phone", "address": "json://example.org/s3cret"}]}})
    before, backups = store.current(), ConfigurationBackup.objects.count()
    for path in SECTIONS:
        assert boss.post(path, filled(boss, path)).status_code == 302, path
    store.forget()
    assert store.current() == before
    assert ConfigurationBackup.objects.count() == backups


def test_a_change_is_saved_with_a_backup_and_its_author(boss: Client) -> None:
    values = filled(boss, "/settings/downloads") | {
        "downloads__max_retries": "6",
        "downloads__language_plan__order_0": "English Dub",
        "downloads__language_plan__order_1": "",
        "downloads__language_plan__order_2": "German Sub",
    }
    page = boss.post("/settings/downloads", values, follow=True)
    now = store.current().downloads
    assert (now.max_retries, now.language_plan.order) == (6, ("English Dub", "German Sub"))
    assert "Saved: 2 settings." in text_of(page)
    assert ConfigurationBackup.objects.get().created_by == "admin"
    change = Change.objects.get()
    assert (change.via, change.by) == ("page", "admin")


def test_a_form_that_stood_open_takes_nothing_back(boss: Client) -> None:
    """Two administrators: what the second did not touch stays as the first saved it meanwhile."""
    path = "/settings/downloads"
    opened = filled(boss, path)
    store.change({"downloads": {"max_retries": 9, "bandwidth_limit_mbps": 5, "language_plan": {"upgrade": True}}})
    values = opened | {"downloads__stall_seconds": "12", "downloads__language_plan__fallback": ""}
    refused = boss.post(path, values | {"downloads__stall_seconds": "soon"})
    assert refused.status_code == 422
    shown_at_first = 'name="initial-downloads__max_retries" value="3"'
    assert shown_at_first in text_of(refused)
    page = boss.post(path, values, follow=True)
    assert "Saved: 2 settings." in text_of(page)
    now = store.current().downloads
    assert (now.max_retries, now.bandwidth_limit_mbps, now.stall_seconds) == (9, 5, 12)
    assert (now.language_plan.upgrade, now.language_plan.fallback) == (True, False)


def test_every_error_is_at_its_field_and_what_was_typed_stays(boss: Client) -> None:
    values = filled(boss, "/settings/downloads") | {
        "downloads__max_retries": "0",
        "downloads__stall_seconds": "soon",
        "downloads__window_start": "25:00",
        "downloads__timed_limit_mbps": "12.5",
    }
    page = boss.post("/settings/downloads", values)
    text = text_of(page)
    assert page.status_code == 422
    wrong = set(re.findall(r'id="id_(\w+)_error"', text))
    assert wrong == {
        *("downloads__max_retries", "downloads__stall_seconds", "downloads__window_start"),
        "downloads__timed_limit_mbps",
    }
    for typed in ("soon", "25:00", "12.5"):
        assert f'value="{typed}"' in text
    assert text.count('aria-invalid="true"') == 4
    assert "Not saved yet<" in text
    assert not ConfigurationBackup.objects.exists()


def test_a_new_target_stays_when_something_is_wrong(boss: Client) -> None:
    typed = {"notifications__targets__label": "phone", "notifications__targets__address": "json://example.org/s3cret"}
    values = filled(boss, "/settings/notifications") | typed | {"notifications__digest_minutes": "-1"}
    text = text_of(boss.post("/settings/notifications", values))
    assert 'value="phone"' in text
    assert 'value="json://example.org/s3cret"' in text
    assert boss.post("/settings/notifications", values | {"notifications__digest_minutes": "0"}).status_code == 302
    assert store.current().notifications.targets == ({"label": "phone", "address": "json://example.org/s3cret"},)
    text = text_of(boss.get("/settings/notifications"))
    assert "phone" in text
    assert "s3cret" not in text
    gone = filled(boss, "/settings/notifications") | {"notifications__targets__remove": ["phone"]}
    boss.post("/settings/notifications", gone)
    assert store.current().notifications.targets == ()


def test_a_target_that_another_process_has_just_added_stays(boss: Client) -> None:
    mine, theirs = ({"label": name, "address": f"json://example.org/{name}"} for name in ("mine", "theirs"))
    values = filled(boss, "/settings/notifications")
    row = store.ensure_row()
    store.current()
    Configuration.objects.update(notifications=row.notifications | {"targets": [theirs]}, version=row.version + 1)
    typed = {f"notifications__targets__{name}": text for name, text in mine.items()}
    assert boss.post("/settings/notifications", values | typed).status_code == 302
    assert store.current().notifications.targets == (theirs, mine)


def test_a_half_target_says_what_is_missing(boss: Client) -> None:
    values = filled(boss, "/settings/notifications") | {"notifications__targets__label": "phone"}
    text = text_of(boss.post("/settings/notifications", values))
    assert "A new target needs a label and an address." in text
    assert 'value="phone"' in text


def test_a_test_tells_what_came_of_it_and_keeps_the_form(boss: Client) -> None:
    values = filled(boss, "/settings/notifications") | {"notifications__targets__label": "half typed"}
    text = text_of(boss.post("/settings/notifications/test", values | {"target": "phone"}))
    assert "There is no target of this name." in text
    assert 'value="half typed"' in text
    # Port 9 of this machine: a private address, which no alert may reach.
    store.change({"notifications": {"targets": [{"label": "phone", "address": "json://127.0.0.1:9/x"}]}})
    text = text_of(boss.post("/settings/notifications/test", values | {"target": "phone"}))
    assert "<b>phone</b>" in text
    assert "arrived" not in text[text.index("<b>phone</b>") :][:200]


def test_a_secret_is_kept_replaced_and_removed(boss: Client) -> None:
    path = "/settings/metadata"
    boss.post(path, filled(boss, path) | {"metadata__tmdb_api_key": "k3y-of-mine"})
    text = text_of(boss.get(path))
    assert "k3y-of-mine" not in text
    assert 'placeholder="•••"' in text
    boss.post(path, filled(boss, path) | {"metadata__tmdb_language": "en-US"})
    assert store.current().metadata.tmdb_api_key == "k3y-of-mine"
    boss.post(path, filled(boss, path) | {"metadata__tmdb_api_key": "-"})
    assert store.current().metadata.tmdb_api_key == ""


def test_preferences_are_everybodys_own(member: Client) -> None:
    values = filled(member, "/settings")
    assert (
        member.post("/settings", values | {"theme": "dark", "density": "compact", "shortcuts": ""}).status_code == 302
    )
    row = Preferences.objects.get(user__username="member")
    assert (row.theme, row.density, row.language, row.check_interval) == ("dark", "compact", "", None)
    page = member.get("/settings")
    assert 'data-theme="dark"' in text_of(page)
    assert 'data-density="compact"' in text_of(page)
    assert member.post("/settings", values | {"check_interval": "60"}).status_code == 302
    row.refresh_from_db()
    assert row.check_interval == 60
    assert member.post("/settings", values | {"theme": "pink", "check_interval": "7"}).status_code == 422
    assert member.post("/settings", values | {"theme": ""}).status_code == 422


def test_the_password_is_changed_and_everything_else_ends(boss: Client) -> None:
    person = User.objects.get()
    other = signed_in(person)
    _token, text = tokens.issue(person, None, "")
    body = {"present": PASSWORD, "new": "another good battery", "again": "another good battery"}
    assert boss.post("/settings/account", body).status_code == 302
    assert boss.get("/settings/account").status_code == 200
    assert other.get("/settings/account").status_code == 302
    assert tokens.verify(text) is None


def test_all_that_is_wrong_with_a_password_is_told_and_what_was_typed_stays(boss: Client) -> None:
    page = boss.post("/settings/account", {"present": "wrong one", "new": "1234567", "again": "7654321"})
    text = text_of(page)
    assert page.status_code == 422
    for name in ("present", "new", "again"):
        assert f'id="{name}-error"' in text
    assert 'value="wrong one"' in text
    assert 'value="7654321"' in text
    assert "no-store" in page["Cache-Control"]
    for _number in range(5):
        page = boss.post("/settings/account", {"present": "wrong one"})
    assert page.status_code == 429
    assert int(page["Retry-After"]) > 0


def test_sessions_and_tokens_are_listed_and_ended(boss: Client, member: Client) -> None:
    person = User.objects.get(username="admin")
    there = signed_in(person)
    token, text = tokens.issue(person, "10.0.0.7", "a script")
    shown = text_of(boss.get("/settings/account"))
    assert shown.count("Firefox of the tests") >= 2
    assert shown.count("This browser") == 1
    assert "10.0.0.7" in shown
    keys = list(sessions.live(person).values_list("session_key", flat=True))
    assert not any(key in shown for key in keys)
    member.post("/settings/account/end", {"token": token.pk})
    assert tokens.verify(text)
    boss.post("/settings/account/end", {"token": token.pk})
    assert tokens.verify(text) is None
    handle = re.search(r'name="browser" value="(\w+)"', shown)
    assert handle
    member.post("/settings/account/end", {"browser": handle[1]})
    assert there.get("/settings/account").status_code == 200
    boss.post("/settings/account/end", {"browser": handle[1]})
    assert there.get("/settings/account").status_code == 302
    tokens.issue(person, None, "")
    signed_in(person)
    boss.post("/settings/account/end")
    assert sessions.live(person).count() == 1
    assert boss.get("/settings/account").status_code == 200
    for odd in ("9" * 40, "x", "²", "\x00"):
        assert boss.post("/settings/account/end", {"token": odd, "browser": odd}).status_code == 302


def test_a_key_is_shown_once_and_deleted(boss: Client) -> None:
    soon = (timezone.localtime() + timedelta(days=2)).date().isoformat()
    page = boss.post("/settings/keys", {"name": "script", "scope": "queue", "last_day": soon})
    text = re.search(r'<code class="secret"[^>]*>(awk_[\w-]+)</code>', text_of(page))
    assert text
    principal = tokens.verify(text[1])
    assert principal
    assert (principal.user.username, principal.scope) == ("admin", "queue")
    assert text[1] not in text_of(boss.get("/settings/keys"))
    again = boss.post("/settings/keys", {"name": "script", "scope": "nothing", "last_day": "2020-01-01"})
    assert again.status_code == 422
    assert 'id="id_scope_error"' in text_of(again)
    for wrong, place in (({"name": "script"}, "name"), ({"name": "b", "last_day": "2020-01-01"}, "last_day")):
        refused = text_of(boss.post("/settings/keys", {"scope": "read", **wrong}))
        assert f'id="id_{place}_error"' in refused
        assert f'value="{wrong[place]}"' in refused
    boss.post(f"/settings/keys/{ApiKey.objects.get().pk}/delete")
    assert tokens.verify(text[1]) is None


def test_backups_are_made_compared_restored_and_deleted(boss: Client) -> None:
    store.change({"downloads": {"max_retries": 9}, "metadata": {"tmdb_api_key": "k3y-of-mine"}})
    boss.post("/settings/backups")
    name = ConfigurationBackup.objects.all()[0].name
    store.change({"downloads": {"max_retries": 2}, "metadata": {"tmdb_api_key": ""}})
    page = text_of(boss.get(f"/settings/backups/{name}"))
    assert "Tries of each source" in page
    assert "k3y-of-mine" not in page
    assert boss.post(f"/settings/backups/{name}", {"verb": "restore"}).status_code == 302
    assert store.current().downloads.max_retries == 9
    boss.post(f"/settings/backups/{name}", {"verb": "delete"})
    assert boss.get(f"/settings/backups/{name}").status_code == 302
    ConfigurationBackup.objects.create(name="odd", values={"general": {"colour": 1}})
    odd = boss.get("/settings/backups/odd")
    assert odd.status_code == 409
    assert "another version" in text_of(odd)


def test_it_leaves_and_comes_back_as_a_file(boss: Client) -> None:
    store.change({"downloads": {"max_retries": 9}, "metadata": {"tmdb_api_key": "k3y-of-mine"}})
    answer = boss.get("/settings/export")
    assert "attachment" in answer["Content-Disposition"]
    assert b"k3y-of-mine" not in answer.content
    store.change({"downloads": {"max_retries": 2}})
    assert boss.post("/settings/import", {"file": io.BytesIO(answer.content)}).status_code == 302
    assert store.current().downloads.max_retries == 9
    newer = {**exchange.export(), "schema": schema.SCHEMA + 1}
    wrong = {**exchange.export(), "configuration": {"downloads": {"max_retries": 0}, "nothing": {}}}
    for content, told in (
        (json.dumps(newer), "newer version"),
        (json.dumps(wrong), "nothing: There is no such setting"),
        ("[1", "not JSON"),
        ("\x00\xff", "not JSON"),
        ("[" * 100_000, "not JSON"),
    ):
        refused = boss.post("/settings/import", {"file": io.BytesIO(content.encode("latin-1"))})
        assert refused.status_code == 422
        assert told in text_of(refused)
    assert boss.post("/settings/import").status_code == 422


def test_a_reset_says_first_what_it_would_change(boss: Client) -> None:
    store.change({"downloads": {"max_retries": 9}})
    assert "Tries of each source" in text_of(boss.get("/settings/reset"))
    assert store.current().downloads.max_retries == 9
    boss.post("/settings/reset")
    assert store.current().downloads.max_retries == 3


def test_the_first_run_tells_every_error_once_and_keeps_what_was_typed() -> None:
    typed = {"password": "1234567", "again": "7654321", "library_dir": "/proc/nothing/there", "catalogue": "own"}
    page = Client().post("/setup", typed)
    text = text_of(page)
    assert page.status_code == 422
    assert text.count("/proc/nothing”") == 1
    assert text.count("too short") == 1
    assert text.count("The two passwords differ.") == 1
    for value in ("1234567", "7654321", "/proc/nothing/there"):
        assert f'value="{value}"' in text
    assert re.search(r'value="own" checked', text)
    assert "no-store" in page["Cache-Control"]
    assert not User.objects.exists()
