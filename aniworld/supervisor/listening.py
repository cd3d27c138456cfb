"""The web server's socket, opened by `up`: a taken port is known at once, and a restart of the server loses nobody."""

from __future__ import annotations

import errno
import socket
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from typing import Any

WAITING_CONNECTIONS = 1024
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104  # recognised here, not bound


class UnknownHost(OSError):
    """The name can't be resolved, or the address is none of this machine."""


def open_port(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises `UnknownHost`, and OSError when the port is taken or not allowed."""
    family, address = _resolved(host, port)
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(WAITING_CONNECTIONS)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRNOTAVAIL:
            raise UnknownHost("this machine does not have that address") from None
        raise
    return listening


def _resolved(host: str, port: int) -> tuple[socket.AddressFamily, tuple[Any, ...]]:
    try:
        family, _kind, _protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (socket.gaierror, UnicodeError):
        raise UnknownHost("no such host is known") from None
    return family, address


def free_port(wanted: int, tries: int = 50) -> int:
    """`wanted`, or the next port above it that nobody listens on at 127.0.0.1."""
    for port in range(wanted, min(wanted + tries, 65536)):
        try:
            open_port("127.0.0.1", port).close()
        except OSError:
            continue
        return port
    raise OSError(f"no free port from {wanted} to {wanted + tries - 1}")


def reachable_name(host: str) -> str:
    """The name under which this machine reaches what listens on `host`."""
    return _ANYWHERE.get(host, host)


def answers(host: str, port: int, path: str, called: str, timeout: float = 1.0) -> bool:
    """Whether something speaks HTTP there, whatever it says. `called`: the name under which it is asked."""
    with closing(HTTPConnection(reachable_name(host), port, timeout=timeout)) as connection:
        try:
            connection.request("GET", path, headers={"Host": called})
            connection.getresponse().read(1)
        except (OSError, HTTPException):
            return False
        return True
