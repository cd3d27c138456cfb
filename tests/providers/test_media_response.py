"""Streaming: every byte or an error, into the reader's own buffer, endable from another thread."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from providers.exceptions import (
    Blocked,
    ConnectionFailed,
    Expired,
    NotFound,
    ProviderError,
    RateLimited,
    TimedOut,
    WrongContent,
    WrongPart,
)
from providers.http import Client, MediaResponse
from tests.providers.conftest import Script, Scripted, answer

Start = Callable[[Script | bytes], Scripted]
# The same in every process that tests: it is in the names of tests.
BODY = random.Random(1).randbytes(3_000_000)


def everything(response: MediaResponse, size: int = 1024 * 1024) -> bytes:
    buffer, found = memoryview(bytearray(size)), bytearray()
    while count := response.read_into(buffer):
        found += buffer[:count]
    return bytes(found)


def part(start: int, end: int, total: int | str = len(BODY)) -> bytes:
    return answer(BODY[start:end], "206 Partial Content", f"Content-Range: bytes {start}-{end - 1}/{total}")


def test_a_whole_file(scripted: Start, loopback: Client) -> None:
    headers = ("Content-Type: video/mp4; x=y", 'ETag: "a"', "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT")
    server = scripted(answer(BODY, "200 OK", *headers))
    with loopback.open(server.address + "/v.mp4", headers={"Referer": "http://r/"}) as response:
        assert (response.status, response.length, response.total, response.offset) == (200, len(BODY), len(BODY), 0)
        assert (response.content_type, response.etag, response.accepts_ranges) == ("video/mp4", '"a"', False)
        assert response.last_modified == "Thu, 01 Jan 2026 00:00:00 GMT"
        assert everything(response) == BODY
        assert response.read_into(memoryview(bytearray(10))) == 0
    assert "Range:" not in server.heads[0]
    assert "Accept-Encoding: identity" in server.heads[0]
    assert "Referer: http://r/" in server.heads[0]


def test_a_part(scripted: Start, loopback: Client) -> None:
    server = scripted(part(100, 5000))
    with loopback.open(server.address, offset=100, end=5000, if_range='"a"') as response:
        assert (response.status, response.length, response.total, response.offset) == (206, 4900, len(BODY), 100)
        assert response.accepts_ranges
        assert everything(response) == BODY[100:5000]
    assert "Range: bytes=100-4999" in server.heads[0]
    assert 'If-Range: "a"' in server.heads[0]


def poured(client: Client, address: str, file: int, position: int = 0) -> int:
    """Where the file ends after the whole body was poured into it."""
    view = memoryview(bytearray(100_000))
    with client.open(address) as response:
        while count := response.pour_into(file, position, view):
            assert count <= 100_000
            position += count
    return position


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_goes_straight_into_a_file(chunked: bool, scripted: Start, loopback: Client, tmp_path: Path) -> None:
    chunk = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
    server = scripted(chunk if chunked else answer(BODY))
    with (tmp_path / "file").open("w+b", buffering=0) as file:
        file.write(b"x" * 1000)
        assert poured(loopback, server.address, file.fileno(), 1000) == 1000 + len(BODY)
    assert (tmp_path / "file").read_bytes() == b"x" * 1000 + BODY


def test_a_file_that_takes_no_more_is_told_from_a_connection_that_breaks(scripted: Start, loopback: Client) -> None:
    with Path("/dev/full").open("r+b", buffering=0) as full, pytest.raises(OSError, match="space"):
        poured(loopback, scripted(answer(BODY)).address, full.fileno())


def test_a_cut_body_is_noticed_on_its_way_into_a_file(scripted: Start, loopback: Client, tmp_path: Path) -> None:
    server = scripted(answer(BODY[:500_000], length=600_000))
    with (tmp_path / "file").open("w+b") as file:
        with pytest.raises(ConnectionFailed):
            poured(loopback, server.address, file.fileno())
    assert (tmp_path / "file").read_bytes() == BODY[:500_000]


def test_a_part_with_more_than_it_said(scripted: Start, loopback: Client) -> None:
    head = "HTTP/1.1 206 Partial\r\nTransfer-Encoding: chunked\r\nContent-Range: bytes 100-199/300\r\n\r\n"
    server = scripted(head.encode() + b"96\r\n" + bytes(150) + b"\r\n0\r\n\r\n")
    with loopback.open(server.address, offset=100, end=200) as response, pytest.raises(WrongPart):
        everything(response)


def test_the_very_start_asked_for_as_a_part(scripted: Start, loopback: Client) -> None:
    server = scripted(part(0, len(BODY)))
    with loopback.open(server.address, as_part=True) as response:
        assert (response.status, response.total) == (206, len(BODY))
    assert "Range: bytes=0-\r\n" in server.heads[0]


def test_a_part_of_unknown_whole_to_the_end(scripted: Start, loopback: Client) -> None:
    server = scripted(part(100, len(BODY), "*"))
    with loopback.open(server.address, offset=100) as response:
        assert response.total is None
        assert everything(response) == BODY[100:]
    assert "Range: bytes=100-\r\n" in server.heads[0]


def test_a_server_that_ignores_ranges_sends_everything(scripted: Start, loopback: Client) -> None:
    with loopback.open(scripted(answer(BODY)).address, offset=100) as response:
        assert (response.status, response.offset, response.accepts_ranges) == (200, 0, False)
        assert everything(response) == BODY


@pytest.mark.parametrize(
    "said",
    [part(0, 100), part(101, 200), part(100, 300), part(100, 101).replace(b"Content-Range", b"X-Nothing"),
     answer(b"x" * 100, "206 Partial", "Content-Range: bytes 100-198/300"),
     answer(b"x", "206 Partial", "Content-Range: bytes 100-50/300"), answer(b"", "416 No"),
     answer(b"x" * 100, "200 OK", "Content-Encoding: gzip"),
     answer(b"<!DOCTYPE html><title>x</title>", "200 OK", "Content-Type: text/html")],
)  # fmt: skip
def test_something_else_than_was_asked_for(said: bytes, scripted: Start, loopback: Client) -> None:
    with pytest.raises(WrongContent):
        loopback.open(scripted(said).address, offset=100, end=200)


@pytest.mark.parametrize(
    ("said", "error"),
    [(answer(b"", "403 No"), Blocked), (answer(b"", "404 No"), NotFound), (answer(b"", "410 Gone"), Expired),
     (answer(b"", "429 Slow", "Retry-After: 3"), RateLimited),
     (answer(b"<html><title>Just a moment...</title>", "200 OK", "Content-Type: text/html"), Blocked)],
)  # fmt: skip
def test_refusals(said: bytes, error: type[ProviderError], scripted: Start, loopback: Client) -> None:
    server = scripted(said)
    with pytest.raises(error):
        loopback.open(server.address)
    assert len(server.heads) == 1


def test_media_under_a_page_s_type_is_media(scripted: Start, loopback: Client) -> None:
    with loopback.open(scripted(answer(BODY[:5000], "200 OK", "Content-Type: text/html")).address) as response:
        assert everything(response) == BODY[:5000]


@pytest.mark.parametrize("sent", [0, 1, 1000, 2_999_999])
def test_a_body_shorter_than_its_length_is_an_error(sent: int, scripted: Start, loopback: Client) -> None:
    server = scripted(answer(BODY[:sent], length=len(BODY)))
    with loopback.open(server.address) as response, pytest.raises(ConnectionFailed, match=f"{sent} of 3000000"):
        everything(response)


def test_bytes_beyond_the_length_are_not_taken(scripted: Start, loopback: Client) -> None:
    with loopback.open(scripted(answer(BODY, length=1000)).address) as response:
        assert everything(response) == BODY[:1000]


def test_chunked_and_endless_bodies(scripted: Start, loopback: Client) -> None:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (BODY[:1], BODY[1:70000], BODY[70000:]))
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with loopback.open(scripted(head + chunks + b"0\r\n\r\n").address) as response:
        assert response.length is None
        assert everything(response) == BODY
    with loopback.open(scripted(head + chunks).address) as response, pytest.raises(ConnectionFailed):
        everything(response)
    with loopback.open(scripted(b"HTTP/1.1 200 OK\r\n\r\n" + BODY).address) as response:
        assert (response.length, everything(response)) == (None, BODY)


def test_a_stall_ends_by_its_own_time_limit(scripted: Start, loopback: Client) -> None:
    stop = threading.Event()

    def script(_head: str, to: socket.socket) -> None:
        to.sendall(answer(b"x" * 1000, length=2000))
        stop.wait(5)

    start = time.monotonic()
    with loopback.open(scripted(script).address, read_timeout=0.3) as response:
        buffer = memoryview(bytearray(4096))
        assert response.read_into(buffer) == 1000
        with pytest.raises(TimedOut):
            response.read_into(buffer)
    stop.set()
    assert time.monotonic() - start < 1


def test_what_has_come_is_handed_out_before_the_buffer_is_full(scripted: Start, loopback: Client) -> None:
    goes_on = threading.Event()

    def script(_head: str, to: socket.socket) -> None:
        to.sendall(answer(b"x" * 20_000, length=40_000))
        goes_on.wait(5)
        to.sendall(b"y" * 20_000)

    with loopback.open(scripted(script).address) as response:
        buffer, got = memoryview(bytearray(1024 * 1024)), 0
        while got < 20_000:
            got += response.read_into(buffer)
        assert got == 20_000
        goes_on.set()
        assert everything(response) == b"y" * 20_000


def test_close_from_another_thread_ends_a_blocked_read_at_once(scripted: Start, loopback: Client) -> None:
    stop = threading.Event()

    def script(_head: str, to: socket.socket) -> None:
        to.sendall(answer(b"x", length=2000))
        stop.wait(5)

    response = loopback.open(scripted(script).address, read_timeout=30)
    buffer = memoryview(bytearray(4096))
    assert response.read_into(buffer) == 1
    start = time.monotonic()
    threading.Timer(0.2, response.close).start()
    with pytest.raises(ConnectionFailed, match="closed"):
        response.read_into(buffer)
    assert time.monotonic() - start < 1
    response.close()
    stop.set()


def test_a_whole_answer_gives_its_connection_back(scripted: Start, loopback: Client) -> None:
    peers: list[socket.socket] = []

    def script(_head: str, to: socket.socket) -> None:
        peers.append(to)
        alive = answer(b"abc").replace(b"Connection: close\r\n", b"")
        to.sendall(alive)
        while to.recv(65536):
            to.sendall(alive)

    server = scripted(script)
    for _ in range(3):
        with loopback.open(server.address) as response:
            assert everything(response, 3) == b"abc"
    assert loopback.get(server.address).content == b"abc"
    assert len(peers) == 1
