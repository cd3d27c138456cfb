"""One round by itself: pauses that grow, hosts that rest, and languages that are worth waiting for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from aniworld.configuration import store
from downloads import rounds
from downloads.control import Control
from downloads.models import Attempt, QueueItem
from downloads.rounds import WORTH_WAITING, Round
from providers.contracts import Language, Source
from providers.exceptions import Blocked, RateLimited, Resting, ServerFailed
from providers.models import Provider, ProviderStatus
from tests.downloads.hosting import leased_item

DUB, SUB = Language.GERMAN_DUB, Language.GERMAN_SUB


def _source(host: str, language: Language = DUB, link: str = "") -> Source:
    return Source(language, host, link or f"http://{host}.example/1")


@pytest.fixture
def control(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Control]:
    """An item that this process works at, and two hosts."""
    monkeypatch.setattr(rounds, "PLACE_AGAIN", 0.0)
    for name in ("a", "b"):
        row = Provider.objects.create(name=name, kind="host", display_name=name.upper())
        ProviderStatus.objects.create(provider=row)
    with Control(leased_item()) as found:
        yield found


def _round(control: Control, *sources: Source) -> Round:
    Provider.forget()
    return Round(control.item, control, sources)


def _failed(item: QueueItem, source: Source, *, ago: float = 0, outcome: str = "failed") -> None:
    """An attempt that ended so many seconds ago."""
    now = timezone.now()
    QueueItem.objects.filter(pk=item.pk).update(started_at=now - timedelta(days=1))
    item.started_at = now - timedelta(days=1)
    began = Attempt.objects.begin(item, source.host, source.language)
    began.end(outcome, "why", size=0)
    Attempt.objects.filter(pk=began.pk).update(ended_at=now - timedelta(seconds=ago))


def _rest(host: str, seconds: float, **values: Any) -> None:
    until = timezone.now() + timedelta(seconds=seconds)
    values = {"breaker": "open", "open_until": until, "next_probe_at": until, **values}
    ProviderStatus.objects.filter(provider__name=host).update(**values)


def test_each_source_is_handed_out_once_in_order(control: Control) -> None:
    around = _round(control, _source("a"), _source("b"), _source("b", link="http://b.example/2"))
    handed = []
    while source := around.next():
        handed.append(source.link)
        around.failed(source, ServerFailed("broken"))
    assert handed == ["http://a.example/1", "http://b.example/1", "http://b.example/2"]
    assert around.message == "No host works: A \N{EN DASH} its server fails; B \N{EN DASH} its server fails"
    assert not around.is_hopeless


def test_the_pause_grows_with_each_try_of_a_source(control: Control) -> None:
    store.change({"downloads": {"max_retries": 9}})
    pauses = []
    for _try in range(4):
        _failed(control.item, _source("a"))
        around = _round(control, _source("a"))
        assert around.next() is None
        pauses.append(around._left[0].seconds)
    assert [round(pause or 0) for pause in pauses] == [1, 4, 16, 64]
    _failed(control.item, _source("a"), ago=1000)
    assert _round(control, _source("a")).next() == _source("a")


def test_who_failed_a_moment_ago_does_not_hold_back_the_others(control: Control) -> None:
    _failed(control.item, _source("a"))
    around = _round(control, _source("a"), _source("b"))
    assert around.next() == _source("b")
    assert around.next() is None
    assert not around.has_tried


def test_what_had_all_its_tries_is_not_tried_again(control: Control) -> None:
    for source in (_source("a"), _source("b")):
        for _try in range(3):
            _failed(control.item, source, ago=9999)
    around = _round(control, _source("a"), _source("b"))
    assert around.next() is None
    assert around.is_hopeless
    assert around.message == "No host works: A \N{EN DASH} failed; B \N{EN DASH} failed"


@pytest.mark.parametrize("error", [RateLimited("later", 40), Resting("later", 40)])
def test_a_rate_limit_or_a_rest_never_makes_it_hopeless(control: Control, error: RateLimited) -> None:
    for _try in range(3):
        _failed(control.item, _source("b"), ago=9999)
    around = _round(control, _source("a"), _source("b"))
    first = around.next()
    assert first
    around.failed(first, error)
    assert around.next() is None
    assert not around.is_hopeless
    assert 40 <= around.delay <= 51


def test_a_host_that_rests_is_passed_over_and_its_time_is_waited_for(control: Control) -> None:
    _rest("a", 90)
    around = _round(control, _source("a"), _source("b"))
    assert around.next() == _source("b")
    around.failed(_source("b"), Blocked("a challenge"))
    assert around.next() is None
    assert not around.is_blocked
    assert "A \N{EN DASH} rests, and is asked again at" in around.message
    assert around.delay <= 90 * 1.25 + 1


def test_a_host_that_rests_since_it_is_blocked_is_as_blocked_as_one_that_says_so(control: Control) -> None:
    _rest("a", 90, status="blocked", next_probe_at=timezone.now() + timedelta(seconds=30))
    around = _round(control, _source("a"), _source("b"))
    source = around.next()
    assert source == _source("b")
    around.failed(source, Blocked("a challenge"))
    assert around.is_blocked


@pytest.mark.parametrize(("seconds", "taken"), [(WORTH_WAITING - 60, False), (WORTH_WAITING + 60, True)])
def test_a_better_language_that_comes_soon_is_waited_for(control: Control, seconds: float, *, taken: bool) -> None:
    _rest("a", seconds)
    around = _round(control, _source("a", DUB), _source("b", SUB))
    assert (around.next() == _source("b", SUB)) is taken
    assert not around.is_hopeless
    assert "A \N{EN DASH} rests" in around.message


def test_a_better_language_that_failed_now_gives_way_to_the_next(control: Control) -> None:
    around = _round(control, _source("a", DUB), _source("b", SUB))
    first = around.next()
    assert first == _source("a", DUB)
    around.failed(first, ServerFailed("broken"))
    assert around.next() == _source("b", SUB)
