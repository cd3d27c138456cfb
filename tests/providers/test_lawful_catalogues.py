"""Listings of folders, the Internet Archive and yt-dlp as catalogues, against sites that speak as they do."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aniworld.refusals import Invalid
from library import catalog
from providers import registry
from providers.catalogues import numbering
from providers.catalogues.archive_org import ArchiveOrg
from providers.catalogues.http_index import HttpIndex
from providers.catalogues.local_files import LocalFiles
from providers.catalogues.ytdlp import YtdlpCatalogue
from providers.contracts import Catalogue, Language, SeriesDetails, Source, StreamKind
from providers.demo.site import Site
from providers.exceptions import (
    AddressRefused,
    Blocked,
    NotConfigured,
    NotFound,
    PageNotUnderstood,
    ProviderError,
    TooLarge,
)
from providers.hosts.local_file import LocalFile
from providers.http import Client, Policy
from providers.models import Provider
from tests.providers import sites
from tests.providers.conftest import Script, Scripted

Start = Callable[[Script | bytes], Scripted]
GERMAN, SUB = Language.GERMAN_DUB, Language.GERMAN_SUB


@pytest.fixture
def served() -> Iterator[sites.Serving]:
    with sites.serving() as site:
        yield site


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two series, one with seasons, and what is none."""
    root = tmp_path / "tree"
    for name in (
        "Sea Show (1961)/Season 1/Sea Show - S01E01 - Harbour (German Dub).mp4",
        "Sea Show (1961)/Season 1/Sea Show - S01E01 - Harbour (German Sub).mp4",
        "Sea Show (1961)/Season 1/Sea Show - S01E02.mp4",
        "Sea Show (1961)/Specials/Making of.mp4",
        "Sea Show (1961)/poster.jpg",
        "Odd & 100% #1?/b 10.mp4",
        "Odd & 100% #1?/b 9.mp4",
        "Odd & 100% #1?/notes.txt",
        "empty/readme.txt",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"\0\0\0\x18ftypisom" + b"x" * 3000)
    return root


def _shape(catalogue: Catalogue, details: SeriesDetails) -> dict[tuple[int, int], str]:
    entries = [entry for season in details.seasons for entry in catalogue.episodes(season)]
    return {(entry.season, entry.number): entry.title for entry in entries}


def _guess(host: str, link: str) -> Source:
    return Source(GERMAN, host, link, is_guess=True)


FIRST = "Sea Show - S01E01 - Harbour (German Dub).mp4"
SEA = {(0, 1): "Making of", (1, 1): "Harbour", (1, 2): ""}


@pytest.mark.parametrize("as_json", [False, True])
def test_a_listing_is_read_as_series_with_seasons(
    as_json: bool, served: sites.Serving, tree: Path, loopback: Client
) -> None:
    served.tree(tree, as_json=as_json)
    catalogue = HttpIndex(served.address, loopback)
    assert [(found.name, found.year) for found in catalogue.search("SHOW sea")] == [("Sea Show", 1961)]
    details = catalogue.details(catalogue.search("sea")[0].slug)
    assert (details.name, details.year, details.cover_url) == (
        "Sea Show", 1961, f"{served.address}/Sea%20Show%20%281961%29/poster.jpg")  # fmt: skip
    assert [(season.number, season.episode_count) for season in details.seasons] == [(0, 1), (1, 2)]
    assert _shape(catalogue, details) == SEA
    first = catalogue.episodes(details.seasons[1])[0]
    assert (first.languages, first.hosts) == ((GERMAN, SUB), ("direct",))
    sources = HttpIndex(served.address, loopback).sources(first.link).sources
    assert {(source.language, source.host) for source in sources} == {(GERMAN, "direct"), (SUB, "direct")}
    assert all(source.link.startswith(f"{served.address}/Sea%20Show") for source in sources)
    with pytest.raises(NotFound):
        catalogue.sources(f"{served.address}/Sea%20Show%20%281961%29/Season%201/gone.mp4")


