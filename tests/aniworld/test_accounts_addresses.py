"""Whose address a request has."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aniworld.accounts.addresses import client_address, counted_as, is_loopback


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.5", "", "203.0.113.5"),
        ("203.0.113.5", "127.0.0.1", "203.0.113.5"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "127.0.0.1, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "garbage, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "10.0.0.3", "10.0.0.3"),
        ("::ffff:10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("10.0.0.1", "198.51.100.7:4711", "198.51.100.7"),
        ("", "198.51.100.7", None),
    ],
)
def test_only_trusted_proxies_are_believed(peer: str, forwarded: str, expected: str | None, settings: Any) -> None:
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]
    assert client_address(peer, forwarded) == expected


def test_nobody_is_believed_by_default(settings: Any) -> None:
    settings.TRUSTED_PROXIES = []
    assert client_address("127.0.0.1", "198.51.100.7") == "127.0.0.1"


@given(st.text(), st.text())
def test_no_header_upsets_it(peer: str, forwarded: str) -> None:
    is_loopback(client_address(peer, forwarded))
    is_loopback(client_address("127.0.0.1", forwarded))


def test_tries_are_counted_by_the_network_that_one_line_has() -> None:
    assert counted_as("2001:db8:1:2:aaaa::1") == counted_as("2001:db8:1:2::9") == "2001:db8:1:2::/64"
    assert counted_as("2001:db8:1:3::9") != counted_as("2001:db8:1:2::9")
    assert counted_as("192.0.2.7") == "192.0.2.7"
    assert counted_as(None) == "None"
