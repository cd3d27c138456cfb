"""Fixtures of the project package's tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def quick_passwords(settings: Any) -> None:
    """Passwords hashed quickly, for tests that are not about how long that takes."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def library_folder(tmp_path: Path) -> Path:
    """A folder that can be written."""
    folder = tmp_path / "library"
    folder.mkdir()
    return folder
