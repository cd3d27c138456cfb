"""A demo site in this process, and series of it in the database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from django.conf import settings

from aniworld.configuration import store
from library import catalog, loading
from library.models import Episode, Series
from providers import registry
from providers.demo.clips import Clips
from providers.demo.site import Site
from tests.clips import clips_there
from tests.downloads.hosting import Hosting, hosting


class Demo:
    """The site with its remote control."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.address = site.address

    def fault(self, host: str, fault: str, **values: Any) -> None:
        """One fault at one host, from now on."""
        answer = requests.put(f"{self.address}/_faults/{host}", json={"fault": fault, **values}, timeout=5)
        assert answer.ok, answer.text

    def well(self) -> None:
        """No faults, and an empty list of requests."""
        requests.delete(f"{self.address}/_faults", timeout=5)
        requests.delete(f"{self.address}/_requests", timeout=5)

    def requests(self, stage: str = "") -> list[dict[str, Any]]:
        """What was asked for at a stage."""
        served = requests.get(f"{self.address}/_requests", timeout=5).json()
        lines = served["requests"] if isinstance(served, dict) else served
        return [line for line in lines if not stage or line["stage"] == stage]


@pytest.fixture
def host(transactional_db: None) -> Iterator[Hosting]:
    """A small host of our own, and no floor of free space."""
    store.change({"downloads": {"free_space_floor_gb": 0}})
    with hosting() as found:
        yield found


@pytest.fixture(scope="module")
def clips() -> Clips:
    """Of 24 seconds, as the demo site has them."""
    return clips_there(Path(settings.DEMO_DIR), 24)


@pytest.fixture(scope="session")
def demo_site() -> Iterator[Site]:
    clips_there(Path(settings.DEMO_DIR))
    with Site(Path(settings.DEMO_DIR)) as site:
        os.environ["DEMO_SITE_PORT"] = str(site.port)
        yield site


@pytest.fixture
def demo(demo_site: Site, settings: Any, transactional_db: None, tmp_path: Path) -> Iterator[Demo]:
    """The site, its providers registered, an empty library, and no floor of free space to speak of."""
    settings.DEMO = True
    registry.sync()
    (tmp_path / "library").mkdir()
    store.change({"library": {"directory": str(tmp_path / "library")}, "downloads": {"stall_seconds": 5}})
    control = Demo(demo_site)
    control.well()
    yield control
    control.well()


@pytest.fixture
def library(tmp_path: Path, demo: Demo) -> Path:
    return tmp_path / "library"


@pytest.fixture
def series(demo: Demo) -> Series:
    """A loaded series of the demo."""
    found = catalog.search("a").items
    added = catalog.add(provider="demo", key=found[0].key)
    loading.load_pending()
    added.refresh_from_db()
    assert added.episodes_loaded, added.loading_error
    return added


@pytest.fixture
def episode(series: Series) -> Episode:
    """Its first episode that all three demo hosts serve."""
    return series.episodes.filter(season=1).order_by("number")[0]
