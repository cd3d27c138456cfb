"""The one HTTP client: limits, retries, redirects, honest errors without secrets."""

from __future__ import annotations

import gzip
import itertools
import logging
import socket
import ssl
import threading
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.exceptions import (
    AddressRefused,
    Blocked,
    ConnectionFailed,
    NotFound,
    PageNotUnderstood,
    ProviderError,
    RateLimited,
    ServerFailed,
    TimedOut,
    TooLarge,
    WrongContent,
)
from providers.http import KEY_LIMIT, PAGE_LIMIT, Client, Page, Policy, answers
from providers.http.media_response import MediaResponse
from tests.providers.conftest import Script, Scripted, answer

Start = Callable[[Script | bytes], Scripted]
HTML = "Content-Type: text/html; charset=utf-8"


def test_a_page_comes_with_its_text(scripted: Start, loopback: Client) -> None:
    server = scripted(answer("Größe".encode("latin-1"), "200 OK", "Content-Type: text/html; charset=iso-8859-1"))
    page = loopback.get(f"{server.address}/a", params={"q": "ä b"})
    assert (page.text, page.status, page.content_type) == ("Größe", 200, "text/html")
    assert server.heads[0].startswith("GET /a?q=%C3%A4+b HTTP/1.1")


def test_a_form_is_posted_once(scripted: Start, loopback: Client) -> None:
    server = scripted(answer(b"", "500 Oops"))
    with pytest.raises(ServerFailed):
        loopback.post(server.address, {"keyword": "x"})
    assert len(server.heads) == 1


def test_network_and_server_failures_are_tried_again(scripted: Start, loopback: Client) -> None:
    replies = iter([b"", answer(b"", "503 Later"), answer(b"fine")])
    server = scripted(lambda _head, to: to.sendall(next(replies)))
    assert loopback.get(server.address).content == b"fine"
    assert len(server.heads) == 3


@pytest.mark.parametrize(
    ("status", "error"),
    [("403 No", Blocked), ("401 No", Blocked), ("404 No", NotFound), ("410 Gone", NotFound), ("400 No", ServerFailed),
     ("429 Slow", RateLimited)],
)  # fmt: skip
def test_refusals_are_not_tried_again(
    status: str, error: type[ProviderError], scripted: Start, loopback: Client
) -> None:
    server = scripted(answer(b"x", status))
    with pytest.raises(error):
        loopback.get(server.address)
    assert len(server.heads) == 1


def test_retries_end(scripted: Start, loopback: Client) -> None:
    server = scripted(answer(b"", "500 Oops"))
    with pytest.raises(ServerFailed) as caught:
        loopback.get(server.address)
    assert (len(server.heads), caught.value.status) == (3, 500)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7), ("0", 0), ("Sat, 21 Nov 2026 00:01:00 GMT", 60), ("Sat, 21 Nov 2020 00:00:00 GMT", 0), ("soon", None),
     ("-3", None), ("", None), (None, None), ("99999999999999999999", None), ("9999999999", 604800), ("٣", None)],
)  # fmt: skip
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert answers.retry_after(value, datetime(2026, 11, 21, tzinfo=UTC)) == seconds


@given(st.text())
def test_retry_after_never_fails(value: str) -> None:
    seconds = answers.retry_after(value)
    assert seconds is None or 0 <= seconds <= 7 * 86400


def test_a_rate_limit_says_when(scripted: Start, loopback: Client) -> None:
    server = scripted(answer(b"", "429 Slow", "Retry-After: 12"))
    with pytest.raises(RateLimited) as caught:
        loopback.get(server.address)
    assert caught.value.retry_after == 12


@pytest.mark.parametrize(
    ("status", "page"),
    [
        ("200 OK", "<html><title>Just a moment...</title></html>"),
        ("503 Later", "<!DOCTYPE html><title>Just a moment...</title>"),
        ("200 OK", "<html><body><div class='cf-turnstile' data-sitekey='x'></div></body></html>"),
        ("200 OK", "<html><body><div class='g-recaptcha'></div></body></html>"),
        ("200 OK", "<html><title>Anmelden</title><form><input type='password'></form></html>"),
        ("403 No", "<html>no</html>"),
    ],
)
def test_challenges_and_logins_are_blocked(status: str, page: str, scripted: Start, loopback: Client) -> None:
    server = scripted(answer(page.encode(), status, HTML))
    with pytest.raises(Blocked):
        loopback.get(server.address)
    assert len(server.heads) == 1


def test_a_login_form_beside_real_content_blocks_nothing(scripted: Start, loopback: Client) -> None:
    page = "<html><title>Serie</title><form action=/login><input type=password></form><h1>Silberfaden</h1></html>"
    assert "Silberfaden" in loopback.get(scripted(answer(page.encode(), "200 OK", HTML)).address).text


