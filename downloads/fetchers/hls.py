"""Fetches an HLS stream: segments in parallel, each kept on disk as soon as it is whole, and joined as they arrive.

After a restart the segments on disk are used again when the playlist still lists the very same ones.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from downloads.fetchers.base import Fetched, Job
from downloads.fetchers.hls_joining import Joining
from downloads.fetchers.hls_segments import Gathering
from downloads.fetchers.hls_tracks import SEGMENTS, open_tracks
from downloads.fetchers.joiner import Joiner
from downloads.fetchers.playlist import MediaPlaylist, media_playlist
from downloads.fetchers.playlist_master import choose
from downloads.workfolder import SLOW_DISK_SECONDS, discard, flush, read_journal, write_journal
from providers.exceptions import Blocked, Expired, NotFound, WrongContent
from providers.http import PLAYLIST_LIMIT, Page


def fetch(job: Job) -> Fetched:
    """All segments, and an MP4 made of them without re-encoding."""
    whole = job.folder / "whole.mp4"
    noted = read_journal(job.folder)
    if noted.get("remuxed") and whole.exists():
        return Fetched(whole, noted.get("duration"))
    # Ready by the time the first segment is there.
    with Joiner() as process:
        playlists = _joined(job, process, whole)
    # On disk before it is counted on: a power cut must leave either the file or what it is made of.
    job.control.alive(SLOW_DISK_SECONDS)
    flush(whole)
    write_journal(job.folder, {**read_journal(job.folder), "remuxed": True}, durable=True)
    discard(job.folder / SEGMENTS)
    return Fetched(whole, playlists[0].duration)


def _joined(job: Job, process: Joiner, whole: Path) -> list[MediaPlaylist]:
    """Gathers the segments and has them joined as they come; answers what they were listed in."""
    try:
        playlists, language = _playlists(job)
        gathering = Gathering(job, open_tracks(job.folder, playlists))
        joining = Joining(job, gathering, whole, language, process)
        joining.start()
        try:
            gathering.run()
        except BaseException as error:
            gathering.fail(error)
            joining.abandon()
            raise
    except (Blocked, NotFound) as error:
        raise Expired(f"The stream's address is no longer good ({error})") from error
    finally:
        job.control.end()
    joining.finish()
    return playlists


def _playlists(job: Job) -> tuple[list[MediaPlaylist], str]:
    """The playlist of the picture and, where it is separate, of the sound; and the sound's language if it is told."""
    page = _page(job, job.stream.url)
    choice = choose(page.text, page.url, job.quality, job.audio)
    if choice is None:
        return [media_playlist(page.text, page.url)], ""
    playlists = [_media(job, choice.video, choice.variant)]
    if choice.audio:
        playlists.append(_media(job, choice.audio, choice.rendition))
    return playlists, choice.language


def _media(job: Job, url: str, variant: str) -> MediaPlaylist:
    """What a master playlist names must list segments: one level more would be a chain without an end."""
    page = _page(job, url)
    if choose(page.text, page.url, job.quality):
        raise WrongContent("The playlists lead to each other without an end.")
    return media_playlist(page.text, page.url, variant)


def _page(job: Job, url: str) -> Page:
    ask = partial(job.client.get, url, headers=job.stream.headers, limit=PLAYLIST_LIMIT)
    return job.control.patiently(ask, job.client.policy.timeout)
