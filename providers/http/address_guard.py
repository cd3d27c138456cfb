"""Keeps outgoing requests off private networks: the address that is judged is the address that is connected to."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from providers.exceptions import ConnectionFailed, PrivateAddress, TimedOut

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Sequence[str]]
SocketOptions = Sequence[tuple[int, int, int | bytes]]

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NAT64_LOCAL = ipaddress.ip_network("64:ff9b:1::/48")
_V4_COMPATIBLE = ipaddress.ip_network("::/96")


def system_resolver(host: str, port: int) -> list[str]:
    """Every address the operating system knows for the name. Raises OSError or UnicodeError."""
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


def is_global(address: str) -> bool:
    """Whether an address, and every address wrapped inside it, is reachable on the public internet."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return all(_is_public(inner) for inner in _unwrapped(parsed))


def _unwrapped(address: IPAddress) -> Iterator[IPAddress]:
    """The address itself, or what a mapped, translated or tunnelled one really leads to."""
    if isinstance(address, ipaddress.IPv4Address):
        yield address
    elif address.ipv4_mapped:
        yield address.ipv4_mapped
    elif address.sixtofour:
        yield address.sixtofour
    elif address.teredo:
        yield from address.teredo
    elif address in _NAT64 or address in _V4_COMPATIBLE:
        yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    else:
        yield address


def _is_public(address: IPAddress) -> bool:
    if address.is_multicast or address.is_reserved or address.is_unspecified or not address.is_global:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        return not address.is_site_local and address.scope_id is None and address not in _NAT64_LOCAL
    return True


@dataclass(frozen=True, slots=True)
class AddressGuard:
    """Opens sockets for one client.

    `allowed_private_hosts` holds names as `host` or `host:port`, which may be anywhere. For all others *every* resolved
    address has to be global: a name with one public and one private answer is an attack, not a choice.
    """

    allowed_private_hosts: frozenset[str] = frozenset()
    resolve: Resolver = system_resolver

    def allows_private(self, host: str, port: int) -> bool:
        """Whether the operator (or the demo) lets this host be in a private network."""
        name = host.strip("[]").rstrip(".").lower()
        spellings = {name, f"{name}:{port}", f"[{name}]", f"[{name}]:{port}"}
        return not spellings.isdisjoint(entry.lower() for entry in self.allowed_private_hosts)

    def addresses(self, host: str, port: int) -> Sequence[str]:
        """Where to connect. Raises `PrivateAddress`, or `ConnectionFailed` for an unknown name."""
        try:
            found = self.resolve(host.strip("[]"), port)
        except (OSError, UnicodeError, OverflowError):
            raise ConnectionFailed(f"The name {host[:253]} does not resolve.") from None
        if not found:
            raise ConnectionFailed(f"The name {host[:253]} does not resolve.")
        if not self.allows_private(host, port) and not all(is_global(address) for address in found):
            raise PrivateAddress(
                f"{host[:253]} is in a private network, which providers may not reach. "
                "If it is yours, name it in ALLOWED_PRIVATE_HOSTS and start anew."
            )
        return found

    def connect(self, host: str, port: int, timeout: float | None, options: SocketOptions = ()) -> socket.socket:
        """A connected socket to the first judged address that answers."""
        failure: OSError | None = None
        until = None if timeout is None else time.monotonic() + timeout
        for address in self.addresses(host, port):
            left = None if until is None else max(0.05, until - time.monotonic())
            try:
                return self._connect_to(address, host, port, left, options)
            except OSError as error:
                failure = error
        if isinstance(failure, TimeoutError):
            raise TimedOut(f"{host[:253]} did not answer in time.")
        reason = failure.strerror if failure and failure.strerror else "unreachable"
        raise ConnectionFailed(f"No connection to {host[:253]}: {reason}.")

    def _connect_to(
        self, address: str, host: str, port: int, timeout: float | None, options: SocketOptions
    ) -> socket.socket:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            for option in options:
                connection.setsockopt(*option)
            connection.settimeout(timeout)
            connection.connect((address, port))
            self._check_peer(connection, host, port)
        except BaseException:
            connection.close()
            raise
        return connection

    def _check_peer(self, connection: socket.socket, host: str, port: int) -> None:
        """A transparent proxy or a rewritten route could still have led somewhere else."""
        peer = str(connection.getpeername()[0])
        if not self.allows_private(host, port) and not is_global(peer):
            raise PrivateAddress(f"{host[:253]} led into a private network, which providers may not reach.")
