"""Reads the aniworld layout: pure functions from a page's text to data. Whatever is not essential may be missing.

They raise nothing but `PageNotUnderstood`, for a page without what it is asked for.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from providers.contracts import EpisodeEntry, EpisodeSources, Language, SearchResult, SeasonEntry, SeriesDetails, Source
from providers.exceptions import PageNotUnderstood
from providers.http.answers import shown

T = TypeVar("T")

LANGUAGE_KEYS = {
    "1": Language.GERMAN_DUB,
    "2": Language.ENGLISH_SUB,
    "3": Language.GERMAN_SUB,
    "4": Language.ENGLISH_DUB,
}
FLAGS = {
    "german": Language.GERMAN_DUB,
    "japanese-english": Language.ENGLISH_SUB,
    "japanese-german": Language.GERMAN_SUB,
    "english": Language.ENGLISH_DUB,
}
_SERIES_PATH = re.compile(r"/anime/stream/([\w.~%-]{1,200})(?:/(.*))?", re.ASCII | re.DOTALL)
_SEASON_PATH = re.compile(r"staffel-(\d{1,4})/?", re.ASCII)
_EPISODE_PATH = re.compile(r"(?:staffel-(\d{1,4})/episode|filme/film)-(\d{1,4})/?", re.ASCII)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)", re.ASCII)
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_TAG = re.compile(r"<[^<>]{0,200}>")


def parse(text: str) -> LexborHTMLParser:
    """The page as a tree; any text is a page."""
    return LexborHTMLParser(_UNFIT.sub(" ", text))


def clean(text: str | None) -> str:
    """One line of plain text: entities undone (pages escape once or twice), spaces joined, control characters gone."""
    text = text or ""
    for _ in range(3):
        plain = html.unescape(text)
        if plain == text:
            break
        text = plain
    return " ".join(_UNFIT.sub(" ", text).split())[:5000]


def absolute(base: str, href: str | None) -> str:
    """The http address that a link on a page means; empty when it means none."""
    try:
        joined = urljoin(base, (href or "").strip())
        parts = urlsplit(joined)
    except ValueError:
        return ""
    return joined if parts.scheme in ("http", "https") and parts.netloc and len(joined) <= 2000 else ""


def series_slug(link: str) -> str | None:
    """The slug in the address or path of a series, season or episode."""
    match = _SERIES_PATH.fullmatch(_path(link))
    return match[1] if match else None


def series_path(link: str) -> str | None:
    """The path of a series, season or episode in an address, without what a site may have put before it."""
    path = _path(link)
    match = _SERIES_PATH.fullmatch(path[path.find("/anime/stream/") :])
    return match[0] if match and not _UNFIT.search(match[0]) and " " not in match[0] else None


def episode_of(link: str) -> tuple[int, int] | None:
    """Season and number in the address of an episode or film."""
    match = _SERIES_PATH.fullmatch(_path(link))
    inside = _EPISODE_PATH.fullmatch(match[2] or "") if match else None
    return (int(inside[1] or 0), int(inside[2])) if inside else None


def series_details(text: str, link: str, slug: str) -> SeriesDetails:
    """A series' page."""
    page = parse(text)
    heading = page.css_first("div.series-title h1") or page.css_first("h1[data-alternativetitles]")
    name = clean(_text(heading.css_first("span") or heading)) if heading else ""
    if heading is None or not name:
        raise PageNotUnderstood(f"{shown(link)} was expected to show a series, with its title in div.series-title h1.")
    description = page.css_first("p.seri_des")
    cover = page.css_first("div.seriesCoverBox img")
    imdb = page.css_first("a[data-imdb]")
    imdb_id = clean(_attribute(imdb, "data-imdb"))
    return SeriesDetails(
        slug=slug,
        name=name[:500],
        link=link,
        year=_year(page, "startDate"),
        description=clean(_attribute(description, "data-full-description") or _text(description)),
        cover_url=absolute(link, _attribute(cover, "data-src") or _attribute(cover, "src")) if cover else "",
        status=_status(page),
        genres=_unique(clean(_text(node))[:100] for node in page.css("div.genres [itemprop=genre]")),
        alternative_titles=_titles(_attribute(heading, "data-alternativetitles")),
        imdb_id=imdb_id if re.fullmatch(r"tt\d{1,12}", imdb_id, re.ASCII) else "",
        seasons=tuple(_seasons(page, link, slug)),
    )


