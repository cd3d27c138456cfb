"""What the admin does is what it says: nothing of others' is taken back, nothing promised that does not last."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.models import Schedule

from aniworld import schedules
from aniworld.accounts.models import ApiKey
from aniworld.admin_pages.links import to_row
from aniworld.alerts.models import Alert
from aniworld.audit.models import Change
from downloads.models import Undo
from library.models import Series
from providers.models import Provider
from tests.aniworld.people import user
from tests.library.factories import make_series

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_passwords")]


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(user())
    return client


def as_shown(page: Any) -> dict[str, Any]:
    """What a browser would send back of the page's form: each field, and what it began with."""
    text = page.content.decode()
    form = text[text.index("<form", text.index('id="content"')) :] if 'id="content"' in text else text
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        told = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if "name" not in told or told.get("type") in ("submit", "file"):
            continue
        if told.get("type") != "checkbox":
            found[told["name"]] = told.get("value", "")
        elif " checked" in tag:
            found[told["name"]] = told.get("value", "on")
    for name, value in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\s*(.*?)</textarea>', form, re.DOTALL):
        found[name] = value.replace("&quot;", '"').replace("&#x27;", "'").replace("&amp;", "&")
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)"[^>]*selected', options)
        found[name] = chosen[1] if chosen else ""
    return {name: value.replace("&quot;", '"') for name, value in found.items() if name != "action"}


def test_a_provider_s_form_takes_back_nothing_that_others_saved_meanwhile(admin: Client) -> None:
    row = Provider.objects.create(name="p", kind="host", display_name="P", priority=5)
    address = reverse("admin:providers_provider_change", args=[row.pk])
    shown = as_shown(admin.get(address))
    row.change(base_url="https://new.example.org", custom_headers={"X-A": "b"}, priority=7)
    answer = admin.post(address, {**shown, "timeout_seconds": "25"})
    assert answer.status_code == 302, answer.context["errors"]
    row = Provider.objects.get()
    assert (row.timeout_seconds, row.priority, row.base_url) == (25, 7, "https://new.example.org")
    assert row.custom_headers == {"X-A": "b"}
    assert Change.objects.get().changes == {"timeout_seconds": [None, 25]}


def test_the_list_of_providers_takes_back_nothing_either(admin: Client) -> None:
    one, two = (Provider.objects.create(name=name, kind="host", display_name=name, priority=5) for name in "ab")
    address = reverse("admin:providers_provider_changelist")
    shown = as_shown(admin.get(address))
    one.change(priority=9)
    field = next(name for name, value in shown.items() if name.endswith("-id") and value == str(two.pk))
    changed = field.replace("-id", "-priority")
    admin.post(address, {**shown, changed: "3", "_save": "Save"})
    assert dict(Provider.objects.values_list("name", "priority")) == {"a": 9, "b": 3}


def test_a_series_form_takes_back_nothing_that_others_saved_meanwhile(admin: Client) -> None:
    series = make_series(name="Old", folder="Old")
    address = reverse("admin:library_series_change", args=[series.pk])
    shown = as_shown(admin.get(address))
    series.change(monitored=not series.monitored)
    answer = admin.post(address, {**shown, "name": "New"})
    assert answer.status_code == 302, answer.context["errors"]
    row = Series.objects.get()
    assert (row.name, row.monitored) == ("New", series.monitored)


def test_a_regular_task_is_switched_off_for_good_and_its_times_are_the_program_s(admin: Client) -> None:
    schedules.put_in_place()
    row = Schedule.objects.get(name="Send alerts")
    address = reverse("admin:django_q_schedule_change", args=[row.pk])
    assert admin.get(address).status_code == 200
    assert admin.post(address, {"schedule_type": "I", "minutes": "77", "repeats": "-1"}).status_code == 403
    chosen = {"action": "switch_off", "confirmed": "yes", "_selected_action": [row.pk]}
    admin.post(reverse("admin:django_q_schedule_changelist"), chosen)
    schedules.put_in_place()
    row.refresh_from_db()
    assert (row.minutes, row.repeats) == (1, 0)


def test_a_link_leads_to_a_row_whose_name_looks_like_a_code(admin: Client) -> None:
    """Django's pages read `_3E` in an address as `>`."""
    taken = Undo.objects.create(id="a_3Eb", action="remove", state={}, expires_at=timezone.now())
    address = re.search(r'href="([^"]+)"', to_row("downloads_undo", taken.pk, "x"))
    assert address
    assert admin.get(address[1]).status_code == 200


def test_nothing_sent_again_is_no_success(admin: Client) -> None:
    now = timezone.now()
    alert = Alert.objects.create(kind="disk_low", title="x", state=Alert.State.WAITING, raised_at=now, due_at=now)
    address = reverse("admin:alerts_alert_changelist")
    page = admin.post(address, {"action": "send_again", "_selected_action": [alert.pk]}, follow=True)
    assert [one.level_tag for one in page.context["messages"]] == ["warning"]
    assert not Change.objects.exists()


def test_a_key_that_ended_already_is_not_made(admin: Client) -> None:
    ended = timezone.now() - timedelta(days=1)
    values = {"name": "x", "scope": "read", "expires_at_0": f"{ended:%Y-%m-%d}", "expires_at_1": "00:00:00"}
    page = admin.post(reverse("admin:accounts_apikey_add"), values)
    assert "Choose a later time." in page.content.decode()
    assert not ApiKey.objects.exists()
