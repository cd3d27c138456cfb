"""Every page of the admin opens, and costs the same number of queries however many rows there are."""

from __future__ import annotations

import html
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from aniworld.admin_pages.pages import Page
from aniworld.audit.models import Change
from aniworld.configuration.models import Configuration
from downloads import statistics
from library.models import Scan
from tests.aniworld.admin_rows import MAKERS
from tests.aniworld.people import user
from tests.library.factories import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_passwords")]

REGISTERED: list[type[models.Model]] = sorted(admin.site._registry, key=lambda model: model._meta.label)
# One row that is a form, with tests of its own.
ONE_ROW = {Configuration}


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(user())
    return client


def address(model: type[models.Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=[quote(one) for one in args])


def cost(client: Client, where: str) -> int:
    """Queries, with those that count the queue."""

    def opened() -> None:
        assert client.get(where).status_code == 200

    statistics.forget()
    return queries_of(opened)


def test_each_page_has_rows_to_be_tried_with() -> None:
    assert {model._meta.label for model in REGISTERED if model not in MAKERS} == {
        model._meta.label for model in ONE_ROW
    }


@pytest.mark.parametrize("model", MAKERS, ids=lambda model: model._meta.label)
def test_each_page_opens_and_costs_the_same(model: type[models.Model], client: Client) -> None:
    page = admin.site._registry[model]
    changelist = address(model, "changelist")
    if isinstance(page, Page):
        empty = client.get(changelist).content.decode()
        assert page.about
        assert str(page.about) in html.unescape(empty)
        assert "Nothing here yet" in empty or "result_list" in empty
    for number in (1, 2):
        MAKERS[model](number)
    row = model._default_manager.first()
    assert row is not None
    places = [changelist, f"{changelist}?q=x", address(model, "change", row.pk)]
    answer = client.get(changelist)
    if page.has_add_permission(answer.wsgi_request):
        places.append(address(model, "add"))
    for place in places:
        client.get(place)
    few = {place: cost(client, place) for place in places}
    for number in range(3, 9):
        MAKERS[model](number)
    assert {place: cost(client, place) for place in places} == few


PAGES = [model for model in REGISTERED if isinstance(admin.site._registry[model], Page) and model not in ONE_ROW]
DATED = [model for model in PAGES if admin.site._registry[model].date_hierarchy]


@pytest.mark.parametrize("model", DATED, ids=lambda model: model._meta.label)
def test_dates_lead_through_a_list(model: type[models.Model], client: Client) -> None:
    MAKERS[model](1)
    field = admin.site._registry[model].date_hierarchy
    where = address(model, "changelist")
    assert "Nothing matches" in client.get(f"{where}?{field}__year=2001").content.decode()
    today = timezone.localdate()
    found = client.get(f"{where}?{field}__year={today.year}&{field}__month={today.month}").content.decode()
    assert "result_list" in found
    assert f"{field}__day={today.day}" in found
    for wrong in ("x", "0", "99999", "2026&{0}__month=13&{0}__day=1", "2026&{0}__month=2&{0}__day=31"):
        assert client.get(f"{where}?{field}__year={wrong.format(field)}").status_code < 500


@pytest.mark.parametrize("chosen", [[], ["abc"], ["1' OR 1=1"], ["999999"], ["99999999999999999999"]])
@pytest.mark.parametrize(
    ("label", "action"),
    [
        ("downloads.QueueItem", "retry"),
        ("providers.Provider", "enable"),
        ("accounts.User", "delete_selected"),
        ("django_q.Failure", "delete_selected"),
        ("alerts.Alert", "send_again"),
        ("library.Finding", "scan_again"),
        ("accounts.Throttle", "unlock"),
        ("downloads.QueueState", "stop"),
    ],
)
def test_a_wrong_selection_does_nothing(label: str, action: str, chosen: list[str], client: Client) -> None:
    model = next(model for model in PAGES if model._meta.label == label)
    MAKERS[model](1)
    before = model._default_manager.values_list()[0]
    answer = client.post(
        address(model, "changelist"), {"action": action, "confirmed": "yes", "_selected_action": chosen}
    )
    assert answer.status_code < 500
    assert model._default_manager.values_list()[0] == before
    assert not Change.objects.exists()
    assert not Scan.objects.exists()


def test_the_first_screen_costs_the_same(client: Client) -> None:
    for model in MAKERS:
        MAKERS[model](1)
    client.get("/admin/")
    few = cost(client, "/admin/")
    for model in MAKERS:
        for number in range(2, 5):
            MAKERS[model](number)
    assert cost(client, "/admin/") == few
