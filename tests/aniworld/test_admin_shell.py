"""Every page of the admin opens, in a constant number of queries, and the forms do what they say."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_q.models import Failure, OrmQ, Schedule, Success
from django_q.signing import SignedPackage

from aniworld import checks
from aniworld.accounts import tokens
from aniworld.accounts.models import ApiKey, Preferences, Throttle, Token, User
from aniworld.configuration import admin as configuration_admin
from aniworld.configuration import forms, store
from aniworld.configuration.models import Configuration, ConfigurationBackup
from library.models import Finding, Scan
from tests.aniworld.people import user
from tests.library.factories import make_series

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_passwords")]


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(user())
    return client


def _task(model: Any, number: int) -> None:
    now = timezone.now()
    model.objects.create(
        id=f"{model.__name__}{number}", name=f"n{number}", func="f", started=now, stopped=now, success=model is Success
    )


def _waiting(number: int) -> None:
    OrmQ.objects.create(key="default", payload=SignedPackage.dumps({"id": str(number), "name": "n", "func": "f"}))


def _found(number: int) -> None:
    candidates = [{"provider": "demo", "slug": "a", "link": "a", "name": "A", "year": 2012, "score": 0.7}]
    series = make_series()
    Finding.objects.create(kind="unmatched", path=f"Folder {number}", series=series, candidates=candidates)


MAKERS: dict[Any, Callable[[int], Any]] = {
    User: lambda number: user(f"user{number}", staff=False),
    Token: lambda number: tokens.issue(user(f"token{number}"), None, "agent"),
    ApiKey: lambda number: tokens.create_key(user(f"key{number}"), f"key{number}", "read"),
    Preferences: lambda number: Preferences.objects.create(user=user(f"preferences{number}")),
    Throttle: lambda number: Throttle.objects.create(bucket=f"b{number}", window_started_at=timezone.now()),
    ConfigurationBackup: lambda number: store.change({"downloads": {"max_retries": number + 1}}),
    Schedule: lambda number: Schedule.objects.create(name=f"s{number}", func="f"),
    Success: lambda number: _task(Success, number),
    Failure: lambda number: _task(Failure, number),
    OrmQ: _waiting,
    Scan: lambda number: Scan.objects.create(status="completed", live=None, statistics={"new": number}),
    Finding: _found,
}
REGISTERED: list[type[models.Model]] = sorted(admin.site._registry, key=lambda model: model._meta.label)


def _url(model: type[models.Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_each_list_and_each_form_opens(model: type[models.Model], client: Client) -> None:
    if model in MAKERS:
        MAKERS[model](1)
    page = client.get(_url(model, "changelist"), follow=True)
    assert page.status_code == 200
    assert client.get(_url(model, "changelist") + "?q=x", follow=True).status_code == 200
    request = page.wsgi_request
    if admin.site._registry[model].has_add_permission(request):
        assert client.get(_url(model, "add")).status_code == 200
    for row in model._default_manager.all()[:1]:
        assert client.get(_url(model, "change", row.pk)).status_code == 200


@pytest.mark.parametrize("model", MAKERS, ids=lambda model: model._meta.label)
def test_lists_cost_the_same_however_long(model: type[models.Model], client: Client) -> None:
    def cost() -> int:
        store.current()
        with CaptureQueriesContext(connection) as queries:
            assert client.get(_url(model, "changelist")).status_code == 200
        return len(queries)

    MAKERS[model](1)
    client.get(_url(model, "changelist"))
    few = cost()
    for number in range(2, 8):
        MAKERS[model](number)
    assert cost() <= few


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
    assert "Tasks that wait" in {item["title"] for item in last["items"]}


def test_the_way_to_the_configuration_says_each_step_once(client: Client) -> None:
    page = client.get(_url(Configuration, "changelist"), follow=True).content.decode()
    steps = re.findall(r'tracking-tight">\s*([^<]+?)\s*<', page)
    assert steps.count("Configuration") == 1
    assert "Stalled after (s)" in page


def test_an_old_sqlite_is_information_only(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "WAL_RESET_FIXED", (99, 0, 0))
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
    client.post(_url(Token, "changelist"), {"action": "revoke", "_selected_action": [token.pk]})
    assert tokens.verify(text) is None


def form_of(client: Client) -> dict[str, Any]:
    """What the browser would send back unchanged."""
    form = client.get(_url(Configuration, "change", 1)).context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    return {name: "on" if value is True else value for name, value in values.items() if value not in (None, False)}


def test_the_configuration_is_one_form_with_every_setting_in_force(client: Client) -> None:
    page = client.get(_url(Configuration, "changelist"), follow=True)
    offered = {setting.name for setting in forms.EVERY} - {name.replace(".", "__") for name in forms.NOT_IN_FORCE}
    assert set(page.context["adminform"].form.fields) == offered
    text = page.content.decode()
    assert "How long a login lasts." in text
    assert "scheduler__" not in text
    assert text.count('name="downloads__') == sum(name.startswith("downloads__") for name in offered)


@pytest.fixture
def whole_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """The form as it is once every setting is in force."""
    for module in (forms, configuration_admin):
        monkeypatch.setattr(module, "OFFERED", forms.EVERY)


@pytest.mark.usefixtures("whole_form")
def test_saving_it_unchanged_changes_nothing(client: Client) -> None:
    store.ensure_row()
    before = store.current()
    answer = client.post(_url(Configuration, "change", 1), form_of(client))
    assert answer.status_code == 302
    store.forget()
    assert store.current() == before
    assert not ConfigurationBackup.objects.exists()


@pytest.mark.usefixtures("whole_form")
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


@pytest.mark.usefixtures("whole_form")
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


def test_what_is_not_offered_keeps_its_value(client: Client) -> None:
    store.change({"scheduler": {"cron": "5 4 * * *"}, "downloads": {"language_plan": {"upgrade": True}}})
    changed = {"downloads__language_plan__order": "English Dub", "scheduler__cron": "another"}
    assert client.post(_url(Configuration, "change", 1), form_of(client) | changed).status_code == 302
    now = store.current()
    assert now.downloads.language_plan.order == ("English Dub",)
    assert now.downloads.language_plan.upgrade is True
    assert now.scheduler.cron == "5 4 * * *"


def test_a_backup_is_restored_by_action_and_shows_no_secret(client: Client) -> None:
    store.change({"metadata": {"tmdb_api_key": "k3y-of-mine"}, "downloads": {"max_retries": 9}})
    store.change({"downloads": {"max_retries": 5}})
    backup = ConfigurationBackup.objects.first()
    assert backup
    assert "k3y-of-mine" not in client.get(_url(ConfigurationBackup, "change", backup.pk)).content.decode()
    answer = client.post(
        _url(ConfigurationBackup, "changelist"), {"action": "restore", "_selected_action": [backup.pk]}, follow=True
    )
    assert answer.status_code == 200
    assert store.current().downloads.max_retries == 9
