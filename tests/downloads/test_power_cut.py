"""A power cut may leave any beginning of the journal and of the data: the next fetch ends with the right file."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aniworld.configuration import store
from downloads import range_journal
from downloads.fetchers import file
from downloads.range_journal import DATA, RANGES
from downloads.ranges import length
from providers.contracts import StreamKind
from providers.exceptions import ProviderError
from tests.downloads.hosting import Hosting, Resource, hosting, job

BODY = random.Random(9).randbytes(1_500_000)
PATH = "/film.mp4"
CONNECTIONS = 4
# Each example is a whole download.
EXAMPLES = 500 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 25


@pytest.fixture
def host(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hosting]:
    # A small file is flushed now and then as a large one would be, and its journal made short.
    monkeypatch.setattr(file, "SYNC_EVERY", 100_000)
    monkeypatch.setattr(file, "SYNC_SECONDS", 0.0)
    monkeypatch.setattr(range_journal, "LONGEST", 500)
    store.change({"downloads": {"free_space_floor_gb": 0}})
    with hosting() as found:
        yield found


def _fetch(host: Hosting, folder: Path) -> bytes:
    with job(host.address + PATH, StreamKind.FILE, folder, connections=CONNECTIONS) as one:
        return file.fetch(one).path.read_bytes()


@pytest.fixture(params=["validated", "unvalidated"])
def interrupted(request: pytest.FixtureRequest, host: Hosting, tmp_path: Path) -> Path:
    """The folder of a download over several connections that broke in the middle; the host is well again."""
    etag = '"one"' if request.param == "validated" else ""
    cuts = [250_000, 300_000, 200_000, 350_000, *[0] * 20]
    host.resources[PATH] = Resource(BODY, etag=etag, speed=600_000, cuts=cuts)
    with pytest.raises(ProviderError):
        _fetch(host, tmp_path / "work")
    noted = range_journal.read(tmp_path / "work")
    assert noted
    assert 200_000 < length(noted.have) < len(BODY)
    assert 100_000 < length(noted.synced) <= length(noted.have)
    host.resources[PATH] = Resource(BODY, etag=etag)
    return tmp_path / "work"


def _cut_off(path: Path, share: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: round(share * len(content))])


@pytest.mark.parametrize("is_new_boot", [False, True], ids=["same-boot", "new-boot"])
def test_any_beginning_of_journal_and_data_ends_with_the_right_file(
    is_new_boot: bool, host: Hosting, interrupted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_new_boot:
        monkeypatch.setattr(range_journal, "boot_id", lambda: "another")

    @settings(max_examples=EXAMPLES)
    @given(st.floats(0, 1), st.sampled_from([None, 0.0, 0.3, 0.999]) | st.floats(0, 1))
    def beginnings(journal: float, data: float | None) -> None:
        with TemporaryDirectory() as name:
            folder = Path(name) / "work"
            shutil.copytree(interrupted, folder)
            _cut_off(folder / RANGES, journal)
            if data is not None:
                _cut_off(folder / DATA, data)
            host.forget()
            assert _fetch(host, folder) == BODY
            assert host.sent() <= 2 * len(BODY)

    beginnings()


def test_what_was_never_flushed_may_be_anything(
    host: Hosting, interrupted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(range_journal, "boot_id", lambda: "another")
    noted = range_journal.read(interrupted)
    assert noted
    flushed = noted.have
    assert length(flushed) > 100_000
    content = bytearray(bytes((interrupted / DATA).stat().st_size))
    whole = (interrupted / DATA).read_bytes()
    for start, end in flushed:
        content[start:end] = whole[start:end]
    (interrupted / DATA).write_bytes(bytes(content))
    assert _fetch(host, interrupted) == BODY