def test_odd_names_have_keys_that_lead_back(served: sites.Serving, tree: Path, loopback: Client) -> None:
    long = tree / ("Ü" * 100)
    long.mkdir()
    (long / "1.mp4").write_bytes(b"x")
    served.tree(tree)
    catalogue = HttpIndex(served.address, loopback)
    for word, episodes in (("odd", {(1, 9): "", (1, 10): ""}), ("üü", {(1, 1): ""})):
        [found] = catalogue.search(word)
        assert catalog.is_slug(found.slug)
        assert catalogue.key_of(found.link) == found.slug
        assert _shape(catalogue, catalogue.details(found.slug)) == episodes
    assert catalogue.key_of(f"{served.address}/Sea%20Show%20(1961)/Season%201/x.mp4") == "Sea_Show_(1961)"


@pytest.mark.parametrize("link", ["/../etc/", "/%2e%2e/etc/x.mp4", "/a%2fb/c.mp4", "/a%00/b.mp4", "/a\\b/"])
def test_no_link_leaves_the_root(link: str, served: sites.Serving, tree: Path, loopback: Client) -> None:
    served.tree(tree)
    catalogue = HttpIndex(f"{served.address}/Sea%20Show%20(1961)", loopback)
    with pytest.raises(ProviderError):
        catalogue.sources(f"{served.address}/Sea%20Show%20(1961){link}")
    with pytest.raises(AddressRefused):
        catalogue.sources(f"{served.address}/elsewhere/x.mp4")
    assert served.asked == []


def test_hostile_listings_are_refused(served: sites.Serving, scripted: Start, loopback: Client) -> None:
    def details(address: str) -> SeriesDetails:
        return HttpIndex(address, loopback).details(f"{address}/x/")

    for body in ("{}", '"text"', "[" * 50_000):
        served.pages["/x/"] = (200, "application/json", body.encode())
        with pytest.raises(PageNotUnderstood):
            details(served.address)
    strange = [{"name": name} for name in ("..", "a/b.mp4", "", 7, None, "\0.mp4", "x\n.mp4")]
    served.json("/x/", [*strange, 5, None, {"name": "1.mp4", "type": ["directory"]}])
    assert details(served.address).seasons[0].episode_count == 1
    served.json("/x/", [{"name": f"{number}.mp4"} for number in range(6000)])
    with pytest.raises(TooLarge):
        details(served.address)
    served.pages["/x/"] = (302, "http://10.0.0.1/x/", b"")
    with pytest.raises(AddressRefused):
        details(served.address)
    served.pages["/x/"] = (302, f"{served.address}/y/", b"")
    served.pages["/y/"] = (200, "text/html", b'<a href="1.mp4">1</a>')
    with pytest.raises(AddressRefused, match="leads elsewhere"):
        details(served.address)
    outside = b'<a href="http://10.0.0.1/1.mp4">1</a><a href="/1.mp4">2</a><a href="%2e%2e/3.mp4">3</a><a href="http://[x">4</a>'
    served.pages["/x/"] = (200, "text/html", outside)
    with pytest.raises(PageNotUnderstood, match="expected to hold videos"):
        details(served.address)
    endless = scripted(_endless)
    with pytest.raises(TooLarge):
        details(endless.address)


def _endless(_head: str, to: socket.socket) -> None:
    to.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
    for _piece in range(999):
        to.sendall(b"<a href=x>" * 9999)


