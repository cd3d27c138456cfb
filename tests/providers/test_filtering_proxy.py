"""The proxy for child processes: who may use it, and where it leads."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
import requests

from providers.http.address_guard import AddressGuard
from providers.http.filtering_proxy import filtering_proxy
from tests.downloads.hosting import Hosting, Resource, hosting
from tests.providers.conftest import Script, Scripted, answer

BODY = b"x" * 300_000


@pytest.fixture
def host() -> Iterator[Hosting]:
    with hosting() as found:
        found.resources["/file"] = Resource(BODY)
        yield found


def _own(host: Hosting) -> AddressGuard:
    return AddressGuard(frozenset({host.address.removeprefix("http://")}))


def _get(proxy: str, url: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, proxies={"http": proxy, "https": proxy}, timeout=10)


def _connect(proxy: str, target: str, *, password: bool = True) -> tuple[int, socket.socket]:
    """The status of a CONNECT, and the socket it was made on."""
    parts = urlsplit(proxy)
    connection = socket.create_connection((parts.hostname or "", parts.port or 0), 10)
    credentials = requests.auth._basic_auth_str(parts.username or "", parts.password or "")
    line = f"Proxy-Authorization: {credentials}\r\n" if password else ""
    connection.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{line}\r\n".encode())
    return int(connection.recv(4096).split()[1]), connection


def test_plain_requests_to_an_allowed_host_go_through(host: Hosting) -> None:
    with filtering_proxy(_own(host)) as proxy:
        answer = _get(proxy, f"{host.address}/file")
        assert (answer.status_code, answer.content) == (200, BODY)
        assert _get(proxy, f"{host.address}/none").status_code == 404
    assert [one.path for one in host.asked] == ["/file", "/none"]


def test_a_tunnel_to_an_allowed_host_carries_bytes_both_ways(host: Hosting) -> None:
    with filtering_proxy(_own(host)) as proxy:
        status, tunnel = _connect(proxy, host.address.removeprefix("http://"))
        with tunnel:
            assert status == 200
            tunnel.sendall(b"GET /file HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            received = b""
            while data := tunnel.recv(65536):
                received += data
    assert received.endswith(BODY)


@pytest.mark.parametrize("password", ["", "proxy:wrong@"])
def test_without_the_password_nothing_is_answered(host: Hosting, password: str) -> None:
    with filtering_proxy(_own(host)) as proxy:
        stranger = f"http://{password}127.0.0.1:{urlsplit(proxy).port}"
        assert _get(stranger, f"{host.address}/file").status_code == 407
        status, connection = _connect(proxy, host.address.removeprefix("http://"), password=False)
        connection.close()
        assert status == 407
    assert host.asked == []


@pytest.mark.parametrize(
    "target", ["127.0.0.1:{port}", "localhost:{port}", "[::1]:{port}", "[::ffff:127.0.0.1]:{port}", "10.0.0.1:80"]
)
def test_private_networks_are_refused(host: Hosting, target: str) -> None:
    place = target.format(port=urlsplit(host.address).port)
    with filtering_proxy(AddressGuard()) as proxy:
        assert _get(proxy, f"http://{place}/file").status_code == 403
        status, connection = _connect(proxy, place)
        connection.close()
        assert status == 403
    assert host.asked == []


@pytest.mark.parametrize("target", ["nowhere.invalid:443", "x:0", "x:99999", "x", ":"])
def test_what_leads_nowhere_is_an_error(target: str) -> None:
    with filtering_proxy(AddressGuard()) as proxy:
        status, connection = _connect(proxy, target)
        connection.close()
    assert status in (400, 403, 502)


@pytest.mark.parametrize("line", ["GET /file", "GET ftp://x/", "GET http://[bad/", "GET http://x:abc/"])
def test_anything_else_is_refused_with_an_answer(line: str) -> None:
    with filtering_proxy(AddressGuard()) as proxy:
        parts = urlsplit(proxy)
        credentials = requests.auth._basic_auth_str(parts.username or "", parts.password or "")
        with socket.create_connection((parts.hostname or "", parts.port or 0), 10) as connection:
            connection.sendall(f"{line} HTTP/1.1\r\nProxy-Authorization: {credentials}\r\n\r\n".encode())
            assert connection.recv(4096).split()[1] == b"400"


def test_it_is_gone_with_its_context(host: Hosting) -> None:
    with filtering_proxy(_own(host)) as proxy:
        pass
    with pytest.raises(requests.ConnectionError):
        _get(proxy, f"{host.address}/file")


@pytest.mark.parametrize("size", [1, 100, 200_000])
def test_a_form_is_carried_whole(scripted: Callable[[Script], Scripted], size: int) -> None:
    form = b"x" * size

    def echo(head: str, to: socket.socket) -> None:
        body = head.partition("\r\n\r\n")[2].encode()
        while len(body) < size:
            body += to.recv(65536)
        to.sendall(answer(body))

    server = scripted(echo)
    with filtering_proxy(AddressGuard(frozenset({"127.0.0.1"}))) as proxy, requests.Session() as session:
        session.trust_env = False
        found = session.post(f"{server.address}/form", data=form, proxies={"http": proxy}, timeout=5)
    assert found.content == form
    assert server.heads[0].startswith("POST /form ")


def test_what_is_sent_right_behind_a_connect_goes_through(scripted: Callable[[Script], Scripted]) -> None:
    server = scripted(lambda _head, to: to.sendall(answer(b"early")))
    target = server.address.removeprefix("http://")
    with filtering_proxy(AddressGuard(frozenset({"127.0.0.1"}))) as proxy:
        parts = urlsplit(proxy)
        credentials = requests.auth._basic_auth_str(parts.username or "", parts.password or "")
        head = f"CONNECT {target} HTTP/1.1\r\nProxy-Authorization: {credentials}\r\n\r\n"
        with socket.create_connection((parts.hostname or "", parts.port or 0), 5) as connection:
            connection.sendall(f"{head}GET / HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            received = b""
            while data := connection.recv(65536):
                received += data
    assert received.endswith(b"early")
