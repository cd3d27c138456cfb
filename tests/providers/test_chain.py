"""The order of sources, and that every error says whether trying again helps."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from django.utils import timezone

from aniworld.configuration import store
from providers import chain, chain_places
from providers.contracts import Language, Source
from providers.demo.site import Site
from providers.exceptions import (
    Blocked,
    ConnectionFailed,
    ProviderError,
    RateLimited,
)
from providers.models import Provider
from tests.providers.measured import downloads, line, put
from tests.providers.rows import provider, status


def source(host: str, language: Language = Language.GERMAN_DUB) -> Source:
    return Source(language, host, f"http://c/redirect/{host}-{language}")


DUB, SUB = Language.GERMAN_DUB, Language.GERMAN_SUB


def hosts_in_order(*names: str) -> list[str]:
    return [candidate.source.host for candidate in chain.order([source(name) for name in names], [DUB]).candidates]


def test_languages_come_first_then_priority(providers: Site) -> None:
    offered = [source("vidoza", SUB), source("voe", SUB), source("vidoza"), source("demo-file"), source("voe")]
    found = chain.order(offered, [DUB, SUB]).candidates
    assert [(one.source.language, one.source.host) for one in found] == [
        (DUB, "demo-file"),
        (DUB, "voe"),
        (DUB, "vidoza"),
        (SUB, "voe"),
        (SUB, "vidoza"),
    ]
    assert "German Sub, choice 2" in found[-1].reason
    row = provider("vidoza")
    row.priority = 1
    row.save()
    assert hosts_in_order("voe", "vidoza") == ["vidoza", "voe"]


def test_what_is_not_tried_is_named(providers: Site) -> None:
    provider("voe").disable()
    offered = [source("voe"), source("vidoza", SUB), source("Unknown Host"), source("demo-hls"), source("demo-hls")]
    found = chain.explain(offered, [DUB])
    assert [one.source.host for one in found.candidates] == ["demo-hls"]
    assert [one.reason for one in found.dropped] == [
        "VOE is not enabled.",
        "German Sub is not wanted.",
        "There is no host named Unknown Host.",
    ]
    assert chain.order(offered, [DUB]) == found
    assert not chain.order([], [DUB]).candidates
    assert not chain.order(offered, []).candidates


def test_what_rests_or_is_down_is_the_last_resort(providers: Site) -> None:
    status("demo-file").record_check(RateLimited("slow", 60), 1)
    status("demo-hls").record_check(Blocked("no"), 1)
    for _ in range(3):
        status("voe").record_check(ConnectionFailed("no"), 1)
    assert hosts_in_order("voe", "demo-hls", "demo-file", "demo-aes", "vidoza") == [
        "demo-aes",
        "vidoza",
        "demo-file",
        "demo-hls",
        "voe",
    ]


def test_what_was_measured_decides_between_equals(providers: Site) -> None:
    now = timezone.now()
    downloads(provider("demo-file"), now, 2, 8)
    downloads(provider("demo-aes"), now, 10)
    downloads(provider("vidoza"), now, 10, response_time_ms=15_000.0)
    assert hosts_in_order("demo-file", "vidoza", "demo-aes") == ["demo-aes", "vidoza", "demo-file"]
    first, _second, last = chain.explain(
        [source(name) for name in ("demo-file", "vidoza", "demo-aes")], [DUB]
    ).candidates
    told = "usable, priority 100, score 1.00: 10 of 10 downloads succeeded lately, about 10.0\N{NO-BREAK SPACE}MB/s"
    assert told in first.reason
    assert "2 of 10" in last.reason
    Provider.objects.filter(name="vidoza").update(priority=50)
    Provider.forget()
    assert hosts_in_order("demo-file", "vidoza", "demo-aes") == ["vidoza", "demo-aes", "demo-file"]


def test_a_host_whose_last_links_were_all_gone_ranks_behind_its_equals(providers: Site) -> None:
    now, gone = timezone.now(), {"successful": False, "error_code": "not_found"}
    store.change({"providers": {"explore_percent": 0}})
    downloads(provider("demo-file"), now, 50)
    put(*(line(provider("demo-file"), now, **gone) for _ in range(9)))
    assert hosts_in_order("demo-file", "demo-aes") == ["demo-file", "demo-aes"]
    put(line(provider("demo-file"), now, **gone))
    store.change({"providers": {"explore_percent": 50}})
    assert {tuple(hosts_in_order("demo-file", "demo-aes")) for _ in range(50)} == {("demo-aes", "demo-file")}
    last = chain.explain([source(name) for name in ("demo-file", "demo-aes")], [DUB]).candidates[-1]
    assert "50 of 50 downloads succeeded lately" in last.reason
    assert "10 of its last 10 links were gone" in last.reason
    Provider.objects.filter(name="demo-aes").update(priority=200)
    Provider.forget()
    assert hosts_in_order("demo-file", "demo-aes") == ["demo-file", "demo-aes"]


def test_a_share_of_the_orders_tries_what_is_little_known(providers: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    downloads(provider("demo-file"), timezone.now(), 20)
    downloads(provider("demo-hls"), timezone.now(), 0, 20)
    offered = [source(name) for name in ("demo-file", "demo-hls", "demo-aes", "vidoza")]
    Provider.objects.filter(name="vidoza").update(priority=200)
    Provider.forget()
    monkeypatch.setattr(chain, "CHANCE", Random(7))
    firsts = Counter(chain.order(offered, [DUB]).candidates[0].source.host for _ in range(1000))
    assert set(firsts) == {"demo-file", "demo-aes"}
    assert 20 <= firsts["demo-aes"] <= 90
    store.change({"providers": {"explore_percent": 50}})
    orders = (chain.order(offered, [DUB]).candidates for _ in range(100))
    explored = next(found for found in orders if found[0].source.host == "demo-aes")
    assert sorted(one.source.host for one in explored) == sorted(one.host for one in offered)
    assert explored[0].reason.endswith("first this time, to find out whether it is better")
    store.change({"providers": {"explore_percent": 0}})
    assert {chain.order(offered, [DUB]).candidates[0].source.host for _ in range(100)} == {"demo-file"}


def test_the_operators_words_outweigh_priority_and_score(providers: Site) -> None:
    downloads(provider("demo-file"), timezone.now(), 20)
    chain_places.reorder(["voe", "vidoza"], DUB)
    chain_places.exclude("demo-hls", DUB)
    assert hosts_in_order("demo-file", "vidoza", "voe") == ["voe", "vidoza", "demo-file"]
    found = chain.explain([source("demo-hls"), source("demo-hls", SUB)], [DUB, SUB])
    assert [one.source.language for one in found.candidates] == [SUB]
    assert [one.reason for one in found.dropped] == ["Demo HLS is taken out of the chain of German Dub."]


def test_errors_say_whether_trying_again_helps() -> None:
    def tree(error: type[ProviderError]) -> list[type[ProviderError]]:
        return [error, *(below for child in error.__subclasses__() for below in tree(child))]

    codes = [error.code for error in tree(ProviderError)]
    assert len(set(codes)) == len(codes)
    assert all(isinstance(error.retryable, bool) and error.outcome for error in tree(ProviderError))