def test_local_files_stay_inside_their_folder(tree: Path, tmp_path: Path, loopback: Client) -> None:
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(b"secret")
    (tree / "Sea Show (1961)" / "out.mp4").symlink_to(secret)
    (tree / "linked").symlink_to(tmp_path)
    (tree / "ring").symlink_to(tree / "ring")
    catalogue, host = LocalFiles(str(tree), loopback), LocalFile(str(tree), loopback)
    assert [found.name for found in catalogue.search("")] == ["empty", "Odd & 100% #1?", "Sea Show"]
    details = catalogue.details(catalogue.search("sea")[0].slug)
    assert _shape(catalogue, details) == SEA
    first = catalogue.episodes(details.seasons[1])[0]
    source = catalogue.sources(first.link).sources[0]
    assert source == Source(GERMAN, "local-file", first.link)
    stream = host.resolve(source.link)
    assert (stream.kind, stream.url) == (
        StreamKind.LOCAL,
        (tree / "Sea Show (1961)/Season 1" / FIRST).resolve().as_uri(),
    )
    root = tree.as_uri()
    outside = (secret.as_uri(), f"{root}/../secret.mp4", f"{root}/linked/secret.mp4", "http://127.0.0.1/x.mp4")
    no_video = (root, f"{root}/gone.mp4", f"{root}/Sea%20Show%20%281961%29/out.mp4", f"{root}/empty/readme.txt")
    for link in (*outside, *no_video):
        with pytest.raises((AddressRefused, NotFound)):
            host.resolve(link)
    with pytest.raises(NotConfigured):
        LocalFile("", loopback).resolve(source.link)
    with pytest.raises(NotFound):
        LocalFiles(str(tmp_path / "gone"), loopback).check()


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_an_index_file_names_series_and_episodes(kind: str, tree: Path, loopback: Client) -> None:
    rows: list[dict[str, Any]] = [
        {
            "series": "Sea / Show",
            "season": 2,
            "episode": 1,
            "title": "One",
            "file": "empty/a.mp4",
            "language": "German Sub",
        },
        {"series": "Sea / Show", "season": "", "episode": "3", "title": "", "file": "b.mp4", "language": ""},
    ]
    names = list(rows[0])
    text = json.dumps(rows) if kind == "json" else "\n".join(
        [";".join(names), *(";".join(str(row[name]) for name in names) for row in rows)])  # fmt: skip
    index = tree / f"index.{kind}"
    index.write_bytes(b"\xef\xbb\xbf" * (kind == "csv") + text.encode())
    for name in ("empty/a.mp4", "b.mp4"):
        (tree / name).write_bytes(b"x")
    catalogue = LocalFiles(str(index), loopback)
    [found] = catalogue.search("sea")
    details = catalogue.details(found.slug)
    assert (details.name, _shape(catalogue, details)) == ("Sea - Show", {(2, 1): "One", (1, 3): ""})
    link = catalogue.episodes(details.seasons[1])[0].link
    assert catalogue.sources(link).sources == (Source(SUB, "local-file", (tree / "empty/a.mp4").as_uri()),)
    assert LocalFile(str(index), loopback).resolve(link).url == (tree / "empty/a.mp4").resolve().as_uri()


@pytest.mark.parametrize(
    "row",
    [
        {"series": "A", "episode": 1, "file": "../x.mp4"},
        {"series": "A", "episode": 1, "file": "/etc/x.mp4"},
        {"series": "A", "episode": 1, "file": "a\\..\\x.mp4"},
        {"series": "A", "episode": 1, "file": "x.txt"},
        {"series": "A", "episode": "one", "file": "x.mp4"},
        {"series": "A", "episode": -1, "file": "x.mp4"},
        {"series": "", "episode": 1, "file": "x.mp4"},
        {"series": "A", "episode": 1, "file": "x.mp4", "language": "Klingon"},
        {"series": ["A"], "episode": {}, "file": None},
        "text",
    ],
)
def test_a_wrong_row_of_an_index_is_named(row: object, tree: Path, loopback: Client) -> None:
    (tree / "index.json").write_text(json.dumps([{"series": "A", "episode": 1, "file": "1.mp4"}, row]))
    with pytest.raises(PageNotUnderstood, match="row 2"):
        LocalFiles(str(tree / "index.json"), loopback).search("a")


