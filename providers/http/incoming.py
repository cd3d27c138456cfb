"""Takes bytes from a connection past the layers above its socket: into a buffer, or straight on into a file.

Per TLS record those layers cost as much as the decryption, and a plain body need not pass through this process at all.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import socket
import ssl
from contextlib import suppress

# Bytes that one read gathers at most where they come in small records.
ENOUGH = 512 * 1024
_PIPE = 1024 * 1024
_CAN_SPLICE = hasattr(os, "splice")
_UNABLE = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})


class Incoming:
    """What one connection still brings. One thread at a time."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._tls = connection if isinstance(connection, ssl.SSLSocket) else None
        # From here on waiting is done here; whoever sends the next request sets the limit anew.
        self._seconds = connection.gettimeout()
        connection.settimeout(0)

    @property
    def can_pour(self) -> bool:
        """Whether the system may move the bytes by itself."""
        return _CAN_SPLICE and self._tls is None

    def take_into(self, view: memoryview) -> int:
        """Fills `view` with what is there, at least one byte; 0 at the end of the connection.

        Raises OSError, of which TimeoutError says that nothing came for the connection's time limit.
        """
        while True:
            try:
                return self._records(view, self._tls) if self._tls else self._connection.recv_into(view)
            except (BlockingIOError, ssl.SSLWantReadError):
                self._wait(select.POLLIN)
            except ssl.SSLWantWriteError:
                self._wait(select.POLLOUT)

    def take_into_pipe(self, pipe: Pipe, most: int) -> int:
        """Like `take_into`; the bytes go into an empty pipe and do not pass through this process."""
        while True:
            try:
                return pipe.fill(self._connection.fileno(), most)
            except BlockingIOError:
                self._wait(select.POLLIN)

    @staticmethod
    def _records(view: memoryview, tls: ssl.SSLSocket) -> int:
        """TLS hands out a record of 16 KiB at a time: what else has arrived is taken along."""
        enough = min(len(view), ENOUGH)
        count = more = tls.recv_into(view, enough)
        try:
            while more and count < enough:
                more = tls.recv_into(view[count:], enough - count)
                count += more
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return count
        return count

    def _wait(self, for_what: int) -> None:
        waiting = select.poll()
        waiting.register(self._connection, for_what)
        if not waiting.poll(None if self._seconds is None else 1000 * self._seconds):
            raise TimeoutError("nothing came in time")


class Pipe:
    """Holds the bytes on their way from a socket to a file, inside the system."""

    def __init__(self) -> None:
        self._out, self._in = os.pipe2(os.O_CLOEXEC)
        with suppress(OSError):
            # A user has only so many big ones; a small one is slower and does as well.
            fcntl.fcntl(self._in, fcntl.F_SETPIPE_SZ, _PIPE)

    def fill(self, source: int, most: int) -> int:
        """Bytes moved from the socket `source`, 0 at its end."""
        return os.splice(source, self._in, min(most, _PIPE))

    def empty(self, count: int, file: int, offset: int) -> None:
        """Moves its `count` bytes to `offset` in a file. Raises OSError; what is left in the pipe is lost then."""
        while count:
            moved = self._move(count, file, offset)
            count -= moved
            offset += moved

    def _move(self, count: int, file: int, offset: int) -> int:
        try:
            return os.splice(self._out, file, count, offset_dst=offset)
        except OSError as error:
            # Some file systems can't be given pages.
            if error.errno not in _UNABLE:
                raise
        rest = memoryview(os.read(self._out, count))
        written = 0
        while written < len(rest):
            written += os.pwrite(file, rest[written:], offset + written)
        return written

    def close(self) -> None:
        """Gives both ends back."""
        os.close(self._out)
        os.close(self._in)
