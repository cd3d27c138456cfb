"""The settings' page of integrations: what to type on the other side, and a test that says what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.test import Client

from aniworld.accounts import tokens
from aniworld.accounts.models import User
from aniworld.configuration import store
from integrations.torznab import lookups
from integrations.torznab.models import KnownSeries
from library.models import Episode
from providers import registry
from tests.aniworld.people import user
from tests.integrations.managers.driving import SETTINGS
from tests.library.factories import make_series

pytestmark = pytest.mark.django_db

PAGE = "/settings/integrations"


@pytest.fixture
def boss(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(lookups, "PATIENCE", 0.0)
    settings.LIBRARY_DIR = tmp_path
    page = Client(HTTP_HOST="testserver")
    page.force_login(user())
    return page


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def test_the_page_shows_what_to_type_on_the_other_side(boss: Client) -> None:
    text = text_of(boss.get(PAGE))
    for value in ("http://testserver/integrations/torznab", "/api", "integrations/qbittorrent", "apikey"):
        assert f'value="{value}"' in text


def test_the_test_says_what_is_missing_and_then_that_all_is_well(boss: Client, settings: Any, tmp_path: Path) -> None:
    text = text_of(boss.post(f"{PAGE}/test"))
    assert text.count("It is switched off.") == 2
    assert "Make one under" in text
    store.change(SETTINGS)
    assert "No catalogue is enabled" in text_of(boss.post(f"{PAGE}/test"))
    settings.DEMO = True
    registry.sync()
    Episode.objects.create(series=make_series(name="Title"), season=1, number=1, languages={"German Dub": "x"})
    tokens.create_key(User.objects.get(), "sonarr", "queue")
    text = text_of(boss.post(f"{PAGE}/test"))
    assert "1 new release is offered from Demo." in text
    assert "sonarr" in text
    assert f"Hands over in {tmp_path}/.handover" in text
    assert KnownSeries.objects.count() == 0


def test_a_folder_is_refused_where_a_scan_would_find_what_is_in_it(boss: Client, tmp_path: Path) -> None:
    for folder, says in (
        ("relative", "Write the whole path"),
        (str(tmp_path / "Shown"), "has to be a hidden one"),
        (str(tmp_path.parent), "The library lies in"),
        ("/no/such/folder", "There is no folder"),
        (str(configured.WORK_DIR), "The program itself uses"),
    ):
        text = text_of(boss.post(PAGE, {"integrations__qbittorrent_folder": folder}))
        assert says in text, folder
    assert boss.post(PAGE, {"integrations__qbittorrent_folder": str(tmp_path / ".ready")}).status_code == 302
    assert store.current().integrations.qbittorrent_folder == str(tmp_path / ".ready")
    assert "Write the whole path" in text_of(boss.post(PAGE, {"integrations__qbittorrent_seen_as": "downloads"}))
