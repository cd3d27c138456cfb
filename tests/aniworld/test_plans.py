"""What PostgreSQL plans for a claim it plans once for a connection."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.migrated import database, run


@pytest.mark.processes
def test_claims_are_planned_once_and_outlive_a_changed_table(tmp_path: Path) -> None:
    with database("postgresql", tmp_path) as environment:
        told = json.loads(run(environment, "-m", "tests.aniworld.planned_claims"))
    # Three that look around, one that takes, two that tell.
    assert told.pop("kept") == told.pop("kept_later") >= 6
    assert told == {
        "claimed": 6,
        "claimed_later": 6,
        "claimed_changed": 1,
        "claimed_after": 4,
        "compiles": "off",
    }
