"""The kept place in the event log: nothing is passed over, by two readers at once and over gaps, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import migrated

pytestmark = pytest.mark.processes


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_each_event_is_handed_over_once(kind: str, tmp_path: Path) -> None:
    with migrated.database(kind, tmp_path) as environment:
        migrated.run(environment, "-m", "tests.integrations.following_driver")
