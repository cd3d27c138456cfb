"""Brings one range of bytes from a host: in pieces of one reused buffer, decrypted on the way to the disk.

What is wanted as it comes goes from the connection into the file without passing through this process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import FileIO

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from downloads.fetchers.base import Job
from downloads.fetchers.playlist import Piece
from providers.exceptions import TooLarge, WrongContent
from providers.http import MediaResponse

# Bytes read at once; every connection has one such buffer.
BUFFER = 512 * 1024
# Bytes of AES
BLOCK = 16
_TOO_LARGE = "A segment or key is larger than any real one."
_IN_VAIN = "The host ignores ranges: it would send everything before each segment again."
# Bytes that such a host may send in vain for all of a stream.
MOST_IN_VAIN = 256 * 1024 * 1024


def opened(job: Job, piece: Piece) -> MediaResponse:
    """The answer to a request for the piece. Nothing but the client's time limit ends this wait."""
    end = piece.offset + piece.length if piece.length is not None else None
    return job.client.open(piece.url, headers=job.stream.headers, offset=piece.offset, end=end)


def require_ranges(response: MediaResponse, missing: Iterable[Piece]) -> None:
    """Raises `TooLarge` when the host ignored the range, and would send too much in vain for all that is missing."""
    if response.status != 206 and sum(piece.offset for piece in missing) > MOST_IN_VAIN:
        raise TooLarge(_IN_VAIN)


def pieces(job: Job, response: MediaResponse, piece: Piece, most: int, buffer: memoryview) -> Iterator[memoryview]:
    """The bytes of the piece as they come; each view is good until the next is asked for.

    Raises `TooLarge` over `most` bytes, `WrongContent` for fewer than were asked for, and what the client raises.
    """
    job.control.on_interrupt(response.close)
    try:
        yield from _wanted(job, response, piece, most, buffer)
    finally:
        job.control.forget(response.close)


def _wanted(job: Job, response: MediaResponse, piece: Piece, most: int, buffer: memoryview) -> Iterator[memoryview]:
    # A host that ignores the range sends everything from its beginning.
    is_part = piece.length is not None and response.status == 206
    skip, left = 0 if is_part else piece.offset, piece.length
    received = 0
    if skip > most:
        raise TooLarge(_IN_VAIN)
    most += skip
    if left is None and (response.length or 0) > most:
        raise TooLarge(_TOO_LARGE)
    while count := response.read_into(buffer[: job.pace.piece]):
        job.pace.took(count)
        job.control.check()
        received += count
        if received > most:
            raise TooLarge(_TOO_LARGE)
        view = buffer[max(0, skip - received + count) : count]
        if left is not None:
            view = view[:left]
            left -= len(view)
        if len(view):
            yield view
        if left == 0 and not is_part:
            return
    if left:
        raise WrongContent(f"The host sent {received} of {piece.length} bytes of a segment.")


def _poured(job: Job, response: MediaResponse, most: int, buffer: memoryview, file: int) -> Iterator[int]:
    """As `pieces`, for a body of which every byte is wanted, straight into the file."""
    received = 0
    if (response.length or 0) > most:
        raise TooLarge(_TOO_LARGE)
    job.control.on_interrupt(response.close)
    try:
        while count := response.pour_into(file, received, buffer[: job.pace.piece]):
            job.pace.took(count)
            job.control.check()
            received += count
            if received > most:
                raise TooLarge(_TOO_LARGE)
            yield count
    finally:
        job.control.forget(response.close)


def whole(job: Job, piece: Piece, most: int) -> bytes:
    """All bytes of something small."""
    buffer = memoryview(bytearray(min(BUFFER, most + 1)))
    with opened(job, piece) as response:
        return b"".join(bytes(view) for view in pieces(job, response, piece, most, buffer))


class Plain:
    """Writes what comes into a file."""

    def __init__(self, file: FileIO) -> None:
        self._file = file

    def write(self, view: memoryview | bytes) -> None:
        """All of it: a nearly full disk takes a part, and says so only at the next write."""
        while len(view):
            view = view[self._file.write(view) or 0 :]

    def finish(self) -> None:
        """Nothing is left to do."""

    def fileno(self) -> int:
        """Of the file, which is empty so far: for whoever writes into it past this."""
        return self._file.fileno()


class Decrypted:
    """Writes what comes into a file, freed of AES-128-CBC and its PKCS7 padding, as RFC 8216 has it."""

    def __init__(self, file: FileIO, key: bytes, iv: bytes) -> None:
        self._plain = Plain(file)
        self._decryptor = Cipher(algorithms.AES128(key), modes.CBC(iv)).decryptor()
        self._buffer = memoryview(bytearray(BUFFER + BLOCK))
        # The last block so far: only the very last holds the padding.
        self._held = b""

    def write(self, view: memoryview) -> None:
        """Decrypts as many whole blocks as there are by now."""
        count = self._decryptor.update_into(view, self._buffer)
        if not count:
            return
        self._plain.write(self._held)
        self._plain.write(self._buffer[: count - BLOCK])
        self._held = bytes(self._buffer[count - BLOCK : count])

    def finish(self) -> None:
        """Writes the last block without its padding. Raises `WrongContent` when that is none: the key does not fit."""
        try:
            self._decryptor.finalize()
        except ValueError as error:
            raise WrongContent("An encrypted segment breaks off within a block.") from error
        padding = self._held[-1:]
        count = padding[0] if padding else 0
        if not 1 <= count <= BLOCK or self._held[-count:] != padding * count:
            raise WrongContent("A segment can't be decrypted with the key of the stream.")
        self._plain.write(self._held[:-count])


def bring(
    job: Job, response: MediaResponse, piece: Piece, most: int, buffer: memoryview, sink: Plain | Decrypted
) -> Iterator[int]:
    """Writes the piece into the sink; answers each time how many bytes have just come. Raises as `pieces`."""
    if isinstance(sink, Plain) and not piece.offset and piece.length is None:
        yield from _poured(job, response, most, buffer, sink.fileno())
        return
    for view in pieces(job, response, piece, most, buffer):
        sink.write(view)
        yield len(view)
