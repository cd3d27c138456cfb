"""Nobody fills the disk or the memory with a request, signed in or not, and nobody holds a connection for ever."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterable, Iterator

import pytest
import requests

from aniworld.supervisor.request_limits import LARGEST_BODY, LARGEST_WASTE
from tests.running import Running

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("https")]

MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def up() -> Iterator[Running]:
    with Running("--web-only") as running:
        yield running


def raw(up: Running, head: str, body: Iterable[bytes] = ()) -> bytes:
    """What is answered to a request sent byte by byte; "" when the connection is cut off."""
    with socket.create_connection(("127.0.0.1", up.port), timeout=20) as client:
        try:
            client.sendall(head.replace("\n", "\r\n").encode())
            for piece in body:
                client.sendall(piece)
            return client.recv(65536)
        except ConnectionError:
            return b""


@pytest.mark.parametrize("path", ["/api/auth/login", "/login", "/nothing"])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_refused_and_not_kept(up: Running, path: str, chunked: bool) -> None:
    data = b"x" * (LARGEST_BODY + MEGABYTE)
    body = iter([data]) if chunked else data
    answer = requests.post(f"{up.url}{path}", data=body, timeout=30)
    assert answer.status_code == 413
    assert answer.json() == {"detail": "The request is too large.", "code": "too_large"}
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_what_the_product_itself_refuses_is_json_too(up: Running) -> None:
    answer = requests.post(
        f"{up.url}/api/auth/login",
        data=b"x" * (LARGEST_BODY - 1000),
        headers={"Content-Type": "application/json"},
        timeout=30,
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_whoever_announces_or_sends_far_too_much_is_cut_off(up: Running) -> None:
    length = f"Content-Length: {LARGEST_WASTE + 1}"
    assert raw(up, f"POST /login HTTP/1.1\nHost: 127.0.0.1\n{length}\n\n") == b""
    chunk = b"100000\r\n" + b"x" * MEGABYTE + b"\r\n"
    sent = (chunk for _number in range(LARGEST_WASTE // MEGABYTE + 20))
    assert raw(up, "POST /login HTTP/1.1\nHost: 127.0.0.1\nTransfer-Encoding: chunked\n\n", sent) == b""
    assert requests.get(f"{up.url}/api/auth/status", timeout=30).status_code == 200


def test_an_upload_in_parts_is_bounded_as_well(up: Running) -> None:
    answer = requests.post(f"{up.url}/login", files={"file": b"x" * (LARGEST_BODY + 1)}, timeout=30)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "head",
    [
        "GET / HTTP/1.1\nHost: 127.0.0.1\n" + "".join(f"X-{number}: y\n" for number in range(600)) + "\n",
        "GET / HTTP/1.1\nHost: 127.0.0.1\nX: " + "y" * 40_000 + "\n\n",
        "GET /" + "a" * 70_000 + " HTTP/1.1\nHost: 127.0.0.1\n\n",
        "GET / HTTP/1.1\nHost: 127.0.0.1\nX: \x00\n\n",
        "GET /\x7f HTTP/1.1\nHost: 127.0.0.1\n\n",
        "POST / HTTP/1.1\nHost: 127.0.0.1\nContent-Length: -5\n\n",
        "POST / HTTP/1.1\nHost: 127.0.0.1\nContent-Length: 5\nTransfer-Encoding: chunked\n\n0\n\n",
        "POST / HTTP/1.1\nHost: 127.0.0.1\nTransfer-Encoding: chunked\n\nzzzz\n",
        "nonsense\n\n",
    ],
    ids=["many", "long", "address", "nul", "delete", "negative", "both", "no-chunk", "nonsense"],
)
def test_odd_requests_never_fail_the_server(up: Running, head: str) -> None:
    answer = raw(up, head)
    assert not answer.startswith(b"HTTP/1.1 5"), answer[:200]
    assert requests.get(f"{up.url}/api/auth/status", timeout=30).status_code == 200
    assert "Traceback" not in up.output()


def test_a_hundred_slow_senders_hold_nobody_else_up(up: Running) -> None:
    head = b"POST /api/auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n{"
    slow = [socket.create_connection(("127.0.0.1", up.port), timeout=20) for _number in range(100)]
    try:
        for client in slow:
            client.sendall(head)
        began = time.monotonic()
        assert requests.get(f"{up.url}/api/auth/status", timeout=30).status_code == 200
        assert time.monotonic() - began < 5
    finally:
        for client in slow:
            client.close()


def test_deep_json_is_no_failure(up: Running) -> None:
    body = json.dumps({"password": "x"})[:-1] + ', "y": ' + "[" * 200_000 + "]" * 200_000 + "}"
    answer = requests.post(
        f"{up.url}/api/auth/login", data=body, headers={"Content-Type": "application/json"}, timeout=30
    )
    assert answer.status_code in (400, 422)
