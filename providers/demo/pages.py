"""The demo catalogue's pages and the embed pages of its hosts, in the layout that the aniworld adapter reads."""

from __future__ import annotations

import base64
import json
from datetime import date
from html import escape
from typing import Any

from providers.contracts import Language
from providers.demo.releases import all_series, came_out, links_of
from providers.demo.series import HOST_LABELS, DemoEpisode, DemoLink, DemoSeries, newest

LANGUAGE_KEYS = {
    Language.GERMAN_DUB: (1, "german"),
    Language.ENGLISH_SUB: (2, "japanese-english"),
    Language.GERMAN_SUB: (3, "japanese-german"),
    Language.ENGLISH_DUB: (4, "english"),
}
_WEEKDAYS = ("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So")


def _page(title: str, body: str) -> str:
    return (
        f'<!DOCTYPE html><html lang="de"><head><meta charset="utf-8"><title>{escape(title)} | Demo</title></head>'
        f'<body><header><a href="/">Demo</a> <a href="/animes-alphabet">Alle Serien</a> '
        f'<a href="/neue-episoden">Neue Episoden</a></header>{body}</body></html>'
    )


def home() -> str:
    """What a check asks for."""
    return _page("Start", "<h1>Demo</h1><p>Erfundene Serien, nur auf diesem Rechner.</p>")


def alphabet() -> str:
    """All titles."""
    rows = "".join(
        f'<li><a data-alternative-titles="{escape(json.dumps(list(series.alternative_titles), ensure_ascii=False))}" '
        f'href="/anime/stream/{series.slug}" title="{escape(series.title)} Stream">{escape(series.title)}</a></li>'
        for series in all_series().values()
    )
    return _page("Alle Serien", f'<div id="seriesContainer"><div class="genre"><ul>{rows}</ul></div></div>')


def new_episodes() -> str:
    """A row per episode and language: first what came out while the site runs."""
    rows, today = "", date.today()  # noqa: DTZ011 - a catalogue shows the day where it is
    fresh = [(series, episode, language, today) for series, episode, names in came_out() for language in names]
    for series, episode, language, published in [*fresh, *newest()]:
        rows += (
            f'<div class="col-md-12"><div class="newEpisodeList"><a href="{episode_path(series, episode)}">'
            f"<strong>{escape(series.title)}</strong>"
            f'<span class="listTag bigListTag blue2">S{episode.season:02} E{episode.number:02}</span>'
            f'<img class="flag" data-src="/public/svg/{LANGUAGE_KEYS[language][1]}.svg" alt="Flagge"></a>'
            f'<span class="elementFloatRight">{_WEEKDAYS[published.weekday()]}, {published:%d.%m.%Y}</span></div></div>'
        )
    return _page("Neue Episoden", f'<div class="newEpisodes"><div class="row">{rows}</div></div>')


def series_page(series: DemoSeries) -> str:
    """Title, texts and links to the seasons. Texts are escaped twice, as catalogues sometimes do."""
    others = escape(json.dumps(list(series.alternative_titles), ensure_ascii=False))
    twice = escape(escape(series.description))
    ended = f'<span itemprop="endDate"><a href="/animes/jahr/{series.finished}">{series.finished}</a></span>'
    genres = "".join(f'<li><a itemprop="genre" class="genreButton">{escape(genre)}</a></li>' for genre in series.genres)
    body = (
        f'<section><div class="seriesCoverBox"><img data-src="/public/img/cover/{series.slug}.png" alt=""></div>'
        f'<div class="series-title"><h1 itemprop="name" title="Stream" data-alternativetitles="{others}">'
        f"<span>{escape(escape(series.title))}</span></h1><small>("
        f'<span itemprop="startDate"><a href="/animes/jahr/{series.year}">{series.year}</a></span> - '
        f"{ended if series.finished else '<span itemprop=endDate>Heute</span>'})</small></div>"
        f'<a class="imdb-link" data-imdb="{series.imdb_id}" href="#">IMDB</a>'
        f'<p class="seri_des" data-full-description="{twice}">{twice[:60]} …</p>'
        f'<div class="genres"><ul>{genres}</ul></div></section>{_season_links(series)}'
    )
    return _page(series.title, body)


def season_page(series: DemoSeries, season: int) -> str:
    """The episodes of one season in a table."""
    rows = "".join(_episode_row(series, episode) for episode in series.seasons[season])
    table = f'<table class="seasonEpisodesList"><tbody id="season{season}">{rows}</tbody></table>'
    return _page(series.title, f"<h2>{escape(series.title)}</h2>{_season_links(series)}{table}")


