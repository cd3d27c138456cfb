"""The admin's first screen and side bar, and forms that do what they say."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils.text import capfirst

from aniworld import checks
from aniworld.accounts import tokens
from aniworld.accounts.models import ApiKey, Token
from aniworld.configuration import forms, store
from aniworld.configuration.models import Configuration, ConfigurationBackup
from tests.aniworld.people import user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_passwords")]

# Called the same, one or many.
ONE_AND_MANY = {"Series", "Preferences"}


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(user())
    return client


def _url(model: type[models.Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def test_the_first_screen_tells_the_state_and_what_to_do(client: Client) -> None:
    page = client.get("/admin/").content.decode()
    assert "No workers run." in page
    assert "manage.py up" in page
    assert "Free disk" in page
    assert reverse("admin:configuration_configuration_changelist") in page


def test_the_side_bar_begins_with_what_is_set_up_and_ends_with_the_technical(client: Client) -> None:
    first, *_others, last = client.get("/admin/").context["sidebar_navigation"]
    assert [item["title"] for item in first["items"]] == ["Overview", "Configuration", "Providers"]
    assert (last["title"], last["collapsible"]) == ("Technical", True)
    assert "Queued tasks" in {item["title"] for item in last["items"]}


def test_each_list_is_called_as_the_side_bar_calls_it(client: Client) -> None:
    groups = client.get("/admin/").context["sidebar_navigation"]
    places = [item for group in groups for item in group["items"] if item["title"] not in ("Overview", "Configuration")]
    assert len(places) > 25
    for place in places:
        page = client.get(place["link"])
        assert page.context["title"] == place["title"], place
        if "cl" in page.context:
            assert capfirst(page.context["cl"].opts.verbose_name_plural) == place["title"]
            assert (
                page.context["cl"].opts.verbose_name != page.context["cl"].opts.verbose_name_plural
                or place["title"] in ONE_AND_MANY
            )


def test_the_way_to_the_configuration_says_each_step_once(client: Client) -> None:
    page = client.get(_url(Configuration, "changelist"), follow=True).content.decode()
    steps = re.findall(r'tracking-tight">\s*([^<]+?)\s*<', page)
    assert steps.count("Configuration") == 1
    assert "Stalled after (s)" in page


def test_an_old_sqlite_is_information_only(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks.database, "WAL_RESET_FIXED", (99, 0, 0))
    problems = {check.name: check for check in client.get("/admin/").context["problems"]}
    assert problems["sqlite"].severity == "information"
    assert "PostgreSQL" in problems["sqlite"].remedy


def test_everybody_else_is_kept_out() -> None:
    member = Client()
    member.force_login(user("member", staff=False))
    assert member.get("/admin/").status_code == 302
    assert member.get("/admin/accounts/token/").status_code == 302


def test_a_key_is_shown_once_and_no_hash_ever(client: Client) -> None:
    page = client.post(_url(ApiKey, "add"), {"name": "script", "scope": "admin"})
    assert page.status_code == 200
    text = page.context["key"]
    assert text in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert not any(text in cookie.value for cookie in client.cookies.values())
    found = tokens.verify(text)
    assert found
    assert found.user.username == "admin"
    key = ApiKey.objects.get()
    shown = client.get(_url(ApiKey, "change", key.pk)).content.decode()
    assert key.hash not in shown
    assert text not in shown


def test_a_token_is_revoked_by_action(client: Client) -> None:
    token, text = tokens.issue(user("other"), None, "")
    assert token.hash not in client.get(_url(Token, "change", token.pk)).content.decode()
    client.post(_url(Token, "changelist"), {"action": "revoke", "confirmed": "yes", "_selected_action": [token.pk]})
    assert tokens.verify(text) is None


def form_of(client: Client) -> dict[str, Any]:
    """What the browser would send back unchanged."""
    form = client.get(_url(Configuration, "change", 1)).context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    return {name: "on" if value is True else value for name, value in values.items() if value not in (None, False)}


def test_the_configuration_is_one_form_with_every_setting_in_force(client: Client) -> None:
    page = client.get(_url(Configuration, "changelist"), follow=True)
    offered = {setting.name for setting in forms.EVERY}
    assert set(page.context["adminform"].form.fields) == offered
    text = page.content.decode()
    assert "How long a login lasts, in a browser and for programs." in text
    assert text.count('name="downloads__') == sum(name.startswith("downloads__") for name in offered)


def test_saving_it_unchanged_changes_nothing(client: Client) -> None:
    store.ensure_row()
    before = store.current()
    answer = client.post(_url(Configuration, "change", 1), form_of(client))
    assert answer.status_code == 302
    store.forget()
    assert store.current() == before
    assert not ConfigurationBackup.objects.exists()


def test_saving_it_changes_what_was_changed(client: Client) -> None:
    store.change({"metadata": {"tmdb_api_key": "k3y-of-mine"}})
    assert "k3y-of-mine" not in client.get(_url(Configuration, "change", 1)).content.decode()
    values = form_of(client) | {
        "downloads__max_retries": "6",
        "downloads__bandwidth_limit_mbps": "",
        "downloads__language_plan__order": "English Dub, German Sub",
        "notifications__targets__label": "you",
        "notifications__targets__address": "json://127.0.0.1:9/b",
        "general__site_name": "Mine",
    }
    del values["library__season_folders"]
    assert client.post(_url(Configuration, "change", 1), values).status_code == 302
    now = store.current()
    assert now.downloads.max_retries == 6
    assert now.downloads.bandwidth_limit_mbps is None
    assert now.downloads.language_plan.order == ("English Dub", "German Sub")
    assert now.library.season_folders is False
    assert now.metadata.tmdb_api_key == "k3y-of-mine"
    assert now.notifications.targets == ({"label": "you", "address": "json://127.0.0.1:9/b"},)
    backup = ConfigurationBackup.objects.first()
    assert backup
    assert backup.created_by == "admin"
    client.post(_url(Configuration, "change", 1), form_of(client) | {"metadata__tmdb_api_key": "-"})
    assert store.current().metadata.tmdb_api_key == ""


def test_each_error_is_at_its_field(client: Client) -> None:
    store.ensure_row()
    values = form_of(client) | {
        "downloads__max_retries": "0",
        "downloads__language_plan__order": "Klingon",
        "general__site_name": "",
        "scheduler__cron": "a\x00b",
    }
    page = client.post(_url(Configuration, "change", 1), values)
    assert page.status_code == 200
    assert set(page.context["adminform"].form.errors) == {
        "downloads__max_retries",
        "downloads__language_plan__order",
        "general__site_name",
        "scheduler__cron",
    }
    values = form_of(client) | {"downloads__window_start": "08:00"}
    page = client.post(_url(Configuration, "change", 1), values)
    assert set(page.context["adminform"].form.errors) == {"downloads__window_end"}
    assert not ConfigurationBackup.objects.exists()
