"""Short parts of long lists are read from an index in their order: no database sorts a queue of 100,000 for 20 rows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import migrated


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_no_list_is_sorted_to_be_cut(tmp_path: Path, kind: str) -> None:
    with migrated.database(kind, tmp_path, DJANGO_SETTINGS_MODULE="aniworld.settings") as environment:
        plans = json.loads(migrated.run(environment, "-m", "tests.downloads.sorted_lists"))
    assert set(plans) == {"pending", "completed", "failed", "newest", "series"}
    sorted_ones = {name: plan for name, plan in plans.items() if "Sort" in plan or "TEMP B-TREE" in plan}
    assert not sorted_ones
