"""The download client and whatever comes: odd words, endless lists, links of others. Never a failure of the product."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.qbittorrent import views
from integrations.qbittorrent.models import ClientTorrent
from integrations.releases import Release
from providers.models import Provider
from tests.integrations.managers.grabs import DUB, Caller, release_of, series_of

pytestmark = pytest.mark.django_db

ODD = [
    b"", b"\0", b"\xed\xa0\xbd\xff", "ä".encode() * 3000, b"-1", b"9" * 40, b"../../etc", b"true", b"[]", b"%00",
    b"all|all", b"all|x", "\u202e".encode(), b"a\nb",
]  # fmt: skip
NAMES = (
    "hash", "urls", "category", "categories", "tags", "tag", "limit", "offset", "sort", "filter", "value", "stopped",
    "savepath", "rid",
)  # fmt: skip


@pytest.mark.parametrize("name", [*views.READING, *views.CHANGING])
def test_no_parameter_breaks_a_call(caller: Caller, name: str) -> None:
    caller.post("torrents/add", urls=release_of(series_of(1)).magnet())
    for text in ODD:
        form: dict[str, Any] = dict.fromkeys(NAMES, text)
        answer = caller.post(name, **form, hashes=text)
        assert answer.status_code in (200, 400, 404, 409), (text, answer.content)
    form = dict.fromkeys(NAMES, "x,y|z\n-1")
    answer = caller.post(name, **form, hashes="all")
    assert answer.status_code in (200, 400, 404, 409), answer.content


def test_an_endless_list_of_hashes_is_answered(caller: Caller) -> None:
    hashes = "|".join(f"{number:040x}" for number in range(100_000))
    for name in ("torrents/info", "torrents/delete", "torrents/stop"):
        assert caller.post(name, hashes=hashes).status_code == 200


WRONG_LINKS = [
    "http://example.org/x.torrent", "magnet:?xt=urn:btih:" + "0" * 40, "magnet:", "", "x" * 100_000,
    "magnet:?x.cat=demo&x.key=a/b&x.season=1&x.ep=1&x.lang=German%20Dub", "magnet:?" + "&".join(["a=b"] * 900),
]  # fmt: skip


def test_foreign_links_are_refused(caller: Caller) -> None:
    series = series_of()
    good = release_of(series).magnet()
    forged = good.replace("x.ep=1", "x.ep=2")
    unknown = Release("nobody", "x", 1, 1, DUB, "X").magnet()
    for link in (*WRONG_LINKS, forged, unknown):
        assert caller.post("torrents/add", urls=link).content == b"Fails.", link[:80]
    Provider.objects.filter(name="demo").update(enabled=False)
    Provider.forget()
    assert caller.post("torrents/add", urls=good).content == b"Fails."
    assert not ClientTorrent.objects.exists()
