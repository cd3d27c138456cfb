"""What a host of the demo site holds back, and how it is let go."""

from __future__ import annotations

import pytest

from providers.demo.site import Site
from providers.exceptions import ConnectionFailed, TimedOut
from providers.http import Client
from tests.providers.test_demo_site import body, client, resolve

__all__ = ["client"]


def test_what_is_held_never_comes_whatever_part_is_asked_for(site: Site, client: Client) -> None:
    url = resolve(site, client, "demo-file").url
    site.faults.set("demo-file", {"fault": "hold", "after_bytes": 50_000})
    assert body(client.open(url, offset=49_999, end=50_000))
    for start in (49_000, 60_000):
        with pytest.raises(TimedOut):
            body(client.open(url, offset=start, end=70_000))
    assert [line["bytes"] for line in site.requests("demo-file", "media")[-2:]] == [1000, 0]


def test_what_is_held_ends_when_the_fault_is_taken_away(site: Site, client: Client) -> None:
    url = resolve(site, client, "demo-file").url
    site.faults.set("demo-file", {"fault": "hold", "after_bytes": 50_000})
    with client.open(url) as held:
        site.faults.clear()
        with pytest.raises(ConnectionFailed):
            body(held)
    assert body(client.open(url, offset=50_000, end=60_000))
