"""What is sent, whoever named the titles: within every limit, and nothing in it means anything."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.webhooks import payloads, signing
from integrations.webhooks.occurrences import EVENTS, TEST, facts

MOMENT = datetime(2026, 11, 20, 10, 5, tzinfo=UTC)
HOSTILE = (
    "@everyone @here <!channel> <@U1> <@&2> **bold** _it_ ~~no~~ `code` [go](http://evil.example)"
    + " # big\n> quoted \\ \u202e"
)


def told(name: str, type_: str = "download_complete", **data: Any) -> dict[str, Any]:
    values = {"key": "k", "name": name, "season": 1, "episode": 2, "file": f"{name}/a.mp4", "language": "German Dub"}
    return facts(7, type_, MOMENT, {**values, **data}, name)


def sent(format_: str, given: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(payloads.body(format_, given, "d1"))
    return body


def characters(embed: dict[str, Any]) -> int:
    """As Discord counts them."""
    fields = [text for field in embed.get("fields", []) for text in (field["name"], field["value"])]
    parts = [embed["title"], embed.get("description", ""), embed["footer"]["text"], *fields]
    return sum(len(part) for part in parts)


def assert_within_discord(body: dict[str, Any]) -> None:
    assert len(body["embeds"]) <= 10
    assert len(body.get("content", "")) <= 2000
    for embed in body["embeds"]:
        assert len(embed["title"]) <= 256
        assert 0 < len(embed.get("description", "-")) <= 4096
        assert 0 < len(embed["footer"]["text"]) <= 2048
        assert len(embed.get("fields", [])) <= 25
        assert all(
            0 < len(field["name"]) <= 256 and 0 < len(field["value"]) <= 1024 for field in embed.get("fields", [])
        )
    assert sum(characters(embed) for embed in body["embeds"]) <= 6000
    assert body["allowed_mentions"] == {"parse": []}


def test_plain_json_has_all_of_it() -> None:
    body = sent("json", told("Show"))
    assert body["delivery"] == "d1"
    assert (body["id"], body["event"], body["time"]) == (7, "download_complete", "2026-11-20T10:05:00.000Z")
    assert body["series"] == {"key": "k", "name": "Show"}
    assert body["episode"] == {"season": 1, "episode": 2, "code": "S01E02"}
    assert body["file"]["path"] == "Show/a.mp4"


@pytest.mark.parametrize("type_", [*EVENTS, TEST])
@pytest.mark.parametrize("format_", payloads.FORMATS)
def test_every_event_can_be_sent_in_every_format(type_: str, format_: str) -> None:
    assert sent(format_, facts(1, type_, MOMENT, {}, "Aniworld"))
    body = sent(format_, told("Show", type_, error="because", provider_name="VOE"))
    if format_ == "discord":
        assert_within_discord(body)
    if format_ == "slack":
        assert "Show" in body["text"] or type_ == TEST


def test_a_hostile_title_means_nothing_at_discord() -> None:
    body = sent("discord", told(HOSTILE, error=HOSTILE))
    assert_within_discord(body)
    [embed] = body["embeds"]
    for text in (embed["description"], *(field["value"] for field in embed.get("fields", []))):
        assert "@everyone" not in text
        assert "@here" not in text
        assert "://" not in text
        assert "\u202e" not in text
        assert "\n" not in text
        # No sign of Markdown stands without its backslash.
        assert not re.search(r"(?<!\\)[*_~`|<\[\]#]", text.replace("\\\\", ""))


def test_a_hostile_title_means_nothing_at_slack() -> None:
    body = sent("slack", told(HOSTILE, error=HOSTILE))
    text = body["text"]
    assert (body["mrkdwn"], body["link_names"]) == (False, False)
    assert not re.search(r"[<>*_~`\[\]]", text)
    assert not re.search(r"@(everyone|here|channel|all)", text)
    assert "://" not in text
    assert "&lt;!channel&gt;" in text


@pytest.mark.parametrize(
    "name", ["*" * 5000, "\\" * 5000, "ü" * 5000, "@everyone " * 800, "\U0001f600" * 3000, "\x00\ud800"]
)
def test_long_titles_stay_within_the_limits(name: str) -> None:
    given = told(name, error=name, message=name, provider=name)
    assert_within_discord(sent("discord", given))
    assert len(sent("slack", given)["text"]) <= 4000
    description = sent("discord", given)["embeds"][0].get("description", "").removesuffix("…")
    assert (len(description) - len(description.rstrip("\\"))) % 2 == 0
    assert len(payloads.body("json", given, "d")) < 100_000


@given(st.text(max_size=400), st.text(max_size=400))
def test_property_any_text_is_sent_and_harmless(name: str, error: str) -> None:
    given_facts = told(name, error=error)
    body = sent("discord", given_facts)
    assert_within_discord(body)
    assert "@everyone" not in json.dumps(body, ensure_ascii=False)
    text = sent("slack", given_facts)["text"]
    assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", text)


def test_the_signature_is_that_of_timestamp_and_body() -> None:
    body = payloads.body("json", told("ü"), "d")
    headers = signing.headers("s", "x", "d", body)
    stamp = headers["X-Aniworld-Timestamp"]
    assert stamp.isdigit()
    expected = hmac.new(b"s", stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert headers["X-Aniworld-Signature"] == f"sha256={expected}"
    assert "X-Aniworld-Signature" not in signing.headers("", "x", "d", body)
