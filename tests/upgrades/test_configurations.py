"""What an earlier version exported is imported whole. Each kept file says the same in the shape of its schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aniworld.configuration import exchange, schema
from aniworld.configuration.sections import Settings

FOLDER = Path(__file__).parent.parent / "data" / "configurations"
FILES = sorted(FOLDER.glob("*.json"))
NEWEST = FOLDER / f"schema-{schema.SCHEMA}.json"


def sections(document: Any) -> Any:
    return document["configuration"]


def test_a_file_of_each_schema_is_kept() -> None:
    missing = [number for number in range(1, schema.SCHEMA + 1) if not (FOLDER / f"schema-{number}.json").exists()]
    assert not missing, f"keep an export of schema {missing} that says what the others say"


def test_what_the_newest_says_is_said_by_no_default() -> None:
    usual = Settings().model_dump(mode="json")
    told = sections(json.loads(NEWEST.read_text(encoding="utf-8")))
    same = {(name, key) for name, values in told.items() for key, value in values.items() if usual[name][key] == value}
    # Most switches of alerts stay on; anything else could be lost without being missed.
    assert {name for name, _key in same} <= {"notifications"}


@pytest.mark.django_db
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_is_imported_whole(path: Path) -> None:
    exchange.take_over(exchange.read(path.read_bytes()))
    now = sections(exchange.export())
    told = sections(json.loads(NEWEST.read_text(encoding="utf-8")))
    # A later version may have more settings, never other values.
    assert {name: {key: now[name][key] for key in values} for name, values in told.items()} == told
