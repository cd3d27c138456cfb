"""The log of administrative changes: what is written down, what is hidden, and who may look."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from aniworld import audit
from aniworld.accounts.models import ApiKey, User
from aniworld.audit import models, recording
from aniworld.audit.models import Change
from library.models import Series
from providers.models import Provider
from tests.aniworld.people import PASSWORD, user
from tests.library.factories import make_series

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_passwords")]


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(user())
    return client


def told() -> list[tuple[str, str, str]]:
    return [(row.by, row.via, row.action) for row in Change.objects.order_by("id")]


def test_old_and_new_are_kept_as_json() -> None:
    moment = timezone.now()
    audit.record(
        "anna", "api", "changed", "x" * 400, {"a": (1, 2.5), "b": (None, moment), "c": ({1: [True]}, "y" * 900)}
    )
    row = Change.objects.get()
    assert row.changes["a"] == [1, 2.5]
    assert row.changes["b"] == [None, str(moment)]
    assert row.changes["c"][0] == {"1": [True]}
    assert len(row.changes["c"][1]) == 501
    assert len(row.subject) == 300


def test_secrets_are_masked() -> None:
    hidden = audit.masked({"key": ("", "s3cret"), "name": ("a", "b")}, {"key"})
    assert hidden == {"key": ("", audit.MASK), "name": ("a", "b")}


@pytest.mark.parametrize(
    ("name", "secret"),
    [("password", True), ("custom_headers", True), ("api_key", True), ("tmdb_api_key", True), ("targets", True),
     ("timeout_seconds", False), ("display_name", False), ("monitored", False)],
)  # fmt: skip
def test_names_of_secrets_are_known(name: str, secret: bool) -> None:
    assert recording.is_secret(name) is secret


def test_what_is_older_than_a_year_goes() -> None:
    audit.record("a", "api", "changed", "old")
    Change.objects.update(at=timezone.now() - timedelta(days=366))
    audit.record("a", "api", "changed", "new")
    assert models.prune() == 1
    assert Change.objects.get().subject == "new"


def form_of(admin: Client, address: str) -> dict[str, Any]:
    page = admin.get(address)
    forms = [page.context["adminform"].form, *(one for formset in page.context["inline_admin_formsets"] for one in
             [formset.formset.management_form, *formset.formset.forms])]  # fmt: skip
    values = {form[name].html_name: form[name].value() for form in forms for name in form.fields}
    return {
        name: "on" if value is True else value
        for name, value in values.items()
        if value is not None and value is not False
    }


def test_a_saved_form_is_written_down_with_its_secrets_hidden(admin: Client) -> None:
    row = Provider.objects.create(name="p", kind="host", display_name="P", custom_headers={"X-Key": "old-s3cret"})
    address = reverse("admin:providers_provider_change", args=[row.pk])
    values = {**form_of(admin, address), "timeout_seconds": "25", "custom_headers": '{"X-Key": "new-s3cret"}'}
    values["custom_params"] = "{}"
    answer = admin.post(address, values)
    assert answer.status_code == 302, answer.context["errors"]
    change = Change.objects.get()
    assert (change.by, change.via, change.action) == ("admin", "admin", "changed")
    assert change.subject == "provider P"
    assert change.changes == {"timeout_seconds": [None, 25], "custom_headers": [audit.MASK, audit.MASK]}
    page = admin.get(reverse("admin:audit_change_change", args=[change.pk])).content.decode()
    assert "timeout_seconds" in page
    assert "s3cret" not in page
    admin.post(address, {**values, "custom_params": "{}"})
    assert Change.objects.count() == 1


def test_a_refused_change_is_not_written_down(admin: Client) -> None:
    series = make_series(name="Old", folder="Old")
    address = reverse("admin:library_series_change", args=[series.pk])
    values = {**form_of(admin, address), "name": "New", "folder": "../up"}
    admin.post(address, {name: str(value) for name, value in values.items()})
    assert Series.objects.get().name == "Old"
    assert not Change.objects.exists()


def test_actions_are_written_down_once_they_were_done(admin: Client) -> None:
    row = Provider.objects.create(name="p", kind="host", display_name="P")
    address = reverse("admin:providers_provider_changelist")
    asked = admin.post(address, {"action": "disable", "_selected_action": [row.pk]})
    assert "Are you sure?" in asked.content.decode()
    assert Provider.objects.get(pk=row.pk).enabled
    assert not Change.objects.exists()
    admin.post(address, {"action": "disable", "confirmed": "yes", "_selected_action": [row.pk]})
    assert not Provider.objects.get(pk=row.pk).enabled
    assert told() == [("admin", "admin", "disable")]
    assert Change.objects.get().subject == "provider P"


def test_adding_and_deleting_are_written_down(admin: Client) -> None:
    page = admin.post(reverse("admin:accounts_apikey_add"), {"name": "script", "scope": "read"})
    key = ApiKey.objects.get()
    admin.post(reverse("admin:accounts_apikey_delete", args=[key.pk]), {"post": "yes"})
    assert told() == [("admin", "admin", "added"), ("admin", "admin", "deleted")]
    assert page.context["key"] not in str(Change.objects.values_list("changes", "subject"))


def test_a_password_is_never_written_down(admin: Client) -> None:
    other = user("other", staff=False)
    values = {"username": "new", "password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    assert admin.post(reverse("admin:accounts_user_add"), values).status_code == 302
    made = User.objects.get(username="new")
    kept = str(list(Change.objects.values_list("changes", "subject")))
    assert PASSWORD not in kept
    assert made.password not in kept
    assert other.password not in kept


def test_the_log_is_for_administrators_and_nobody_changes_it(admin: Client) -> None:
    audit.record("<b>x</b>", "api", "changed", "<script>alert(1)</script>", {"a": ("<i>", "y")})
    address = reverse("admin:audit_change_changelist")
    page = admin.get(address).content.decode()
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert admin.get(f"{reverse('admin:audit_change_changelist')}add/").status_code in (302, 403, 404)
    change = reverse("admin:audit_change_change", args=[Change.objects.get().pk])
    assert admin.post(change, {"by": "me"}).status_code == 403
    assert admin.post(reverse("admin:audit_change_delete", args=[Change.objects.get().pk])).status_code == 403
    clerk = User.objects.create(username="clerk", is_staff=True)
    client = Client()
    client.force_login(clerk)
    assert client.get(address).status_code == 403


def test_what_is_decided_of_a_series_is_told_by_api_and_page(admin: Client) -> None:
    series = make_series()
    json: Any = {"content_type": "application/json"}
    assert admin.patch(f"/api/anime/{series.key}", {"monitored": False, "name": "Renamed"}, **json).status_code == 200
    assert admin.patch(f"/api/anime/{series.key}", {"monitored": False}, **json).status_code == 200
    admin.post(f"/anime/{series.key}/monitor", {"wanted": "on"})
    admin.post(f"/anime/{series.key}/remove")
    assert admin.post(f"/api/anime/{series.key}/restore").status_code == 200
    rows = Change.objects.filter(subject=f"series {series.key}").order_by("id")
    assert [(row.via, row.action) for row in rows] == [
        *(("api", "changed"), ("page", "changed"), ("page", "removed"), ("api", "restored"))
    ]
    assert rows[0].changes == {"monitored": [True, False], "name": [series.name, "Renamed"]}
    assert rows[2].changes["deleted_at"][0] is None