def test_a_page_over_the_limit(scripted: Start, loopback: Client) -> None:
    server = scripted(answer(b"x" * (KEY_LIMIT + 1)))
    with pytest.raises(TooLarge):
        loopback.get(server.address, limit=KEY_LIMIT)
    assert len(loopback.get(scripted(answer(b"x" * KEY_LIMIT)).address, limit=KEY_LIMIT).content) == KEY_LIMIT


def test_the_limit_counts_unpacked_bytes(scripted: Start, loopback: Client) -> None:
    bomb = gzip.compress(b"\0" * (PAGE_LIMIT * 20))
    server = scripted(answer(bomb, "200 OK", "Content-Encoding: gzip"))
    with pytest.raises(TooLarge):
        loopback.get(server.address)


def test_a_redirect_s_body_is_not_read(scripted: Start, loopback: Client) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)

    def script(head: str, to: socket.socket) -> None:
        first = head.startswith("GET /a ")
        to.sendall(answer(bomb, "302 Found", "Location: /b", "Content-Encoding: gzip") if first else answer(b"arrived"))

    page = loopback.get(scripted(script).address + "/a")
    assert page.content == b"arrived"
    assert page.url.endswith("/b")


def test_redirects_end(scripted: Start, loopback: Client) -> None:
    count = itertools.count()
    chain = scripted(lambda _head, to: to.sendall(answer(b"", "302 Found", f"Location: /{next(count)}")))
    with pytest.raises(ServerFailed, match="more than 5"):
        loopback.get(chain.address + "/start")
    assert len(chain.heads) == 6
    loop = scripted(answer(b"", "302 Found", "Location: /again"))
    with pytest.raises(ServerFailed, match="loop"):
        loopback.get(loop.address + "/again")
    assert len(loop.heads) == 1


def test_a_posted_form_becomes_a_get_after_a_redirect(scripted: Start, loopback: Client) -> None:
    def script(head: str, to: socket.socket) -> None:
        to.sendall(answer(b"", "302 Found", "Location: /b") if head.startswith("POST") else answer(b"ok"))

    server = scripted(script)
    assert loopback.post(server.address + "/a", {"a": "b"}).content == b"ok"
    assert server.heads[1].startswith("GET /b ")
    assert "content-length" not in server.heads[1].lower()


def test_the_operator_s_headers_and_parameters_go_to_no_other_origin(scripted: Start) -> None:
    other = scripted(answer(b"there"))
    server = scripted(answer(b"", "302 Found", f"Location: {other.address}/x"))
    policy = Policy(
        headers={"X-Secret": "s3cret", "User-Agent": "Mine/1"},
        params={"token": "t0ken"},
        allowed_private_hosts=frozenset({"127.0.0.1"}),
    )
    Client(policy).get(server.address + "/", headers={"Referer": "http://r/", "Cookie": "a=b"})
    assert "s3cret" in server.heads[0]
    assert "t0ken" in server.heads[0]
    assert "s3cret" not in other.heads[0]
    assert "t0ken" not in other.heads[0]
    assert "a=b" not in other.heads[0]
    assert "User-Agent: Mine/1" in other.heads[0]
    assert "Referer: http://r/" in other.heads[0]


def test_where_a_link_leads(scripted: Start, loopback: Client) -> None:
    server = scripted(answer(b"", "301 Moved", "Location: ../e/ü?x=1".encode().decode("latin-1")))
    assert loopback.redirect_target(server.address + "/redirect/5") == server.address + "/e/ü?x=1"
    page = scripted(answer(b"<html>player</html>", "200 OK", HTML))
    assert loopback.redirect_target(page.address + "/redirect/5") == page.address + "/redirect/5"
    challenge = scripted(answer(b"<html><title>Just a moment...</title>", "200 OK", HTML))
    with pytest.raises(Blocked):
        loopback.redirect_target(challenge.address + "/redirect/5")


@pytest.mark.parametrize("part", ["head", "body"])
def test_a_server_that_trickles_is_left_in_time(part: str, scripted: Start) -> None:
    stop = threading.Event()

    def script(_head: str, to: socket.socket) -> None:
        to.sendall(b"HTTP/1.1 200 OK\r\n" if part == "head" else answer(length=10_000))
        while not stop.wait(0.05):
            to.sendall(b"X: y\r\n" if part == "head" else b"x")

    client = Client(Policy(timeout=0.5, retries=3, retry_delay=0, allowed_private_hosts=frozenset({"127.0.0.1"})))
    start = time.monotonic()
    with pytest.raises(TimedOut):
        client.get(scripted(script).address)
    stop.set()
    assert time.monotonic() - start < 1.5


def test_a_server_that_says_nothing(scripted: Start) -> None:
    stop = threading.Event()
    server = scripted(lambda _head, _to: (stop.wait(5), None)[1])
    client = Client(Policy(timeout=0.3, retries=3, retry_delay=0, allowed_private_hosts=frozenset({"127.0.0.1"})))
    start = time.monotonic()
    with pytest.raises(TimedOut):
        client.get(server.address)
    stop.set()
    assert time.monotonic() - start < 1