def season_episodes(text: str, season: SeasonEntry) -> list[EpisodeEntry]:
    """A season's page."""
    page = parse(text)
    rows = page.css(f"tbody#season{season.number} tr") or page.css("tr[data-episode-id]")
    if not rows and not page.css_first("tbody[id^=season], table.seasonEpisodesList"):
        raise PageNotUnderstood(f"{shown(season.link)} was expected to list episodes in tbody#season{season.number}.")
    found: dict[int, EpisodeEntry] = {}
    for row in rows:
        entry = _episode_row(row, season)
        if entry:
            found.setdefault(entry.number, entry)
    return [found[number] for number in sorted(found)]


def episode_sources(text: str, link: str) -> EpisodeSources:
    """An episode's page."""
    page = parse(text)
    german, english = page.css_first(".episodeGermanTitle"), page.css_first(".episodeEnglishTitle")
    sources = _unique(_sources(page, link))
    if not sources and german is None and english is None and not page.css_first("div.changeLanguageBox"):
        raise PageNotUnderstood(f"{shown(link)} was expected to offer sources in li[data-link-target].")
    return EpisodeSources(clean(_text(german))[:500], clean(_text(english))[:500], sources)


def search_results(found: Any, address: str, asked: str) -> list[SearchResult]:
    """What either search endpoint answered with, without what is no series. `asked` names the endpoint."""
    if not isinstance(found, list):
        raise PageNotUnderstood(f"{asked} was expected to answer with a list of series.")
    results: dict[str, SearchResult] = {}
    for entry in found[:500]:
        result = _search_result(entry, address) if isinstance(entry, dict) else None
        if result:
            results.setdefault(result.slug, result)
    return list(results.values())[:100]


def all_titles(text: str, address: str) -> list[tuple[SearchResult, tuple[str, ...]]]:
    """The list of all series, each with its other titles."""
    found: dict[str, tuple[SearchResult, tuple[str, ...]]] = {}
    page = parse(text)
    for anchor in page.css("a[data-alternative-titles]"):
        slug = series_slug(_attribute(anchor, "href"))
        name = clean(_text(anchor))
        if slug and name:
            result = SearchResult(slug, name[:500], f"{address}/anime/stream/{slug}")
            found.setdefault(slug, (result, _titles(_attribute(anchor, "data-alternative-titles"))))
    if not found:
        raise PageNotUnderstood(f"{shown(address)} was expected to list its series as a[data-alternative-titles].")
    return list(found.values())


