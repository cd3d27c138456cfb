"""A demo site in this process, its catalogue, and an empty library."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from aniworld.configuration import store
from library import loading
from providers import registry
from providers.demo.site import Site
from tests.clips import clips_there


@pytest.fixture(scope="session")
def running_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("demo")
    clips_there(folder)
    with Site(folder, port=0) as site:
        yield site


@pytest.fixture
def site(
    running_site: Site, settings: Settings, transactional_db: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Site]:
    """The demo catalogue answers, every other one is off; nothing waits between tries of a request."""
    monkeypatch.setitem(os.environ, "DEMO_SITE_PORT", str(running_site.port))
    settings.DEMO = True
    (tmp_path / "library").mkdir()
    store.change({"library": {"directory": str(tmp_path / "library")}, "providers": {"retry_delay": 0}})
    registry.sync()
    monkeypatch.setattr(loading, "_last_sweep", 0.0)
    running_site.faults.clear()
    running_site.server.forget_requests()
    yield running_site
    running_site.faults.clear()
