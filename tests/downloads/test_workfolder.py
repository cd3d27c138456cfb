"""What lies in a work folder while something of it goes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from downloads import workfolder


@pytest.mark.parametrize("name", ["segments", f"segments.2e78e48a{workfolder.DOOMED}"])
def test_what_goes_at_the_very_moment_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "00001").write_bytes(b"gone")
    (tmp_path / "film.mp4").write_bytes(b"whole")
    scandir = os.scandir

    def vanishing(path: Any) -> Iterator[os.DirEntry[str]]:
        """As if another thread had removed it since it was listed."""
        if not isinstance(path, int) and Path(path).name == name:
            shutil.rmtree(path)
        return scandir(path)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(os, "scandir", vanishing)
        assert workfolder.size(tmp_path) == len(b"whole")


def test_what_is_being_removed_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "segments").mkdir()
    (tmp_path / "segments" / "00001").write_bytes(b"four")
    assert workfolder.size(tmp_path) == 4
    (tmp_path / "segments").rename(tmp_path / f"segments.1{workfolder.DOOMED}")
    assert workfolder.size(tmp_path) == 0
    assert workfolder.size(tmp_path / "nothing") == 0
