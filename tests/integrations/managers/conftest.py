"""What the tests of the download client stand on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aniworld.accounts import tokens
from aniworld.accounts.models import User
from aniworld.configuration import store
from providers import registry
from providers.models import Provider
from tests.aniworld.people import user
from tests.integrations.managers.driving import SETTINGS
from tests.integrations.managers.grabs import Caller


@pytest.fixture
def library(db: None, settings: Any, tmp_path: Path) -> Iterator[Path]:
    """An empty library, the demo's catalogue, and both switches on."""
    settings.LIBRARY_DIR = tmp_path / "library"
    settings.LIBRARY_DIR.mkdir()
    settings.DEMO = True
    registry.sync()
    store.change(SETTINGS)
    yield settings.LIBRARY_DIR
    Provider.forget()


@pytest.fixture
def person(db: None) -> User:
    return user()


@pytest.fixture
def queue_key(person: User) -> str:
    return tokens.create_key(person, "sonarr", "queue")[1]


@pytest.fixture
def caller(queue_key: str, library: Path) -> Caller:
    return Caller(queue_key)
