"""Copies a file of this machine into the work folder, and goes on where an earlier try ended."""

from __future__ import annotations

import os
from io import FileIO
from pathlib import Path

from downloads import diskplan
from downloads.control import Transfer
from downloads.fetchers.base import Fetched, Job
from downloads.range_journal import boot_id
from downloads.workfolder import flush, read_journal, write_journal
from providers.exceptions import NotFound, ServerFailed, WrongContent
from providers.hosts.local_file import path_of

_COPY = "copied"
_BUFFER = 1024 * 1024


def fetch(job: Job) -> Fetched:
    """The whole file. One that changed since an earlier try is copied anew."""
    source, target = path_of(job.stream.url), job.folder / _COPY
    try:
        handle = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise NotFound(f"{source.name} is not there any more.") from None
    except OSError as error:
        raise ServerFailed(f"{source.name} can't be read: {error.strerror or error}.") from None
    with os.fdopen(handle, "rb", buffering=0) as original:
        facts = os.fstat(original.fileno())
        had = _had(job.folder, target, facts)
        transfer = Transfer(had, facts.st_size)
        job.control.begin(transfer)
        try:
            _room(job, facts.st_size, had)
            original.seek(had)
            _copy(job, original, target, transfer)
            if os.fstat(original.fileno()).st_mtime_ns != facts.st_mtime_ns:
                raise WrongContent(f"{source.name} was changed while it was copied.")
            job.control.report_now()
        finally:
            job.control.end()
    flush(target)
    return Fetched(target)


def _had(folder: Path, target: Path, facts: os.stat_result) -> int:
    """Bytes of this very file that are there already; notes which file it is."""
    # After a start of the machine it is copied anew: what was not flushed may be missing from the copy.
    mark = {"local": [facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, boot_id()]}
    noted = read_journal(folder)
    if noted.get("local") == mark["local"] and target.is_file():
        return min(target.stat().st_size, facts.st_size)
    target.unlink(missing_ok=True)
    write_journal(folder, {**noted, **mark})
    return 0


def _room(job: Job, size: int, had: int) -> None:
    job.control.report_now()
    diskplan.demand_rest(job.control.item, size, had)


def _copy(job: Job, original: FileIO, target: Path, transfer: Transfer) -> None:
    buffer = memoryview(bytearray(_BUFFER))
    with target.open("ab", buffering=0) as copy:
        copy.truncate(transfer.done)
        while count := original.readinto(buffer[: job.pace.piece]):
            job.control.check()
            job.pace.took(count)
            rest = buffer[:count]
            while rest:
                rest = rest[copy.write(rest) :]
            transfer.advance(count)
