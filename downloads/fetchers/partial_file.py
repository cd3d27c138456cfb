"""The file as far as it is there, and what the server said of it.

It has its full size from the start and holes where bytes are missing. The room for them is not taken from the file
system beforehand: the disk plan reserves it already, and would count it twice.
"""

from __future__ import annotations

import os
from pathlib import Path

from downloads import range_journal
from downloads.range_journal import DATA, RANGES, Head, RangeJournal
from downloads.ranges import Range, length, missing
from downloads.workfolder import flush
from providers.exceptions import WrongContent
from providers.http import MediaResponse

OVERLAP = 64 * 1024


class PartialFile:
    """One file in one folder. Threads of several connections may write into `file` and call `note`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / DATA
        self.head = Head()
        self.have: list[Range] = []
        self.file = -1
        self._synced: list[Range] = []
        self._journal: RangeJournal | None = None
        self._find()

    def _find(self) -> None:
        noted = range_journal.read(self.folder)
        try:
            size = self.data.stat().st_size
        except OSError:
            return
        if noted is None or not noted.have or noted.have[-1][1] > size:
            return
        if noted.head.total not in (None, size):
            # Not the file that was written of.
            return
        self.head, self.have, self._synced = noted.head, noted.have, noted.synced

    @property
    def size(self) -> int:
        """Bytes that are there."""
        return length(self.have)

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return bool(self.head.total) and self.have == [(0, self.head.total)]

    @property
    def on_disk(self) -> bool:
        """Whether all of it outlives the machine as well."""
        return self.complete and self._synced == self.have

    @property
    def validator(self) -> str:
        """What If-Range may carry: a strong ETag, else the time of the last change."""
        etag = self.head.etag
        return etag if etag and not etag.startswith("W/") else self.head.last_modified

    @property
    def gap(self) -> tuple[int, int | None]:
        """The first part that is not there; it ends with None where that is the file's end."""
        if self.head.total is None:
            return (self.have[-1][1] if self.have else 0), None
        start, end = missing(self.have, self.head.total)[0]
        return start, None if end == self.head.total else end

    def overlap(self, offset: int) -> int:
        """How many bytes before `offset` prove that an answer belongs to this file: none where a validator does."""
        before = next((end - start for start, end in self.have if end == offset), 0)
        return 0 if self.validator else min(before, OVERLAP)

    def is_of(self, response: MediaResponse) -> bool:
        """Whether the answer is a part of the very file that is on disk.

        A part need not repeat what If-Range has settled (RFC 9110, 15.3.7), but must not say otherwise.
        """
        head = self.head
        return (
            response.status == 206
            and (response.total or head.total) == (head.total or response.total)
            and (response.etag or head.etag) == head.etag
            and (response.last_modified or head.last_modified) == head.last_modified
        )

    def go_on(self, response: MediaResponse) -> None:
        """Takes up the data that was found; `response` may know its size by now. Raises OSError."""
        self.head = Head(self.head.total or response.total, self.head.etag, self.head.last_modified)
        # The name leads nowhere for a predecessor whose folder was taken over.
        self._opened(os.open(self.data, os.O_RDWR | os.O_CLOEXEC))
        self._journal = RangeJournal(self.folder, self.head, self.have, self._synced)

    def restart(self, response: MediaResponse) -> None:
        """Begins with an empty file for what the server has now. Raises OSError."""
        self.forget()
        self.head = Head(response.total, response.etag or "", response.last_modified or "")
        # A new file instead of an emptied one: a predecessor that still writes must not reach it.
        self._opened(os.open(self.data, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666))
        self._journal = RangeJournal(self.folder, self.head, [], [])

    def forget(self) -> None:
        """Drops everything."""
        self.close()
        journal = self.folder / RANGES
        if journal.exists():
            journal.unlink()
            # It must be gone for good before other bytes stand under the name that it speaks of.
            flush(self.folder)
        self.data.unlink(missing_ok=True)
        self.head, self.have, self._synced = Head(), [], []

    def same_bytes(self, offset: int, found: memoryview) -> bool:
        """Whether `found` is what stands at `offset`."""
        with self.data.open("rb") as file:
            file.seek(offset)
            return file.read(len(found)) == found

    def write(self, piece: memoryview, offset: int) -> None:
        """Raises OSError."""
        while piece:
            # A disk that is nearly full takes a part first, and refuses the rest at the next call.
            written = os.pwrite(self.file, piece, offset)
            piece, offset = piece[written:], offset + written

    def note(self, start: int, end: int) -> None:
        """These bytes were written to `file`: a kill does not lose them any more."""
        if self._journal:
            self._journal.wrote(start, end)

    def sync(self, have: list[Range]) -> None:
        """Waits until `have`, which is written, outlives the machine. Raises OSError."""
        os.fdatasync(self.file)
        self.have = self._synced = have
        if self._journal:
            self._journal.synced(have)

    def end(self, have: list[Range], total: int) -> None:
        """All is written: `total` bytes. Raises `WrongContent` for an empty file, OSError."""
        if not total:
            raise WrongContent("The host sent an empty file.")
        os.ftruncate(self.file, total)
        os.fdatasync(self.file)
        self.head, self.have, self._synced = Head(total, self.head.etag, self.head.last_modified), have, have
        if self._journal:
            self._journal.head = self.head
            self._journal.renew(have, have)

    def close(self) -> None:
        """Nothing is written any more."""
        if self.file >= 0:
            os.close(self.file)
            self.file = -1
        if self._journal:
            self._journal.close()
            self._journal = None

    def _opened(self, file: int) -> None:
        self.close()
        self.file = file
        if self.head.total is not None:
            os.ftruncate(file, self.head.total)