def json_of(text: str) -> Any:
    """The value of a JSON text, None when it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def language_of_flag(address: str | None) -> Language | None:
    """The language that a flag picture stands for."""
    name = (address or "").rpartition("/")[2].partition(".")[0].lower()
    return FLAGS.get(name)


def _path(link: str) -> str:
    try:
        return urlsplit(link.strip()).path
    except ValueError:
        return ""


def _text(node: LexborNode | None) -> str:
    return str(node.text(deep=True)) if node is not None else ""


def _attribute(node: LexborNode | None, name: str) -> str:
    return str(node.attributes.get(name) or "") if node is not None else ""


def _unique(items: Iterable[T | None]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(item for item in items if item))


def _year(page: LexborHTMLParser, which: str) -> int | None:
    for node in page.css(f"[itemprop={which}], [itemprop={which}] a"):
        match = _YEAR.search(_attribute(node, "href") or _text(node))
        if match:
            return int(match[0])
    return None


def _status(page: LexborHTMLParser) -> str:
    if _year(page, "endDate"):
        return "completed"
    ended = clean(_text(page.css_first("[itemprop=endDate]"))).lower()
    return "ongoing" if ended in ("heute", "today", "present") else "unknown"


def _titles(text: str) -> tuple[str, ...]:
    """Other titles, given as a JSON list or separated by commas, quoted or not."""
    plain = clean(text)
    listed = json_of(plain)
    parts = [str(part) for part in listed] if isinstance(listed, list) else plain.strip("[]").split(",")
    return _unique(clean(part).strip("\"' ")[:500] for part in parts[:100])


def _seasons(page: LexborHTMLParser, link: str, slug: str) -> list[SeasonEntry]:
    found: dict[int, SeasonEntry] = {}
    for anchor in page.css("a[href]"):
        match = _SERIES_PATH.fullmatch(_path(_attribute(anchor, "href")))
        if not match or match[1] != slug:
            continue
        inside = match[2] or ""
        season = _SEASON_PATH.fullmatch(inside)
        if season or inside.rstrip("/") == "filme":
            number = int(season[1]) if season else 0
            found.setdefault(number, SeasonEntry(number, absolute(link, _attribute(anchor, "href"))))
    return [found[number] for number in sorted(found) if found[number].link]


def _episode_row(row: LexborNode, season: SeasonEntry) -> EpisodeEntry | None:
    anchor = row.css_first("a[itemprop=url]") or row.css_first("a[href]")
    link = absolute(season.link, _attribute(anchor, "href"))
    placed = episode_of(link)
    given = clean(_attribute(row.css_first("meta[itemprop=episodeNumber]"), "content"))
    number = int(given) if re.fullmatch(r"\d{1,4}", given, re.ASCII) else placed[1] if placed else None
    if number is None or not link:
        return None
    return EpisodeEntry(
        season=season.number,
        number=number,
        link=link,
        title=clean(_text(row.css_first("td.seasonEpisodeTitle strong")))[:500],
        title_alt=clean(_text(row.css_first("td.seasonEpisodeTitle span")))[:500],
        languages=_unique(
            language
            for flag in row.css("img.flag")
            if (language := language_of_flag(_attribute(flag, "src") or _attribute(flag, "data-src")))
        ),
        hosts=_unique(clean(_attribute(icon, "title"))[:100] for icon in row.css("i.icon")),
    )


def _sources(page: LexborHTMLParser, link: str) -> Iterator[Source]:
    for item in page.css("li[data-lang-key]"):
        language = LANGUAGE_KEYS.get(_attribute(item, "data-lang-key").strip())
        target = _attribute(item, "data-link-target") or _attribute(item.css_first("a.watchEpisode"), "href")
        label = clean(_text(item.css_first("h4")) or _attribute(item.css_first("i.icon"), "title"))[:100]
        address = absolute(link, target) if target else ""
        if language and label and address:
            yield Source(language, label, address)


def _search_result(entry: dict[Any, Any], address: str) -> SearchResult | None:
    given = {key: value for key, value in entry.items() if isinstance(value, str)}
    name = clean(_TAG.sub("", clean(given.get("name")) or given.get("title", "")))
    link = clean(given.get("link"))
    slug = series_slug(link) or (link if re.fullmatch(r"[\w.~%-]{1,200}", link, re.ASCII) else None)
    if not name or not slug:
        return None
    year = _YEAR.search(given.get("productionYear", ""))
    return SearchResult(
        slug=slug,
        name=name[:500],
        link=f"{address}/anime/stream/{slug}",
        year=int(year[0]) if year else None,
        description=clean(_TAG.sub("", clean(given.get("description")))),
        cover_url=absolute(f"{address}/", given["cover"]) if given.get("cover") else "",
    )