def test_the_archive_is_searched_and_read(served: sites.Serving, loopback: Client) -> None:
    sites.archive(served)
    catalogue = ArchiveOrg(served.address, loopback)
    found = catalogue.search('sea "show) OR (x')
    assert [(one.slug, one.year) for one in found] == [("sea-show", 1961), ("shorts", None)]
    assert "q=title%3A%28sea+AND+show+AND+OR+AND+x%29" in served.asked[0]
    details = catalogue.details(f"{served.address}/details/sea-show")
    assert (details.name, details.year, details.description) == ("Sea & Show", 1961, "About the sea")
    assert details.genres == ("sea", "ships")
    assert _shape(catalogue, details) == {(1, 1): "The Harbour", (1, 2): ""}
    entries = catalogue.episodes(details.seasons[0])
    assert [entry.languages for entry in entries] == [(GERMAN,), (SUB,)]
    sources = catalogue.sources(entries[0].link).sources
    at = f"{served.address}/download/sea-show/Sea%20Show%20S01E01%20Harbour"
    assert sources == (Source(GERMAN, "direct", f"{at}.mp4"), Source(GERMAN, "direct", f"{at}.mkv"))
    collection = catalogue.details("shorts")
    members = catalogue.episodes(collection.seasons[0])
    assert [(one.number, one.title, one.languages) for one in members] == [
        (1, "A", (GERMAN,)),
        (2, "B (German)", (GERMAN,)),
    ]
    assert catalogue.sources(members[0].link).sources == (
        Source(GERMAN, "direct", f"{served.address}/download/short-a/film.mp4", is_guess=True),)  # fmt: skip
    catalogue.check()
    assert catalogue.key_of(f"{served.address}/download/sea-show/a%20b.mp4") == "sea-show"


def test_what_the_archive_does_not_give_is_told(served: sites.Serving, loopback: Client) -> None:
    sites.archive(served)
    for name, error in (("nothing", NotFound), ("dark", NotFound), ("lent", Blocked)):
        with pytest.raises(error):
            ArchiveOrg(served.address, loopback).details(name)
    for body in ([1], "x", {"metadata": 5}, {"metadata": {"mediatype": "movies"}, "files": {"a": 1}}):
        served.json("/metadata/odd", body)
        with pytest.raises(PageNotUnderstood):
            ArchiveOrg(served.address, loopback).details("odd")
    answers: tuple[Any, ...] = ({"response": []}, {"response": {"docs": 7}}, [])
    for found in answers:
        served.json("/advancedsearch.php", found)
        with pytest.raises(PageNotUnderstood):
            ArchiveOrg(served.address, loopback).search("a")
    served.json("/advancedsearch.php", {"response": {"numFound": 99_999, "docs": [{"identifier": "a"}]}})
    many = ArchiveOrg(served.address, loopback)
    with pytest.raises(TooLarge):
        many.episodes(many.details("shorts").seasons[0])
    with pytest.raises(AddressRefused):
        many.sources(f"{served.address}/etc/passwd")


def test_a_real_ytdlp_reads_a_feed_and_a_page(served: sites.Serving, loopback: Client) -> None:
    served.pages["/feed.xml"] = (200, "application/rss+xml", sites.feed(served.address))
    clips = b"<video src='a.mp4'></video><video src='b.mp4'></video>"
    page = b"<html><head><title>Clips</title></head><body>%b</body></html>" % clips
    served.pages["/page"] = (200, "text/html", page)
    catalogue = YtdlpCatalogue("", loopback)
    details = catalogue.details(f"{served.address}/feed.xml")
    assert (details.name, details.year, details.description) == ("Film club", 2024, "Old films")
    asked = len(served.asked)
    assert _shape(catalogue, details) == {(1, 1): "First part", (1, 2): "Second part"}
    assert len(served.asked) == asked, "one look is enough for both"
    first = catalogue.episodes(details.seasons[0])[0]
    assert catalogue.sources(first.link).sources == (_guess("ytdlp-video", f"{served.address}/e1.mp4"),)
    listed = catalogue.episodes(catalogue.details(f"{served.address}/page").seasons[0])
    assert [one.hosts for one in listed] == [("direct",), ("direct",)]
    assert catalogue.sources(listed[1].link).sources == (_guess("direct", f"{served.address}/b.mp4"),)


