"""The feed for calendar programs: who may read it, and that every program can."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from library.calendar import Entry
from library.calendar_file import calendar_file, escaped, folded
from library.models import AnnouncedEpisode, CalendarFeed, Series
from tests.aniworld.people import Api, signed_in, user
from tests.library.factories import make_episodes, make_series, queries_of

HOSTILE = "Evil; Show, \\n\r\nEND:VEVENT\r\nBEGIN:VEVENT\nATTACH:http://x\t\x00\u2028“ü” " + "長い名前" * 30


def entry(**values: Any) -> Entry:
    defaults: dict[str, Any] = {
        "date": date(2026, 5, 17),
        "kind": "expected",
        "key": "show",
        "name": "The Show",
        "season": 1,
        "number": 5,
        "title": "",
        "languages": (),
        "state": "upcoming",
        "episode_id": None,
        "changed_at": datetime(2026, 5, 1, 12, tzinfo=UTC),
    }
    return Entry(**{**defaults, **values})


def unfolded(content: bytes) -> list[str]:
    """The lines as a reader of RFC 5545 sees them."""
    assert content.endswith(b"\r\n")
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert b"\r" not in content.replace(b"\r\n", b"")
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    return content.decode().replace("\r\n ", "").removesuffix("\r\n").split("\r\n")


def test_an_event_has_what_the_standard_asks_for() -> None:
    lines = unfolded(calendar_file([entry(title="Title, the", languages=("German Dub",))], "Aniworld"))
    assert (lines[0], lines[1], lines[-1]) == ("BEGIN:VCALENDAR", "VERSION:2.0", "END:VCALENDAR")
    assert any(line.startswith("PRODID:") for line in lines)
    event = lines[lines.index("BEGIN:VEVENT") : lines.index("END:VEVENT")]
    assert "DTSTART;VALUE=DATE:20260517" in event
    assert "DTEND;VALUE=DATE:20260518" in event
    assert "DTSTAMP:20260501T120000Z" in event
    assert "SUMMARY:The Show S01E05" in event
    assert "DESCRIPTION:Title\\, the\\nGerman Dub" in event
    assert sum(line.startswith("UID:") for line in event) == 1


def test_an_event_keeps_its_name_when_its_day_or_title_changes() -> None:
    def uid(**values: Any) -> str:
        return next(line for line in unfolded(calendar_file([entry(**values)], "x")) if line.startswith("UID:"))

    assert uid() == uid(date=date(2026, 6, 1), kind="aired", name="Renamed", state="missing")
    others = [uid(), uid(kind="arrived"), uid(number=6), uid(season=2), uid(key="other")]
    assert len(set(others)) == len(others)


def test_hostile_titles_stay_text() -> None:
    lines = unfolded(calendar_file([entry(name=HOSTILE, title=HOSTILE, key=HOSTILE)], HOSTILE))
    assert lines.count("BEGIN:VEVENT") == lines.count("END:VEVENT") == 1
    assert not any(line.startswith("ATTACH") for line in lines)
    summary = next(line for line in lines if line.startswith("SUMMARY:"))
    assert "Evil\\; Show\\, \\\\n\\nEND:VEVENT" in summary
    assert "\x00" not in summary


@given(st.text(max_size=300))
def test_property_any_text_is_one_folded_line(text: str) -> None:
    parts = list(folded(f"SUMMARY:{escaped(text)}"))
    assert all(len(part.encode()) <= 75 for part in parts)
    assert all(part.startswith(" ") for part in parts[1:])
    assert not any("\n" in part or "\r" in part for part in parts)
    assert unfolded("".join(f"{part}\r\n" for part in parts).encode()) == [f"SUMMARY:{escaped(text)}"]


@pytest.fixture
def api(db: None) -> Api:
    return signed_in(user("member", staff=False))


@pytest.fixture
def series(db: None) -> Series:
    series = make_series(key="show", name="The Show")
    # In this month, which is what the page shows.
    today = timezone.localdate()
    soon = min(today + timedelta(days=3), today.replace(day=monthrange(today.year, today.month)[1]))
    make_episodes(series, count=2, aired_on=soon)
    AnnouncedEpisode.objects.create(series=series, season=1, number=3, title="Later", aired_on=soon)
    return series


def opened(api: Api) -> str:
    answer = api.call("post", "/api/calendar/token")
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert made["url"] == f"http://testserver/calendar.ics?token={made['token']}"
    assert made["webcal_url"] == f"webcal://testserver/calendar.ics?token={made['token']}"
    return str(made["token"])


def read(token: str, **headers: str) -> Any:
    return Client().get("/calendar.ics", {"token": token}, headers=headers)


def test_the_token_opens_the_feed_and_nothing_else(api: Api, series: Series) -> None:
    token = opened(api)
    answer = read(token)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert [line for line in unfolded(answer.content) if line.startswith("SUMMARY:")] == [
        f"SUMMARY:The Show S01E0{number}" for number in (1, 2, 3)
    ]
    assert Api(bearer=token).call("get", "/api/anime").status_code == 401
    assert Api(key=token).call("get", "/api/calendar").status_code == 401
    assert token not in str(CalendarFeed.objects.values_list("hash", "prefix").get())
    assert api.call("get", "/api/calendar/token").json()["prefix"] == token[:12]


def test_what_was_fetched_before_is_not_sent_again(api: Api, series: Series) -> None:
    token = opened(api)
    assert read(token, **{"If-None-Match": read(token)["ETag"]}).status_code == 304


def test_wrong_tokens_open_nothing(api: Api, series: Series) -> None:
    token = opened(api)
    for wrong in ("", "x", token[:-1], token + "x", "\x00", "ü" * 5000):
        answer = read(wrong)
        assert answer.status_code == 401
        assert b"BEGIN" not in answer.content
    assert Client().get("/calendar.ics").status_code == 401
    assert Client().post(f"/calendar.ics?token={token}").status_code == 405
    for wrong in ("wrong", "awf_" + "x" * 43, ""):
        with CaptureQueriesContext(connection) as captured:
            read(wrong)
        assert sum("calendarfeed" in query["sql"] for query in captured) == 1


def test_a_new_token_ends_the_old_one_and_a_revoked_feed_is_closed(api: Api, series: Series) -> None:
    first, second = opened(api), opened(api)
    assert (read(first).status_code, read(second).status_code) == (401, 200)
    other = signed_in(user("other", staff=False))
    assert other.call("get", "/api/calendar/token").json()["active"] is False
    assert other.call("delete", "/api/calendar/token").status_code == 404
    assert api.call("delete", "/api/calendar/token").status_code == 204
    assert read(second).status_code == 401


def test_a_locked_user_has_no_feed(api: Api, series: Series) -> None:
    token = opened(api)
    CalendarFeed.objects.get().user.__class__.objects.update(is_active=False)
    assert read(token).status_code == 401


def test_it_costs_the_same_however_much_there_is(api: Api, series: Series) -> None:
    token = opened(api)
    read(token)
    few = queries_of(lambda: read(token))
    for _ in range(3):
        make_episodes(make_series(), count=5, aired_on=timezone.localdate())
    # The configuration may be read anew in between.
    assert queries_of(lambda: read(token)) <= few + 1


def test_the_page_shows_the_address_once(series: Series) -> None:
    browser = Client()
    browser.force_login(user("browser", staff=False))
    made = browser.post("/calendar/subscription", {"verb": "make"}).content.decode()
    token = made.partition("calendar.ics?token=")[2].partition('"')[0]
    assert read(token).status_code == 200
    assert "webcal://testserver/calendar.ics" in made
    page = browser.get("/calendar").content.decode()
    assert token not in page
    assert token[:12] in page
    browser.post("/calendar/subscription", {"verb": "revoke"})
    assert read(token).status_code == 401
    assert browser.get("/calendar/subscription").status_code == 302


@pytest.mark.parametrize("query", ["", "?month=2026-02", "?month=x&view=y&show=z", "?view=agenda", "?month=9000-12"])
def test_the_page_shows_any_month(series: Series, query: str) -> None:
    browser = Client()
    browser.force_login(user("browser", staff=False))
    answer = browser.get(f"/calendar{query}")
    assert answer.status_code == 200
    assert ("The Show" in answer.content.decode()) == (query in ("", "?month=x&view=y&show=z", "?view=agenda"))
    assert browser.get(f"/parts/calendar{query}").status_code == 200
