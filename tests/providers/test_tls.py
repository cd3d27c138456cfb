"""Media over TLS: the way past the layers above the socket, with a certificate made here."""

from __future__ import annotations

import datetime
import http.server
import ipaddress
import os
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from providers.exceptions import ConnectionFailed, TimedOut
from providers.http import Client, MediaResponse, Policy

BODY = os.urandom(3_000_000)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        if self.path == "/whole":
            self.wfile.write(BODY)
            return
        self.wfile.write(BODY[:100_000])
        if self.path == "/silent":
            self.server.stopping.wait(30)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, certificate: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.stopping = threading.Event()
        self.connections = 0
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.address = f"https://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of 127.0.0.1 in one file, signed by itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a host of the tests")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "host.pem"
    plain = serialization.NoEncryption()
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def server(certificate: Path) -> Iterator[_Server]:
    made = _Server(certificate)
    thread = threading.Thread(target=made.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield made
    made.stopping.set()
    made.shutdown()
    made.server_close()


@pytest.fixture
def client(certificate: Path) -> Iterator[Client]:
    """It trusts this one certificate."""
    made = Client(Policy(timeout=5, retries=1, allowed_private_hosts=frozenset({"127.0.0.1"})))
    made._session.verify = str(certificate)
    yield made
    made.close()


def take(response: MediaResponse, found: bytearray) -> None:
    """Adds the rest of the body to what was found."""
    buffer = memoryview(bytearray(1024 * 1024))
    while count := response.read_into(buffer):
        found += buffer[:count]


def test_a_body_comes_whole_and_its_connection_serves_the_next_request(server: _Server, client: Client) -> None:
    for _request in range(3):
        found = bytearray()
        with client.open(f"{server.address}/whole") as response:
            take(response, found)
        assert found == BODY
    assert server.connections == 1


def test_a_body_goes_into_a_file_at_its_place(server: _Server, client: Client, tmp_path: Path) -> None:
    position, view = 1000, memoryview(bytearray(200_000))
    with (tmp_path / "file").open("w+b", buffering=0) as file, client.open(f"{server.address}/whole") as response:
        while count := response.pour_into(file.fileno(), position, view):
            position += count
    assert (tmp_path / "file").read_bytes() == bytes(1000) + BODY


def test_a_body_that_breaks_off_is_noticed(server: _Server, client: Client) -> None:
    found = bytearray()
    with client.open(f"{server.address}/cut") as response, pytest.raises(ConnectionFailed):
        take(response, found)
    assert found == BODY[:100_000]


def test_silence_ends_by_the_time_limit(server: _Server, client: Client) -> None:
    with client.open(f"{server.address}/silent", read_timeout=0.3) as response, pytest.raises(TimedOut):
        take(response, bytearray())


def test_another_thread_ends_a_read_that_blocks(server: _Server, client: Client) -> None:
    found = bytearray()
    with client.open(f"{server.address}/silent", read_timeout=30) as response:
        closing = threading.Timer(0.3, response.close)
        closing.start()
        began = time.monotonic()
        with pytest.raises(ConnectionFailed, match="closed"):
            take(response, found)
        closing.join()
    assert found == BODY[:100_000]
    assert time.monotonic() - began < 15


def test_a_certificate_that_nobody_vouches_for_is_refused(server: _Server) -> None:
    stranger = Client(Policy(timeout=5, retries=1, allowed_private_hosts=frozenset({"127.0.0.1"})))
    with pytest.raises(ConnectionFailed):
        stranger.open(f"{server.address}/whole")
    stranger.close()
