"""No address form, name, redirect or second answer of a resolver leads into a private network."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.exceptions import AddressRefused, ConnectionFailed, ProviderError
from providers.http import Client, Policy
from providers.http.address_guard import AddressGuard, is_global
from tests.providers.conftest import Scripted, answer

PRIVATE = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254",
    "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fe80::1%lo", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "::7f00:1",
    "2002:7f00:1::", "2002:c0a8:1::1", "64:ff9b::127.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::7f00:1",
    "2001:0:7f00:1::", "2001:0:4136:e378:8000:63bf:80ff:fffe", "not an address", "",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_not_global(address: str) -> None:
    assert not is_global(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_global(address: str) -> None:
    assert is_global(address)


@given(st.ip_addresses(v=4))
def test_wrapping_an_address_never_makes_it_reachable(inner: ipaddress.IPv4Address) -> None:
    number = int(inner)
    wrapped = [
        ipaddress.IPv6Address((0xFFFF << 32) | number),
        ipaddress.IPv6Address((0x2002 << 112) | (number << 80)),
        ipaddress.IPv6Address((0x64FF9B << 96) | number),
        ipaddress.IPv6Address(number),
    ]
    for address in wrapped:
        assert not is_global(str(address)) or is_global(str(inner))


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "localhost", "[::1]", "[::ffff:127.0.0.1]"],
)
def test_spellings_of_this_machine_are_refused(host: str) -> None:
    with pytest.raises((AddressRefused, ConnectionFailed)):
        Client(Policy(timeout=2, retries=1)).get(f"http://{host}:9/")


@pytest.mark.parametrize(
    "url",
    ["ftp://example.org/", "file:///etc/passwd", "gopher://x/", "//x/y", "x", "", "http://", "http:///x", "http://[::1",
     "http://user:pw@1.1.1.1/", "http://1.1.1.1:99999/", "http://1.1.1.1:0/", "http://1.1.1.1/a b", "http://1.1.1.1/\n",
     "http://\x00/", "http://1.1.1.1/" + "a" * 9000, "javascript:alert(1)", "data:text/html,x", "http://.../", "http://%00/"],
)  # fmt: skip
def test_what_is_no_plain_address_is_refused(url: str) -> None:
    with pytest.raises((AddressRefused, ConnectionFailed)):
        Client(Policy(timeout=2, retries=1)).get(url)


def test_one_private_answer_among_public_ones_is_refused() -> None:
    client = Client(Policy(timeout=2), resolve=lambda host, port: ["1.1.1.1", "10.0.0.1"])
    with pytest.raises(AddressRefused):
        client.get("http://two-faced.example/")


def test_rebinding_finds_nothing_because_a_name_is_resolved_once_per_connection() -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["192.0.2.1"] if len(asked) == 1 else ["127.0.0.1"]

    with pytest.raises(AddressRefused):
        AddressGuard(resolve=rebinding).connect("rebind.example", 80, 1)
    assert asked == ["rebind.example"]


def test_the_judged_address_is_the_one_that_is_connected_to(
    scripted: Callable[[bytes], Scripted], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = scripted(answer(b"hello"))
    connected: list[tuple[str, int]] = []
    connect = socket.socket.connect

    def noted(self: socket.socket, address: tuple[str, int]) -> None:
        connected.append(address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", noted)
    allowed = frozenset({f"nas.example:{server.port}"})
    client = Client(Policy(allowed_private_hosts=allowed), resolve=lambda host, port: ["127.0.0.1"])
    assert client.get(f"http://nas.example:{server.port}/").content == b"hello"
    assert connected == [("127.0.0.1", server.port)]


def test_a_peer_that_is_not_the_judged_address_is_refused(scripted: Callable[[bytes], Scripted]) -> None:
    server = scripted(answer(b"secret"))
    guard = AddressGuard()
    with socket.create_connection(("127.0.0.1", server.port)) as connection, pytest.raises(AddressRefused):
        guard._check_peer(connection, "rerouted.example", server.port)


def test_only_the_named_port_of_an_allowed_host_is_open() -> None:
    guard = AddressGuard(frozenset({"127.0.0.1:8765", "nas.local"}))
    assert guard.allows_private("127.0.0.1", 8765)
    assert not guard.allows_private("127.0.0.1", 8766)
    assert guard.allows_private("NAS.local", 1)
    assert not guard.allows_private("nas.local.evil.example", 1)
    assert AddressGuard(frozenset({"[::1]:80"})).allows_private("::1", 80)


@pytest.mark.parametrize("target", ["http://192.168.0.1/", "http://[::1]/", "http://2130706434/", "file:///etc/passwd"])
def test_redirects_into_private_networks_are_refused(
    target: str, scripted: Callable[[bytes], Scripted], loopback: Client
) -> None:
    server = scripted(answer(b"", "302 Found", f"Location: {target}"))
    client = Client(Policy(timeout=2, retries=1, allowed_private_hosts=frozenset({f"127.0.0.1:{server.port}"})))
    for ask in (client.get, client.open):
        with pytest.raises(AddressRefused):
            ask(f"{server.address}/x")


def test_the_environment_s_proxy_is_not_used(
    scripted: Callable[[bytes], Scripted], monkeypatch: pytest.MonkeyPatch, loopback: Client
) -> None:
    proxy, server = scripted(answer(b"proxy")), scripted(answer(b"direct"))
    monkeypatch.setenv("http_proxy", proxy.address)
    monkeypatch.setenv("all_proxy", proxy.address)
    assert loopback.get(server.address).content == b"direct"
    assert not proxy.heads


@given(st.text(max_size=40))
def test_no_text_is_fetched_by_accident(text: str) -> None:
    client = Client(Policy(timeout=0.2, retries=1), resolve=lambda host, port: ["127.0.0.1"])
    for url in (text, f"http://{text}", f"https://{text}/"):
        with pytest.raises(ProviderError):
            client.get(url)
