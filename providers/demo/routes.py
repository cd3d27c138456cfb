"""Which address of the demo site stands for what."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

from providers.demo import covers, pages, reply, streams
from providers.demo.clips import ClipMaker
from providers.demo.releases import all_series, links
from providers.demo.reply import Reply
from providers.demo.series import HOSTS, DemoLink

_SERIES = re.compile(
    r"/anime/stream/([a-z0-9-]{1,80})(?:/(staffel-(\d{1,4})|filme)(?:/(?:episode|film)-(\d{1,4}))?)?/?"
)
_MEDIA = re.compile(r"/host/([a-z-]{1,20})/media/(\d{1,7})/(?:([\w.]{1,120})/)?([\w-]{1,40}\.\w{1,4})", re.ASCII)
_EMBED = re.compile(r"/host/([a-z-]{1,20})/e/(\d{1,7})", re.ASCII)
_REDIRECT = re.compile(r"/redirect/(\d{1,7})", re.ASCII)
_COVER = re.compile(r"/public/img/cover/([a-z0-9-]{1,80})\.png")
CLIPS_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Place:
    """What a path means: the host whose faults apply, the step, and for hosts the link with its pass and file name."""

    host: str
    stage: str
    link: DemoLink | None = None
    granted: str = ""
    name: str = ""


def place_of(path: str, query: str) -> Place:
    """Never fails; a path that means nothing belongs to the catalogue."""
    if match := _REDIRECT.fullmatch(path):
        return Place("demo", "redirect", _link(match[1]))
    if match := _EMBED.fullmatch(path):
        return Place(match[1], "embed", _link(match[2], match[1]), name=query)
    if match := _MEDIA.fullmatch(path):
        granted = match[3] or parse_qs(query).get("pass", [""])[0]
        return Place(match[1], streams.stage_of(match[4]), _link(match[2], match[1]), granted, match[4])
    return Place("demo", "page")


def answer(place: Place, path: str, form: str, passes: streams.Passes, clips: ClipMaker, origin: str) -> Reply:
    """What is there, as if nothing ever went wrong. `form`: query or posted form; `origin`: the site's address."""
    if place.stage == "page":
        return _catalogue(path, form) or reply.page("<!DOCTYPE html><title>404</title><h1>Nicht gefunden</h1>", 404)
    if place.link is None:
        return reply.page("<!DOCTYPE html><title>404</title><h1>Nicht gefunden</h1>", 404)
    if place.stage == "redirect":
        return reply.redirect(f"{origin}/host/{place.link.host}/e/{place.link.id}")
    if place.stage == "embed":
        return _embed(place.link, place.name, passes, origin)
    found = clips.wait(CLIPS_PATIENCE)
    if found is None:
        return reply.page("<!DOCTYPE html><title>503</title><h1>Die Clips fehlen noch</h1>", 503)
    return streams.content(place.link, place.name, found) or reply.page("<!DOCTYPE html><h1>404</h1>", 404)


def _embed(link: DemoLink, query: str, passes: streams.Passes, origin: str) -> Reply:
    """Half of the links of the file host lead on by a script first."""
    hop = f"/host/{link.host}/e/{link.id}?step=2"
    if link.host == "demo-file" and link.id % 2 and not query:
        return reply.page(pages.embed_page(link, "", hop))
    return reply.page(pages.embed_page(link, origin + streams.stream_path(link, passes.issue(link)), None))


def _catalogue(path: str, form: str) -> Reply | None:
    plain = {"/": pages.home, "/animes-alphabet": pages.alphabet, "/neue-episoden": pages.new_episodes}
    if path in plain:
        return reply.page(plain[path]())
    if path in ("/ajax/seriesSearch", "/ajax/search"):
        keyword = parse_qs(form).get("keyword", [""])[0][:200]
        found = pages.search_old(keyword) if path == "/ajax/seriesSearch" else pages.search_new(keyword)
        return Reply(json.dumps(found).encode(), "application/json")
    if match := _COVER.fullmatch(path):
        series = all_series().get(match[1])
        return reply.media(covers.cover(series.title), "image/png") if series else None
    match = _SERIES.fullmatch(unquote(path))
    return _series(match) if match else None


def _series(match: re.Match[str]) -> Reply | None:
    series = all_series().get(match[1])
    if series is None:
        return None
    if match[2] is None:
        return reply.page(pages.series_page(series))
    season = int(match[3] or 0)
    if season not in series.seasons:
        return None
    if match[4] is None:
        return reply.page(pages.season_page(series, season))
    episode = next((one for one in series.seasons[season] if one.number == int(match[4])), None)
    return reply.page(pages.episode_page(series, episode)) if episode else None


def _link(text: str, host: str | None = None) -> DemoLink | None:
    number = int(text)
    if not 1 <= number <= len(links()) or host not in (None, *HOSTS):
        return None
    link = links()[number - 1]
    return link if host in (None, link.host) else None
