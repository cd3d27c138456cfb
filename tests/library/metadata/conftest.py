"""TMDB on loopback, beside the demo catalogue of the library's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from aniworld.configuration import store
from library import loading
from library.metadata import tmdb as client
from library.models import Series
from tests.library.metadata.tmdb_server import KEY, TmdbServer


@pytest.fixture
def tmdb(settings: Settings) -> Iterator[TmdbServer]:
    """A TMDB that knows nothing yet, and no key entered for it."""
    with TmdbServer() as server:
        settings.TMDB_API_URL, settings.TMDB_IMAGE_URL = server.api, server.images
        settings.ALLOWED_PRIVATE_HOSTS = [server.host]
        client.forget()
        yield server
    client.forget()


@pytest.fixture
def library(tmp_path: Path, db: None) -> Path:
    """An empty library folder in use."""
    folder = tmp_path / "library"
    folder.mkdir(exist_ok=True)
    store.change({"library": {"directory": str(folder)}})
    return folder


@pytest.fixture
def key() -> str:
    return enter_key()


def enter_key(key: str = KEY) -> str:
    store.change({"metadata": {"tmdb_api_key": key}})
    return key


def load(series: Series) -> Series:
    """Loads what is missing of it, in this thread."""
    taken = Series.objects.claim_for_loading(100)
    assert taken is not None
    assert taken.pk == series.pk
    loading.load(taken)
    return Series.objects.get(pk=series.pk)
