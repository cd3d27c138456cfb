"""The hosts that are fetched from: nginx on loopback, and a slow one of our own for latency and limited speed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.timing import ROOT, program

_NGINX = """
{user} worker_processes 2; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000; server_tokens off;
    types {{ video/mp4 mp4; video/mp2t ts; application/vnd.apple.mpegurl m3u8; }}
    client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    server {{ listen 127.0.0.1:{plain}; root {root}; }}
    server {{
        listen 127.0.0.1:{tls} ssl; root {root};
        ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem; ssl_protocols TLSv1.3;
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Nginx:
    """Addresses of the server, and the certificate authority that vouches for it."""

    plain: str
    tls: str
    authority: Path


@contextmanager
def nginx(root: Path, folder: Path) -> Iterator[Nginx]:
    """Serves `root` on two free ports, with and without TLS 1.3; its own files are in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    _certificate(folder)
    plain, tls = free_ports(2)
    user = "user root;" if os.geteuid() == 0 else ""
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(user=user, folder=folder, root=root, plain=plain, tls=tls))
    with _served([str(program("nginx")), "-p", str(folder), "-c", str(config)], plain):
        yield Nginx(f"http://127.0.0.1:{plain}", f"https://127.0.0.1:{tls}", folder / "cert.pem")


@contextmanager
def slow(root: Path, *, delay: float = 0, speed: float = 0, lame: int = 0) -> Iterator[str]:
    """Serves `root` with `delay` seconds before each answer and `speed` bytes a second for each connection.

    The connection with the number `lame`, counted from 1, has a tenth of that; 0 for none.
    """
    [port] = free_ports(1)
    arguments = [str(root), str(port), str(delay), str(speed), str(lame)]
    with _served([sys.executable, "-m", "benchmarks.slow_server", *arguments], port):
        yield f"http://127.0.0.1:{port}"


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for found in sockets:
        found.bind(("127.0.0.1", 0))
    ports = [int(found.getsockname()[1]) for found in sockets]
    for found in sockets:
        found.close()
    return ports


@contextmanager
def _served(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} does not listen")


def _certificate(folder: Path) -> None:
    names = ["-subj", "/CN=benchmark", "-addext", "subjectAltName=IP:127.0.0.1"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(["openssl", "req", "-x509", "-days", "2", *key, *names, *files], check=True, capture_output=True)
