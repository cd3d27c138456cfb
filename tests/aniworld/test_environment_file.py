"""The file .env: read leniently where the meaning is clear, refused with its line where it is not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aniworld import environment, environment_file


def written(folder: Path, text: str) -> Path:
    file = folder / ".env"
    file.write_text(text)
    return file


def test_spaces_quotes_comments_and_export_are_understood(tmp_path: Path) -> None:
    text = "# a comment\n\nPORT = 8123\nexport HOST=0.0.0.0\nTZ='Europe/Berlin'\nSECRET_KEY=\"a=b #c\"\nEMPTY=\n"
    assert environment_file.read(written(tmp_path, text)) == {
        "PORT": "8123",
        "HOST": "0.0.0.0",
        "TZ": "Europe/Berlin",
        "SECRET_KEY": "a=b #c",
        "EMPTY": "",
    }
    assert environment_file.read(tmp_path / "nothing") == {}


@pytest.mark.parametrize("line", ["PORT 8000", "8PORT=1", "geheim", "SECRET_KEY='geheim"])
def test_a_line_that_is_not_understood_is_named_and_not_repeated(tmp_path: Path, line: str) -> None:
    file = written(tmp_path, f"HOST=a\n{line}\n")
    with pytest.raises(SystemExit) as refused:
        environment_file.read(file)
    assert f"{file}, line 2: " in str(refused.value)
    assert "geheim" not in str(refused.value)


def test_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_NAME", "mine")
    environment_file.apply({"SOME_NAME": "other"})
    assert os.environ["SOME_NAME"] == "mine"


def test_names_that_nothing_reads_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"PORTT": "1", "PORT": "1", "SECRET_KEY_FILE": "x", "DEMO_SPEED": "1"}
    monkeypatch.setattr(environment, "FROM_FILE", given)
    assert environment.unknown() == ["PORTT"]
