"""HTML and script in what others named is text everywhere: pages, administration, API, files, messages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.test import Client

from aniworld.accounts.models import User
from library.models import Series
from tests.browser import seed
from tests.security import places

pytestmark = pytest.mark.django_db

MARK = "pwned"
HOSTILE = f"\"'><img src=x onerror=alert(1) data-{MARK}><script>{MARK}()</script></title></textarea>--> {{{{7*7}}}}"
APPS = ("accounts", "alerts", "audit", "configuration", "live", "providers", "library", "downloads")
# What is no text of anybody's: names that code compares, hashes, and places in the file system.
OURS = re.compile(
    r"^(id|key|slug|name|username|password|hash|prefix|token|owner|folder|path|site|kind|scope|type|room|code|bucket|"
    r"provider|language|.*_key|.*_id|.*status|.*state|action|event|codec|progress_id|outcome|via|category|severity)$"
)
EVALUATED = re.compile(r"^(on|x-|@|:|hx-on|hx-vals|hx-vars|style|srcdoc|formaction)")


SCRIPT = re.compile(r"\s*(javascript|vbscript|data:text)", re.IGNORECASE)


class Reader(HTMLParser):
    """What a browser would make of a page, as far as it can run something."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.live: list[str] = []
        self._script = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._script = tag if tag in ("script", "style", "iframe", "object") else ""
        for name, value in attrs:
            if MARK in name:
                self.live.append(f"<{tag}> has the attribute {name}")
            elif EVALUATED.match(name) and MARK in (value or ""):
                self.live.append(f"<{tag}> evaluates {name}={value}")
            elif name in ("href", "src", "action") and SCRIPT.match(value or ""):
                self.live.append(f"<{tag}> leads to {value}")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._script = ""

    def handle_endtag(self, tag: str) -> None:
        self._script = ""

    def handle_data(self, data: str) -> None:
        if self._script and MARK in data and self._script != "style":
            self.live.append(f"<{self._script}> holds {data[:80]}")


def alive(html: str) -> list[str]:
    """Everything in a page that would run."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader.live


def plant() -> None:
    """Hostile text in every text that comes from elsewhere."""
    for label in APPS:
        for model in apps.get_app_config(label).get_models():
            values = {field.name: HOSTILE[: field.max_length] for field in _texts(model)}
            if values:
                model._default_manager.all().update(**values)
    Series.objects.update(name=HOSTILE, genres=[HOSTILE])


def _texts(model: type[models.Model]) -> Iterator[Any]:
    for field in model._meta.concrete_fields:
        is_text = isinstance(field, models.CharField | models.TextField)
        if is_text and not field.unique and not field.choices and not OURS.match(field.name):
            yield field


@pytest.fixture
def admin(settings: Any, tmp_path: Path) -> User:
    settings.LIBRARY_DIR = tmp_path
    person = seed.everything()
    plant()
    return person


@pytest.fixture
def browser(admin: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(admin)
    return client


def test_the_reader_sees_what_would_run() -> None:
    assert len(alive(f"<p>{HOSTILE}</p>")) >= 2
    assert alive(f'<b x-data="{MARK}">')
    assert alive('<a href="javascript:alert(1)">')
    assert alive(f"<script>let a = '{MARK}'</script>")
    assert alive(f"<p>&lt;script&gt;{MARK}</p>") == []


def test_nothing_of_it_lives_in_a_page_or_in_the_administration(browser: Client) -> None:
    shown = 0
    for address in (*places.pages(), *places.administration()):
        answer = browser.get(address)
        assert answer.status_code < 500, f"{address}: {answer.status_code}"
        text = answer.content.decode("utf-8", "replace") if not answer.streaming else ""
        if answer.get("Content-Type", "").startswith("text/html"):
            assert alive(text) == [], address
            shown += MARK in text
        policy = answer["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
        assert ("unsafe" in policy) == address.startswith("/admin/"), address
    # The text is there to be read: otherwise this test would prove nothing.
    assert shown > 15


def test_the_pages_carry_no_script_of_their_own(browser: Client) -> None:
    for address in places.pages():
        answer = browser.get(address)
        if answer.get("Content-Type", "").startswith("text/html") and not answer.streaming:
            text = answer.content.decode()
            assert re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")[^>]*>", text) == [], address
            assert re.findall(r"<[^>]+\s(?:on\w+|style)=\"[^>]*>", text) == [], address
            assert re.findall(r"(?:src|href)=\"(?:https?:)?//[^\"]+\.(?:js|css|woff2?)\"", text) == [], address


def test_the_api_gives_it_as_json_which_no_browser_takes_for_a_page(browser: Client) -> None:
    for address in places.readings():
        answer = browser.get(address)
        assert answer.status_code < 500 or answer.status_code == 503, address
        assert answer["X-Content-Type-Options"] == "nosniff", address
        kind = answer["Content-Type"]
        assert kind.startswith(("application/json", "text/calendar", "text/plain", "text/csv", "image/")), (
            f"{address}: {kind}"
        )
        if kind.startswith("application/json"):
            json.loads(answer.content)
