"""The rules of the live events that need no socket: outbox, memberships, throttle, messages, origins."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aniworld.live import outbox as limits
from aniworld.live.membership import Membership
from aniworld.live.message import Message, envelope, plain
from aniworld.live.origin import own_origin
from aniworld.live.outbox import DROPPABLE, Outbox, TooSlow
from aniworld.live.protocol import NotUnderstood, Pace, parse, too_large
from aniworld.live.throttle import Throttle

KINDS = ("download_progress", "download_complete", "scan_progress", "queue_status")


def message(id_: int, type_: str = "queue_status", size: int = 100) -> Message:
    return Message(id_, type_, "downloads", {"type": "websocket.send", "text": "x" * size})


# Outbox


@given(st.lists(st.one_of(st.sampled_from(KINDS), st.just("take"), st.integers(0, 400)), max_size=400))
def test_outbox_keeps_the_order_and_loses_progress_only(steps: list[Any]) -> None:
    outbox = Outbox(0.0)
    put: list[Message] = []
    taken: list[Message] = []
    for step in steps:
        if isinstance(step, int):
            outbox.acknowledge(step, 1.0)
        elif step == "take":
            while sent := outbox.take(1.0):
                taken.append(sent)
        else:
            put.append(message(len(put) + 1, step))
            outbox.put(put[-1])
    while sent := outbox.take(1.0):
        taken.append(sent)
    assert taken == put


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 60_000)), min_size=1, max_size=300))
def test_a_reader_who_stopped_holds_bounded_memory_and_misses_only_progress(events: list[tuple[str, int]]) -> None:
    outbox = Outbox(0.0)
    put: list[Message] = []
    taken: list[Message] = []
    try:
        for type_, size in events * 12:
            put.append(message(len(put) + 1, type_, size))
            outbox.put(put[-1])
            while sent := outbox.take(0.0):
                taken.append(sent)
            assert sum(one.size for one in taken) <= limits.BYTES_OUT + 60_000
            assert len(taken) <= limits.MESSAGES_OUT
            assert outbox.waiting <= limits.MESSAGES_WAITING
    except TooSlow:
        waiting = [one for one in put[len(taken) :] if one.type not in DROPPABLE]
        assert len(waiting) > limits.MESSAGES_WAITING or sum(one.size for one in waiting) > limits.BYTES_WAITING
        return
    outbox.acknowledge(len(put), 1.0)
    while sent := outbox.take(1.0):
        taken.append(sent)
        outbox.acknowledge(sent.id, 1.0)
    ids = [one.id for one in taken]
    assert ids == sorted(set(ids))
    assert {one.id for one in put if one.type not in DROPPABLE} <= set(ids)
    assert len(put) - len(taken) == outbox.dropped


def test_an_acknowledgement_is_due_only_while_messages_are_out() -> None:
    outbox = Outbox(0.0)
    assert not outbox.overdue(1000.0)
    outbox.put(message(1))
    outbox.put(message(2))
    assert not outbox.overdue(1000.0)
    assert outbox.take(1000.0)
    assert outbox.take(1020.0)
    assert not outbox.overdue(1029.0)
    assert outbox.overdue(1031.0)
    outbox.acknowledge(1, 1031.0)
    assert not outbox.overdue(1060.0)
    assert outbox.overdue(1062.0)
    outbox.acknowledge(2, 1062.0)
    assert not outbox.overdue(9000.0)


# Memberships


@given(st.integers(0, 30), st.lists(st.tuples(st.integers(0, 10), st.integers(0, 40)), max_size=4))
def test_resuming_repeats_nothing_and_skips_nothing(joined: int, resumes: list[tuple[int, int]]) -> None:
    membership, position, sent, lowest = Membership(since=joined), joined, set[int](), joined
    for grown, after in resumes:
        new = range(position + 1, position + grown + 1)
        sent |= {id_ for id_ in new if membership.owed(id_)}
        position += grown
        membership.resume(after, position)
        replayed = {id_ for id_ in range(after + 1, position + 1) if membership.owed(id_)}
        assert not replayed & sent
        sent |= replayed
        lowest = min(lowest, after)
        skipped_by_word = range(position + 1, after + 1)
        sent |= set(skipped_by_word)
        position = max(position, after)
    assert sent >= set(range(lowest + 1, position + 1))


# Throttle


@given(st.lists(st.tuples(st.floats(0.001, 2), st.floats(0, 5)), min_size=1, max_size=200))
def test_progress_is_reported_often_enough_and_not_too_often(steps: list[tuple[float, float]]) -> None:
    throttle, now, percent, last, last_percent = Throttle(), 0.0, 0.0, 0.0, 0.0
    assert throttle.due(0.0, 0.0)
    for pause, moved in steps:
        now, percent = now + pause, percent + moved
        due = throttle.due(percent, now)
        wanted = now - last >= 0.25 and (now - last >= 1 or abs(percent - last_percent) >= 1)
        assert due == wanted
        if due:
            last, last_percent = now, percent


def test_without_a_known_whole_only_time_counts() -> None:
    throttle = Throttle()
    assert [throttle.due(None, now) for now in (0.0, 0.5, 0.99, 1.0, 1.5, 2.1)] == [
        True,
        False,
        False,
        True,
        False,
        True,
    ]


# Messages


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=5)
)


@given(st.dictionaries(st.text(), json_values))
def test_any_data_becomes_json_that_every_reader_takes(data: dict[str, Any]) -> None:
    text = envelope("queue_status", plain(data), id_=7)
    text.encode("ascii")
    read = json.loads(text, parse_constant=lambda constant: pytest.fail(constant))
    assert (read["id"], read["type"]) == (7, "queue_status")
    assert "\\u0000" not in text


def test_what_json_has_no_word_for_becomes_plain() -> None:
    moment = datetime(2026, 11, 20, 10, 5, 0, 123456, tzinfo=UTC)
    given_data = {"at": moment, "share": float("nan"), "who": "a\x00b\ud800", 3: (1, {"x"})}
    assert plain(given_data) == {"at": "2026-11-20T10:05:00.123Z", "share": None, "who": "a�b�", "3": [1, ["x"]]}


@given(st.one_of(st.text(), json_values.map(json.dumps), st.dictionaries(st.text(), json_values).map(json.dumps)))
def test_anything_but_a_command_is_not_understood(text: str) -> None:
    with pytest.raises(NotUnderstood):
        parse({"text": text})


@pytest.mark.parametrize(
    "text",
    [
        "[" * 8000,
        '{"action": "resume", "after": ' + "9" * 5000 + "}",
        '{"action": "resume", "after": true}',
        '{"action": "resume", "after": 9223372036854775808}',
        '{"action": "ack", "id": -1}',
        '{"action": "join", "room": ["downloads"]}',
        '{"action": "join", "room": "\\ud800"}',
        '{"action": ["join"]}',
        '{"action": "authenticate", "token": 1}',
    ],
)
def test_odd_commands_are_not_understood(text: str) -> None:
    with pytest.raises(NotUnderstood):
        parse({"text": text})


def test_the_size_is_counted_in_bytes() -> None:
    assert not too_large({"text": "ä" * 4096})
    assert too_large({"text": "ä" * 4097})
    assert too_large({"text": None, "bytes": b"x" * 8193})


def test_twenty_messages_a_second_are_fine() -> None:
    pace = Pace()
    assert not any(pace.exceeded(number / 19) for number in range(100))
    assert any(pace.exceeded(5 + number / 21) for number in range(42))


# Origins


@pytest.mark.parametrize(
    ("origin", "host", "own"),
    [
        ("http://localhost:8000", "localhost:8000", True),
        ("http://LOCALHOST:8000", "localhost:8000", True),
        ("https://series.example", "series.example", True),
        ("https://series.example:443", "series.example", True),
        ("http://[::1]:8000", "[::1]:8000", True),
        ("https://trusted.example", "series.example", True),
        ("https://any.wild.example", "series.example", True),
        ("http://trusted.example", "series.example", False),
        ("https://evil.example", "series.example", False),
        ("https://evil.example", "evil.example", False),
        ("http://localhost:8001", "localhost:8000", False),
        ("https://series.example.evil.example", "series.example", False),
        ("https://evil.example/series.example", "series.example", False),
        ("https://series.example@evil.example", "series.example", False),
        ("null", "series.example", False),
        ("", "series.example", False),
        ("file://", "", False),
        ("http://localhost:99999", "localhost:99999", False),
        ("http://[", "series.example", False),
    ],
)
def test_only_our_own_pages_may_use_the_cookie(origin: str, host: str, own: bool, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["localhost", "[::1]", "series.example"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://trusted.example", "https://*.wild.example"]
    headers = [(b"host", host.encode()), (b"origin", origin.encode())]
    assert own_origin(headers) is own


def test_no_origin_is_no_own_origin(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    assert not own_origin([(b"host", b"localhost")])
    assert not own_origin([(b"host", b"localhost"), (b"origin", b"https://evil.example")])
