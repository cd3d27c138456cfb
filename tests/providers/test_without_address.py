"""A catalogue that nobody told where it is can't be switched on, in whichever way; the refusal says what to do."""

from __future__ import annotations

from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from aniworld.refusals import Conflict
from providers import checking
from providers.demo.site import Site
from providers.models import RequestLog
from tests.providers.rows import provider

TOLD = "Aniworld has no address yet: enter it in the admin under Providers, then switch it on."
CONFIG = "/api/providers/config/aniworld"
ADDRESS = "https://catalogue.example.org"


@pytest.fixture
def browser(providers: Site) -> Client:
    found = Client()
    found.force_login(get_user_model().objects.create_superuser("admin", password="long enough 12"))
    return found


def test_the_verb_and_the_command_refuse_until_it_has_one(providers: Site) -> None:
    with pytest.raises(Conflict) as refusal:
        provider("aniworld").enable()
    assert (str(refusal.value), refusal.value.code) == (TOLD, "no_address")
    with pytest.raises(CommandError, match="no address yet"):
        call_command("providers", "enable", "aniworld", stdout=StringIO())
    assert not provider("aniworld").enabled
    provider("aniworld").change(base_url=ADDRESS)
    provider("aniworld").enable()
    assert provider("aniworld").enabled


def test_the_api_refuses_with_a_code(browser: Client) -> None:
    answer = browser.post(f"{CONFIG}/enable")
    assert (answer.status_code, answer.json()["code"]) == (409, "no_address")
    answer = browser.put(CONFIG, {"enabled": True}, content_type="application/json")
    assert answer.status_code == 422
    assert "no address yet" in answer.content.decode()
    assert not provider("aniworld").enabled
    both = browser.put(CONFIG, {"enabled": True, "base_url": ADDRESS}, content_type="application/json")
    assert both.json()["enabled"] is True


def test_an_import_refuses_and_changes_nothing(browser: Client) -> None:
    entries = [{"name": "voe", "priority": 7}, {"name": "aniworld", "enabled": True}]
    body = {"schema": 1, "providers": entries}
    answer = browser.post("/api/providers/config/import", body, content_type="application/json")
    assert (answer.status_code, answer.json()["detail"][0]["msg"]) == (422, TOLD)
    assert (provider("voe").priority, provider("aniworld").enabled) == (100, False)
    entries[1]["base_url"] = ADDRESS
    assert browser.post("/api/providers/config/import", body, content_type="application/json").status_code == 200
    assert provider("aniworld").enabled


def test_the_admin_form_says_what_is_missing(browser: Client) -> None:
    row = provider("aniworld")
    with pytest.raises(ValidationError, match="no address yet"):
        row.change(enabled=True)
    row = provider("aniworld")
    row.enabled = True
    with pytest.raises(ValidationError) as error:
        row.full_clean()
    assert error.value.message_dict == {"__all__": [TOLD]}


def test_the_admin_refuses_without_an_error(browser: Client) -> None:
    keys = [provider("aniworld").pk]
    data = {"action": "enable", "_selected_action": keys}
    text = browser.post(reverse("admin:providers_provider_changelist"), data, follow=True).content.decode()
    assert TOLD in text
    assert not provider("aniworld").enabled


def test_the_page_leads_to_where_the_address_is_entered(browser: Client) -> None:
    text = browser.get("/providers").content.decode()
    assert 'action="/providers/aniworld/enable"' not in text
    assert reverse("admin:providers_provider_change", args=[provider("aniworld").pk]) in text
    assert TOLD in browser.post("/providers/aniworld/enable", follow=True).content.decode()


def test_what_has_nothing_to_be_checked_is_not_offered_a_test(browser: Client) -> None:
    reason = "Direct link has no address that could be checked."
    assert checking.why_not(provider("direct")) == reason
    assert checking.why_not(provider("demo")) == ""
    text = browser.get("/providers").content.decode()
    assert 'action="/providers/direct/test"' not in text
    assert "Not used yet" in text.partition('id="chain"')[0]
    assert "Not used yet" in text.partition('id="chain"')[2]
    facts = {"action": "resolve", "successful": True, "response_time_ms": 20, "created_at": timezone.now()}
    RequestLog.objects.create(provider=provider("direct"), **facts)
    assert f'disabled title="{reason}"' in browser.get("/providers").content.decode()
    assert reason in browser.post("/providers/direct/test", follow=True).content.decode()
    told = browser.post("/providers/direct/test", follow=True).content.decode()
    assert f"Direct link: {reason}" not in told
