"""Providers in the admin: lists without secrets, actions that do what they say."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client as Browser
from django.urls import reverse

from providers import monitored
from providers.demo.site import Site
from providers.exceptions import ConnectionFailed
from providers.models import Provider, ProviderStatus


@pytest.fixture
def browser(providers: Site) -> Browser:
    admin = get_user_model().objects.create_superuser("admin", password="long enough 12")
    found = Browser()
    found.force_login(admin)
    return found


def test_lists_show_state_and_no_secrets(browser: Browser) -> None:
    row = Provider.objects.get(name="voe")
    row.custom_headers = {"Authorization": "Bearer s3cret"}
    row.save()
    monitored.record_download(
        "voe", successful=False, seconds=1, size=5, language="", error=ConnectionFailed("<script>alert(1)</script>")
    )
    for name in ("provider", "providerstatus", "requestlog"):
        for query in ("", "?q=voe", "?q=%00", "?o=1.2.3"):
            answer = browser.get(reverse(f"admin:providers_{name}_changelist") + query)
            text = answer.content.decode()
            assert answer.status_code == 200
            assert "s3cret" not in text
            assert "<script>alert(1)" not in text


def test_the_forms_open(browser: Browser) -> None:
    row = Provider.objects.get(name="demo")
    for model, key in (("provider", row.pk), ("providerstatus", ProviderStatus.objects.get(provider=row).pk)):
        assert browser.get(reverse(f"admin:providers_{model}_change", args=[key])).status_code == 200
    assert browser.get(reverse("admin:providers_provider_add")).status_code == 403


def act(browser: Browser, action: str, *names: str) -> str:
    keys = list(Provider.objects.filter(name__in=names).values_list("pk", flat=True))
    data: dict[str, Any] = {"action": action, "_selected_action": keys}
    answer = browser.post(reverse("admin:providers_provider_changelist"), data, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_actions(browser: Browser, providers: Site) -> None:
    act(browser, "disable", "voe", "vidoza")
    assert set(Provider.objects.filter(enabled=False).values_list("name", flat=True)) == {"voe", "vidoza", "aniworld"}
    act(browser, "enable", "voe")
    assert Provider.objects.get(name="voe").enabled
    text = act(browser, "check_now", "demo", "aniworld", "filemoon")
    assert "Aniworld is not enabled" in text
    assert ProviderStatus.objects.get(provider__name="demo").status == "active"
    assert "no address" in text
