"""Statements that are written out store what the ORM would."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.migrated import database, run


@pytest.mark.processes
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_written_out_statement_stores_what_the_orm_stores(kind: str, tmp_path: Path) -> None:
    with database(kind, tmp_path) as environment:
        assert json.loads(run(environment, "-m", "tests.aniworld.statement_writer")) == []