def test_ytdlp_is_kept_from_private_networks_and_from_what_is_no_list(served: sites.Serving) -> None:
    served.pages["/feed.xml"] = (200, "application/rss+xml", sites.feed(served.address))
    served.pages["/text"] = (200, "text/html", b"<html><title>t</title>nothing here</html>")
    strict = YtdlpCatalogue("", Client(Policy(timeout=5)))
    with pytest.raises(AddressRefused, match=r"^127\.0\.0\.1 is in a private network.*ALLOWED_PRIVATE_HOSTS"):
        strict.details(f"{served.address}/feed.xml")
    assert served.asked == []
    allowed = Client(Policy(timeout=5, allowed_private_hosts=frozenset({"127.0.0.1"})))
    with pytest.raises(ProviderError, match="yt-dlp: "):
        YtdlpCatalogue("", allowed).details(f"{served.address}/text")
    kept = YtdlpCatalogue("https://videos.example/", allowed)
    assert kept.accepts("https://videos.example/list?x=1")
    with pytest.raises(AddressRefused):
        kept.details(f"{served.address}/feed.xml")
    for link in ("file:///etc/passwd", "ftp://a/b", "http://", "http://[x"):
        assert not strict.accepts(link)


def test_names_tell_numbers_and_languages() -> None:
    told = {name: numbering.number_in(f"{name}.mp4") for name in ("Show S02E07 - The End [1080p]", "3x04", "Folge 12",
            "07 - Title", "Show - 11", "Part 2", "2001", "No number")}  # fmt: skip
    assert {name: found and found[:2] for name, found in told.items()} == {
        "Show S02E07 - The End [1080p]": (2, 7), "3x04": (3, 4), "Folge 12": (None, 12), "07 - Title": (None, 7),
        "Show - 11": (None, 11), "Part 2": (None, 2), "2001": (None, 2001), "No number": None}  # fmt: skip
    found = numbering.number_in("Show S02E07 - The End [1080p].mp4")
    assert found
    assert found.title == "The End"
    assert numbering.language_in("Show (German Sub)") == SUB
    assert numbering.language_in("Germany's best") is None


def test_a_pasted_link_finds_its_catalogue_or_says_which_to_switch_on(
    providers: Site, served: sites.Serving, tree: Path
) -> None:
    with pytest.raises(Invalid, match="Internet Archive, which is switched off") as refusal:
        catalog.reference_of("https://archive.org/details/sea-show")
    assert refusal.value.code == "catalogue_off"
    with pytest.raises(Invalid, match="No enabled catalogue"):
        catalog.reference_of("https://videos.example/playlist?list=1")
    for name, address in (
        ("archive-org", "https://archive.org"),
        ("http-index", served.address),
        ("local-files", str(tree)),
        ("ytdlp", ""),
    ):
        row = Provider.objects.get(name=name)
        if address:
            row.change(base_url=address)
        row.enable()
    links = {
        "https://www.archive.org/details/sea-show/file.mp4": ("archive-org", "sea-show"),
        f"{served.address}/Sea%20Show/Season%201/": ("http-index", "Sea_Show"),
        f"{tree.as_uri()}/Sea%20Show%20(1961)/": ("local-files", "Sea_Show_(1961)"),
        f"{providers.address}/anime/stream/silberfaden": ("demo", "silberfaden"),
    }
    for link, place in links.items():
        reference = catalog.reference_of(link)
        assert (reference.provider, reference.slug) == place
    one, other = (catalog.reference_of(f"https://videos.example/playlist?list={name}") for name in ("one", "two"))
    assert one.provider == other.provider == "ytdlp"
    assert one.slug != other.slug
    assert registry.host("local-file").address == str(tree)


def test_a_local_host_without_a_folder_is_not_called_down(providers: Site, tree: Path) -> None:
    assert not registry.checkable("local-file").is_checkable
    Provider.objects.get(name="local-files").change(base_url=str(tree))
    assert registry.checkable("local-file").is_checkable
    assert registry.checkable("local-file").check(20)[0] is None


def test_addresses_fit_their_catalogue(providers: Site) -> None:
    for name, address in (("local-files", "http://a.example"), ("http-index", "/srv/media"), ("archive-org", "/srv")):
        with pytest.raises(Exception, match="base_url"):
            Provider.objects.get(name=name).change(base_url=address)
    with pytest.raises(Exception, match="no address"):
        Provider.objects.get(name="archive-org").enable()
