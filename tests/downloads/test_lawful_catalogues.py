"""From a link at a listing, the Internet Archive, a feed or a local folder to the file in the library."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from pytest_django import Settings

from downloads import engine, queue, tasks, upgrades
from downloads.fetchers import local
from downloads.models import QueueItem
from library import catalog, loading
from library.models import Episode, EpisodeFile, Series
from providers.contracts import StreamKind
from providers.exceptions import NotFound
from providers.models import Provider
from tests.downloads.conftest import Demo
from tests.downloads.driving import assert_whole
from tests.downloads.hosting import job
from tests.providers import sites

NAME = "Sea Show S01E02 (German Dub).mp4"


@pytest.fixture
def served(settings: Settings) -> Iterator[sites.Serving]:
    with sites.serving() as site:
        settings.ALLOWED_PRIVATE_HOSTS = [f"127.0.0.1:{site.port}"]
        yield site


@pytest.fixture
def tree(demo: Demo, tmp_path: Path) -> Path:
    """A series with one whole episode."""
    clips = demo.site.clips.wait(120)
    assert clips, demo.site.clips.error
    folder = tmp_path / "tree" / "Sea Show (1961)"
    folder.mkdir(parents=True)
    shutil.copy(clips.file(0, "deu"), folder / NAME)
    return folder.parent


def _switch_on(name: str, address: str) -> None:
    row = Provider.objects.get(name=name)
    row.change(base_url=address)
    row.enable()


def _listing(served: sites.Serving, tree: Path) -> str:
    served.tree(tree)
    _switch_on("http-index", served.address)
    return f"{served.address}/Sea%20Show%20(1961)/"


def _archive(served: sites.Serving, tree: Path) -> str:
    told = {"identifier": "sea", "title": "Sea Show", "mediatype": "movies", "date": "1961", "language": "German"}
    files = [{"name": NAME, "source": "original", "format": "h.264", "size": "1"}]
    served.json("/metadata/sea", {"metadata": told, "files": files})
    served.tree(tree.parent)
    (tree.parent / "download").mkdir()
    shutil.copytree(tree / "Sea Show (1961)", tree.parent / "download" / "sea")
    _switch_on("archive-org", served.address)
    return f"{served.address}/details/sea"


def _local(_served: sites.Serving, tree: Path) -> str:
    _switch_on("local-files", str(tree))
    return f"{tree.as_uri()}/Sea%20Show%20(1961)"


def _feed(served: sites.Serving, tree: Path) -> str:
    served.tree(tree)
    link = f"{served.address}/{quote('Sea Show (1961)')}/{quote(NAME)}"
    item = f"<item><title>Older</title><link>{served.address}/x.mp4</link></item>"
    item += f"<item><title>Part (German)</title><link>{link}</link></item>"
    body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>Sea Show</title>{item}</channel></rss>'
    # Not called a feed, so that the order of the list counts.
    served.pages["/list.xml"] = (200, "application/rss+xml", body.encode())
    _switch_on("ytdlp", "")
    return f"{served.address}/list.xml"


def _worked_on(series: Series, episode: Episode) -> QueueItem:
    """The episode's item, after a worker had it once."""
    [pk] = queue.enqueue(series, [episode]).added
    claimed = tasks.claim()
    assert claimed
    engine.run(claimed)
    return QueueItem.objects.get(pk=pk)


@pytest.mark.parametrize("way", [_listing, _archive, _local, _feed])
def test_a_pasted_link_becomes_a_whole_file(
    way: Callable[[sites.Serving, Path], str], served: sites.Serving, tree: Path, library: Path
) -> None:
    series = catalog.add(link=way(served, tree))
    loading.load_pending()
    series.refresh_from_db()
    assert series.episodes_loaded, series.loading_error
    assert series.name == "Sea Show"
    episode = series.episodes.get(season=1, number=2)
    assert list(episode.languages) == ["German Dub"]
    item = _worked_on(series, episode)
    assert item.status == item.Status.COMPLETED, item.error_message
    path = EpisodeFile.objects.get(episode=episode).path
    assert path.endswith("S01E02 - (German Dub).mp4")
    assert_whole(library / path)
    assert (tree / "Sea Show (1961)" / NAME).exists()


@pytest.mark.parametrize(("spoken", "arrives_as"), [("deu", "German Dub"), ("jpn", "German Sub"), ("eng", "")])
def test_files_that_name_no_language_arrive_by_the_configured_plan(
    spoken: str, arrives_as: str, served: sites.Serving, demo: Demo, tmp_path: Path, library: Path
) -> None:
    clips = demo.site.clips.wait(120)
    assert clips, demo.site.clips.error
    folder = tmp_path / "tree" / "Sea Show (1961)"
    folder.mkdir(parents=True)
    shutil.copy(clips.file(0, spoken), folder / "Sea Show S01E02.mp4")
    series = catalog.add(link=_listing(served, folder.parent), download=True)
    loading.load_pending()
    episode = series.episodes.get(season=1, number=2)
    assert list(episode.languages) == ["German Dub"]
    item = _worked_on(series, episode)
    if not arrives_as:
        [attempt] = item.attempts.all()
        assert "tagged as speaking English" in attempt.error
        return
    assert item.status == item.Status.COMPLETED, item.error_message
    assert EpisodeFile.objects.get(episode=episode).language == arrives_as
    assert [attempt.language for attempt in item.attempts.all()] == [arrives_as]
    # What it turned out to speak is what the catalogue has: nothing looks for the guess again.
    series.change(language_plan={"order": [], "fallback": True, "upgrade": True})
    for _time in range(2):
        episode.refresh_from_db()
        assert list(episode.languages) == [arrives_as]
        assert upgrades.queue_for(series) == []
        catalog.reload(series, ("episodes",))
        loading.load_pending()


def test_a_local_copy_goes_on_where_it_stood(tmp_path: Path, transactional_db: None) -> None:
    source, work = tmp_path / "a.mp4", tmp_path / "work"
    source.write_bytes(os.urandom(3_000_000))

    def fetched() -> bytes:
        with job(source.as_uri(), StreamKind.LOCAL, work) as one:
            return local.fetch(one).path.read_bytes()

    assert fetched() == source.read_bytes()
    [copy] = work.glob("copied")
    # Half of it, with a mark at its beginning that only a copy from the beginning would remove.
    copy.write_bytes(b"mark" + source.read_bytes()[4:1_000_000])
    assert fetched() == b"mark" + source.read_bytes()[4:]
    source.write_bytes(os.urandom(2_000_000))
    assert fetched() == source.read_bytes()
    source.unlink()
    with pytest.raises(NotFound):
        fetched()
