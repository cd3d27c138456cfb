"""A library of one series, and a signed-in caller."""

from __future__ import annotations

from pathlib import Path

import pytest

from aniworld.configuration import store
from library.models import Series
from tests.aniworld.people import Api, signed_in, user
from tests.library.factories import make_episodes, make_series


@pytest.fixture
def library(db: None, tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    folder.mkdir()
    store.change({"library": {"directory": str(folder)}})
    return folder


@pytest.fixture
def api(library: Path) -> Api:
    """A member, not an admin."""
    return signed_in(user("member", staff=False))


@pytest.fixture
def series(library: Path) -> Series:
    found = make_series()
    make_episodes(found, count=6)
    return found
