"""The package of docs/adding-a-provider.md: installed, found by its entry point, and a download with it for real."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aniworld.environment import ROOT
from providers.contracts import Language, SeasonEntry
from providers.exceptions import NotFound, PageNotUnderstood
from providers.http import Client, Policy
from tests.clips import clips_there
from tests.providers.example_site import NAME, SLUG, ExampleSite, example_site
from tests.running import Running, eventually

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("example-package")]
PACKAGE = ROOT / "docs" / "example-provider"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pip put it, without a network and without touching this environment."""
    source, target = tmp_path_factory.mktemp("source") / "package", tmp_path_factory.mktemp("installed")
    shutil.copytree(PACKAGE, source)
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--no-index",
    ]
    command += ["--no-build-isolation", "--target", str(target), str(source)]
    subprocess.run(command, check=True, timeout=180, stdin=subprocess.DEVNULL)
    return target


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExampleSite]:
    made = clips_there(tmp_path_factory.mktemp("clips"), 8)
    with example_site(made.file(0, "deu").read_bytes()) as one:
        yield one


@pytest.fixture(scope="module")
def up(installed: Path, site: ExampleSite) -> Iterator[Running]:
    environment = {
        "PYTHONPATH": os.pathsep.join([str(installed), os.environ.get("PYTHONPATH", "")]).strip(os.pathsep),
        "ALLOWED_PRIVATE_HOSTS": site.address.removeprefix("http://"),
    }
    with Running(environment=environment) as one:
        one.setup()
        yield one


def test_it_is_found_searched_added_and_downloaded(up: Running, site: ExampleSite) -> None:
    known = up.api("GET", "/api/providers/config/example")
    assert (known["enabled"], up.api("GET", "/api/providers/config/example-host")["enabled"]) == (False, True)
    up.api("PUT", "/api/providers/config/example", {"base_url": site.address, "enabled": True})
    [found] = up.api("POST", "/api/anime/search", {"query": "long way"})["items"]
    assert (found["name"], found["provider"]) == (NAME, "example")
    key = up.api("POST", "/api/anime/add", {"link": found["link"]})["key"]

    def loaded() -> bool:
        seasons = up.api("GET", f"/api/anime/{key}")["seasons"]
        return [row["episode"] for season in seasons for row in season["episodes"]] == [1, 2]

    eventually(loaded, what="two episodes")
    up.api("POST", "/api/queue/start")
    up.api("POST", f"/api/anime/{key}/download", {"episodes": [{"season": 1, "episode": 2}]})
    file = eventually(lambda: next((up.data_dir / "library").rglob("*S01E02*.mp4"), None), 60, "the file")
    assert file
    assert (file.read_bytes(), file.name) == (site.video, f"{NAME} - S01E02 - (German Dub).mp4")
    assert "/watch/2" in site.asked


@pytest.fixture
def classes(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(installed))


def test_what_its_author_would_test(classes: None, site: ExampleSite) -> None:
    from aniworld_example.catalogue import ExampleCatalogue
    from aniworld_example.host import ExampleHost

    allowed = frozenset({site.address.removeprefix("http://")})
    client = Client(Policy(retries=1, timeout=10, allowed_private_hosts=allowed))
    catalogue, host = ExampleCatalogue(f"{site.address}/", client), ExampleHost("", client)
    details = catalogue.details(f"{site.address}/series/{SLUG}")
    assert [(season.number, season.link) for season in details.seasons] == [(1, f"{site.address}/series/{SLUG}/1")]
    entries = catalogue.episodes(SeasonEntry(1, f"{site.address}/series/{SLUG}/1"))
    [source] = catalogue.sources(entries[0].link).sources
    assert source.language == Language.GERMAN_DUB
    assert catalogue.newest()[0].slug == SLUG
    assert host.resolve(source.link).url == f"{site.address}/video.mp4"
    with pytest.raises(NotFound):
        catalogue.details("nothing")
    site.answers["/api/new"] = 200, b'"later"'
    site.answers["/watch/8"] = 200, b"<p>This video was removed</p>"
    site.answers["/watch/9"] = 200, b"<p>Welcome to our new site</p>"
    with pytest.raises(PageNotUnderstood):
        catalogue.newest()
    with pytest.raises(NotFound):
        host.resolve(f"{site.address}/watch/8")
    with pytest.raises(PageNotUnderstood):
        host.resolve(f"{site.address}/watch/9")


def test_the_page_shows_the_package_as_it_is() -> None:
    page = (ROOT / "docs" / "adding-a-provider.md").read_text()
    files = "\n".join(path.read_text() for path in (*PACKAGE.rglob("*.py"), PACKAGE / "pyproject.toml"))
    shown = [block.partition("```")[0] for block in page.split("```python\n")[1:] + page.split("```toml\n")[1:]]
    assert len(shown) == 3
    assert [block for block in shown if block not in files] == []
