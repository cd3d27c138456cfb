"""The order of sources, and that every error says whether trying again helps."""

from __future__ import annotations

from providers import chain
from providers.contracts import Language, Source
from providers.demo.site import Site
from providers.exceptions import (
    Blocked,
    ConnectionFailed,
    ProviderError,
    RateLimited,
)
from tests.providers.rows import provider, status


def source(host: str, language: Language = Language.GERMAN_DUB) -> Source:
    return Source(language, host, f"http://c/redirect/{host}-{language}")


DUB, SUB = Language.GERMAN_DUB, Language.GERMAN_SUB


def hosts_in_order(*names: str) -> list[str]:
    return [candidate.source.host for candidate in chain.order([source(name) for name in names], [DUB])]


def test_languages_come_first_then_priority(providers: Site) -> None:
    offered = [source("vidoza", SUB), source("voe", SUB), source("vidoza"), source("demo-file"), source("voe")]
    found = chain.order(offered, [DUB, SUB])
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
    assert chain.order([], [DUB]) == []
    assert chain.order(offered, []) == []


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


def test_errors_say_whether_trying_again_helps() -> None:
    def tree(error: type[ProviderError]) -> list[type[ProviderError]]:
        return [error, *(below for child in error.__subclasses__() for below in tree(child))]

    codes = [error.code for error in tree(ProviderError)]
    assert len(set(codes)) == len(codes)
    assert all(isinstance(error.retryable, bool) and error.outcome for error in tree(ProviderError))