def test_a_closed_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    client = Client(Policy(timeout=1, retries=2, retry_delay=0, allowed_private_hosts=frozenset({"127.0.0.1"})))
    with pytest.raises(ConnectionFailed, match=r"127\.0\.0\.1"):
        client.get(f"http://127.0.0.1:{port}/")


def outcome(way: str, address: str) -> Any:
    """How a client of its own fares: the kind of error, or what it answers, of a page or a stream the bytes."""
    client = Client(Policy(timeout=1, retries=1, allowed_private_hosts=frozenset({"127.0.0.1"})))
    try:
        found = getattr(client, way)(address)
        if isinstance(found, MediaResponse):
            with found:
                buffer = bytearray(1000)
                return bytes(buffer[: found.read_into(memoryview(buffer))])
        return found.content if isinstance(found, Page) else found
    except ProviderError as error:
        return type(error)
    finally:
        client.close()


@pytest.mark.parametrize(
    ("said", "page", "stream", "target"),
    [
        (b"", ConnectionFailed, ConnectionFailed, ConnectionFailed),
        (b"\0" * 100, ConnectionFailed, ConnectionFailed, ConnectionFailed),
        (b"HTTP/1.1 abc\r\n\r\n", ConnectionFailed, ConnectionFailed, ConnectionFailed),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n", *[ConnectionFailed] * 3),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\n\r\n", *[ConnectionFailed] * 3),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", *[ConnectionFailed] * 3),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nx", b"x", b"x", "/x"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nx", ConnectionFailed, b"x", ConnectionFailed),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nxxxx",
         ConnectionFailed, WrongContent, ConnectionFailed),
        (b"HTTP/1.1 302 Found\r\nLocation: http://[x\r\nContent-Length: 0\r\n\r\n", *[AddressRefused] * 3),
        (b"HTTP/1.1 302 Found\r\nLocation: \xff\xfe\r\nContent-Length: 0\r\n\r\n",
         ServerFailed, ServerFailed, "/\ufffd\ufffd"),
        (b"HTTP/1.1 999 Hm\r\nContent-Length: 0\r\n\r\n", ServerFailed, ServerFailed, ServerFailed),
        (b"HTTP/1.1 204 No\r\n\r\n", b"", ServerFailed, "/x"),
    ],
)  # fmt: skip
def test_broken_answers_end_in_our_errors_or_a_page(
    said: bytes, page: Any, stream: Any, target: Any, scripted: Start
) -> None:
    server = scripted(said)
    address = server.address + "/x"
    assert outcome("get", address) == page
    assert outcome("open", address) == stream
    assert outcome("redirect_target", address) == (server.address + target if isinstance(target, str) else target)
    assert outcome("json", address) == (PageNotUnderstood if isinstance(page, bytes) else page)


@given(st.binary(max_size=300))
def test_random_answers_end_in_our_errors_or_a_page(said: bytes) -> None:
    server = Scripted(lambda _head, to: to.sendall(b"HTTP/1.1 " + said if len(said) % 2 else said))
    try:
        page, stream = (outcome(way, server.address + "/x") for way in ("get", "open"))
        for found in (page, stream):
            # What was no status line of a good answer has no body for anybody.
            assert found in said if isinstance(found, bytes) else issubclass(found, ProviderError)
            assert isinstance(found, type) or said.lstrip()[:1] == b"2" or said.startswith(b"HTTP/1")
    finally:
        server.close()


def test_json(scripted: Start, loopback: Client) -> None:
    assert loopback.json(scripted(answer(b'{"a": [1]}')).address) == {"a": [1]}
    for text in (b"<html>", b"[" * 200_000, b"\xff", b"1" * 5000, b""):
        with pytest.raises(PageNotUnderstood):
            loopback.json(scripted(answer(text)).address)


def test_errors_and_logs_hold_no_signatures(
    scripted: Start, loopback: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "sIgNaTuRe" * 8
    for status in ("403 No", "404 No", "410 Gone", "500 Oops", "429 Slow", "416 No", "302 Found", "abc"):
        server = scripted(answer(b"", status, "Location: ftp://x/"))
        for ask in (loopback.get, loopback.open):
            with pytest.raises(ProviderError) as caught:
                ask(f"{server.address}/{secret}/v.mp4?sig={secret}")
            assert secret not in "".join(traceback.format_exception(caught.value))
    assert secret not in caplog.text


def test_a_header_that_can_t_be_sent_is_an_error_of_ours(scripted: Start, loopback: Client) -> None:
    with pytest.raises(AddressRefused):
        loopback.get(scripted(answer(b"")).address, headers={"X": "a\r\nY: b"})


def test_certificates_are_checked_against_the_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            connection, _peer = listener.accept()
            try:
                context.wrap_socket(connection, server_side=True)
            except OSError:
                connection.close()

        threading.Thread(target=serve, daemon=True).start()
        client = Client(Policy(timeout=2, retries=1, allowed_private_hosts=frozenset({"127.0.0.1"})))
        with pytest.raises(ConnectionFailed):
            client.get(f"https://127.0.0.1:{listener.getsockname()[1]}/")