def episode_page(series: DemoSeries, episode: DemoEpisode) -> str:
    """The sources of one episode."""
    flags = sources = ""
    for language in episode.languages:
        key, flag = LANGUAGE_KEYS[language]
        flags += f'<img data-lang-key="{key}" src="/public/svg/{flag}.svg" title="{language}" class="selectedLanguage">'
    for link in links_of(series.slug, episode.season, episode.number):
        sources += (
            f'<li class="episodeLink{link.id}" data-lang-key="{LANGUAGE_KEYS[link.language][0]}" '
            f'data-link-id="{link.id}" data-link-target="/redirect/{link.id}"><div class="generateInlinePlayer">'
            f'<a class="watchEpisode" itemprop="url" href="/redirect/{link.id}" target="_blank">'
            f'<i class="icon {HOST_LABELS[link.host].replace(" ", "")}" title="Hoster {HOST_LABELS[link.host]}"></i>'
            f'<h4>{HOST_LABELS[link.host]}</h4><div class="hosterSiteVideoButton">Video öffnen</div></a></div></li>'
        )
    body = (
        f'<div class="hosterSiteTitle"><h2><span class="episodeGermanTitle">{escape(episode.title)}</span> '
        f'<small class="episodeEnglishTitle">{escape(episode.title_alt)}</small></h2></div>'
        f'<div class="changeLanguageBox">{flags}</div><div class="hosterSiteVideo"><ul class="row">{sources}</ul></div>'
    )
    return _page(series.title, body)


def embed_page(link: DemoLink, stream: str, hop: str | None) -> str:
    """A host's player page. Each host declares its stream in another way; with `hop` only a script that leads on."""
    if hop:
        return f"<!DOCTYPE html><html><head><script>window.location.href = '{hop}';</script></head><body></body></html>"
    if link.host == "demo-file":
        player = f'<video controls src="{escape(stream)}"></video>'
    elif link.host == "demo-hls":
        sources = json.dumps({"hls": stream, "label": "Größe"}).replace("/", "\\/")
        player = f"<script>var player = setup({sources});</script>"
    else:
        packed = base64.b64encode(stream.encode()).decode()
        player = f"<script>let source = atob('{packed}'); play(source);</script>"
    return f"<!DOCTYPE html><html><head><title>Video</title></head><body>{player}</body></html>"


def search_old(keyword: str) -> list[dict[str, Any]]:
    """The answer of `/ajax/seriesSearch`."""
    return [
        {
            "name": escape(series.title),
            "link": series.slug,
            "description": escape(escape(series.description)),
            "cover": f"/public/img/cover/{series.slug}.png",
            "productionYear": f"({series.year} - {series.finished or 'Heute'})",
        }
        for series in _matching(keyword)
    ]


def search_new(keyword: str) -> list[dict[str, Any]]:
    """The answer of `/ajax/search`, with a link that is no series."""
    found = [
        {
            "title": f"<em>{escape(series.title)}</em>",
            "description": escape(series.description),
            "link": f"/anime/stream/{series.slug}",
        }
        for series in _matching(keyword)
    ]
    return [*found, {"title": "Hilfe", "description": "Fragen und Antworten", "link": "/support/fragen"}]


def episode_path(series: DemoSeries, episode: DemoEpisode) -> str:
    """The path of an episode's page."""
    inside = (
        f"filme/film-{episode.number}" if not episode.season else f"staffel-{episode.season}/episode-{episode.number}"
    )
    return f"/anime/stream/{series.slug}/{inside}"


def _matching(keyword: str) -> list[DemoSeries]:
    wanted = keyword.casefold().strip()
    return [
        series
        for series in all_series().values()
        if wanted
        and any(wanted in title.casefold() for title in (series.title, series.slug, *series.alternative_titles))
    ]


def _season_links(series: DemoSeries) -> str:
    links = ""
    for number in sorted(series.seasons):
        path = f"/anime/stream/{series.slug}/" + (f"staffel-{number}" if number else "filme")
        links += f'<li><a href="{path}" title="Staffel {number}">{number or "Filme"}</a></li>'
    return f'<div class="hosterSiteDirectNav" id="stream"><ul>{links}</ul></div>'


def _episode_row(series: DemoSeries, episode: DemoEpisode) -> str:
    path = episode_path(series, episode)
    hosts = "".join(f'<i class="icon {label.replace(" ", "")}" title="{label}"></i>' for label in HOST_LABELS.values())
    flags = "".join(f'<img class="flag" src="/public/svg/{LANGUAGE_KEYS[item][1]}.svg">' for item in episode.languages)
    return (
        f'<tr data-episode-id="{episode.season * 1000 + episode.number}" data-episode-season-id="{episode.number}">'
        f'<td class="season{episode.season}EpisodeID"><meta itemprop="episodeNumber" content="{episode.number}">'
        f'<a itemprop="url" href="{path}">Folge {episode.number}</a></td>'
        f'<td class="seasonEpisodeTitle"><a href="{path}"><strong>{escape(episode.title)}</strong> - '
        f"<span>{escape(episode.title_alt)}</span></a></td>"
        f'<td><a href="{path}">{hosts}</a></td><td class="editFunctions"><a href="{path}">{flags}</a></td></tr>'
    )
