"""The admin's side of the configuration: each verb asks first, and none shows a secret."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from aniworld.audit.models import Change
from aniworld.configuration import exchange, rules, schema, store
from aniworld.configuration.models import ConfigurationBackup
from tests.aniworld.people import user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_passwords")]

SECRET = "k3y-of-mine"


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(user())
    return client


def at(page: str, *args: Any) -> str:
    return reverse(f"admin:configuration_{page}", args=args)


@pytest.fixture
def backup() -> ConfigurationBackup:
    """Nine tries and a secret, where five and none are in force."""
    store.change({"metadata": {"tmdb_api_key": SECRET}, "downloads": {"max_retries": 9}})
    store.change({"downloads": {"max_retries": 5}, "metadata": {"tmdb_api_key": ""}})
    made = ConfigurationBackup.objects.first()
    assert made
    return made


def test_a_backup_shows_what_it_would_change_and_no_secret(client: Client, backup: ConfigurationBackup) -> None:
    text = client.get(at("configurationbackup_change", backup.pk)).content.decode()
    assert "Tries of each source: 5 → 9" in text
    assert SECRET not in text


def test_a_restore_asks_first(client: Client, backup: ConfigurationBackup) -> None:
    body = {"action": "restore", "_selected_action": [backup.pk]}
    page = client.post(at("configurationbackup_changelist"), body, follow=True)
    text = page.content.decode()
    assert "Tries of each source" in text
    assert SECRET not in text
    assert store.current().downloads.max_retries == 5
    client.post(page.redirect_chain[-1][0])
    assert store.current().downloads.max_retries == 9
    assert store.current().metadata.tmdb_api_key == SECRET
    row = Change.objects.all()[0]
    assert (row.by, row.via, row.action) == ("admin", "admin", f"restored {backup.name}")
    assert SECRET not in json.dumps(row.changes)


def test_a_backup_is_made_and_deleted_and_both_are_written_down(client: Client) -> None:
    assert client.get(at("configurationbackup_back_up")).status_code == 200
    assert not ConfigurationBackup.objects.exists()
    client.post(at("configurationbackup_back_up"))
    made = ConfigurationBackup.objects.get()
    client.post(at("configurationbackup_delete", made.pk), {"post": "yes"})
    assert not ConfigurationBackup.objects.exists()
    assert list(Change.objects.values_list("action", flat=True)) == ["deleted", "made"]


def test_a_backup_that_is_not_understood_is_told_of(client: Client) -> None:
    odd = ConfigurationBackup.objects.create(name="odd", values={"general": {"colour": 1}})
    assert "another version" in client.get(at("configurationbackup_change", odd.pk)).content.decode()
    page = client.get(at("configurationbackup_restore_this", odd.pk), follow=True)
    assert "another version" in page.content.decode()
    assert client.get(at("configurationbackup_restore_this", 99999), follow=True).status_code == 200


def test_it_is_exported_and_imported(client: Client) -> None:
    store.change({"metadata": {"tmdb_api_key": SECRET}, "downloads": {"max_retries": 9}})
    answer = client.get(at("configuration_export", 1))
    assert "attachment" in answer["Content-Disposition"]
    assert SECRET not in answer.content.decode()
    store.change({"downloads": {"max_retries": 2}})
    importing = at("configuration_take_over", 1)
    assert client.get(importing).status_code == 200
    assert client.post(importing, {"file": io.BytesIO(answer.content)}).status_code == 302
    assert store.current().downloads.max_retries == 9
    newer = json.dumps({**exchange.export(), "schema": schema.SCHEMA + 1}).encode()
    refused = client.post(importing, {"file": io.BytesIO(newer)})
    assert refused.status_code == 422
    assert "newer version" in refused.content.decode()
    assert client.post(importing).status_code == 422


def test_a_reset_asks_first(client: Client) -> None:
    store.change({"downloads": {"max_retries": 9}})
    assert "Tries of each source" in client.get(at("configuration_reset", 1)).content.decode()
    assert store.current().downloads.max_retries == 9
    client.post(at("configuration_reset", 1))
    assert store.current().downloads.max_retries == 3


def test_a_staff_user_without_the_right_may_not(client: Client, backup: ConfigurationBackup) -> None:
    person = user("helper", staff=False)
    person.is_staff = True
    person.save()
    helper = Client()
    helper.force_login(person)
    for page in ("configuration_export", "configuration_take_over", "configuration_reset"):
        assert helper.get(at(page, 1)).status_code == 403
        assert helper.post(at(page, 1)).status_code == 403
    for path in (at("configurationbackup_back_up"), at("configurationbackup_restore_this", backup.pk)):
        assert helper.post(path).status_code == 403
    assert store.current().downloads.max_retries == 5


def form_of(client: Client) -> dict[str, Any]:
    """What a browser would send back of the form unchanged."""
    store.ensure_row()
    form = client.get(at("configuration_change", 1), follow=True).context["adminform"].form
    values = {name: form[name].value() for name in form.fields if not name.endswith(("targets", "api_key"))}
    told = {form[name].html_initial_name: value for name, value in values.items()}
    ticked = {name: "on" for name, value in values.items() if value is True}
    typed = {name: value for name, value in values.items() if value is not None and not isinstance(value, bool)}
    return {**{name: "" if value is None else value for name, value in told.items()}, **typed, **ticked}


def test_a_form_that_stood_open_takes_nothing_back(client: Client) -> None:
    opened = form_of(client)
    store.change({"downloads": {"max_retries": 9}, "scheduler": {"enabled": False}})
    answer = client.post(at("configuration_change", 1), opened | {"downloads__stall_seconds": "12"})
    assert answer.status_code == 302
    now = store.current()
    assert (now.downloads.max_retries, now.downloads.stall_seconds, now.scheduler.enabled) == (9, 12, False)


@pytest.mark.django_db(transaction=True)
def test_the_rules_are_asked_outside_of_a_transaction(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """They may wait for a disk; and what can't be prepared is told instead of breaking the page."""
    in_transaction = []

    def look(_section: Any) -> None:
        in_transaction.append(connection.in_atomic_block)

    def refuse(section: Any) -> None:
        look(section)
        raise ValueError("The disk is full.")

    rule = rules.Rule("general", ("site_name",), look, prepare=refuse)
    monkeypatch.setattr(rules, "_rules", {**rules._rules, ("general", "site_name"): rule})
    page = client.post(at("configuration_change", 1), form_of(client) | {"general__site_name": "New"}, follow=True)
    assert "The disk is full." in page.content.decode()
    assert set(in_transaction) == {False}
    assert store.current().general.site_name == "Aniworld"
