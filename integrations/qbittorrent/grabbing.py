"""From a magnet to queue items: the series comes into the library, its episodes into the queue, and from there on."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from aniworld import clock
from aniworld.accounts.models import User
from aniworld.refusals import Explained, Invalid, NotReady
from downloads import queue
from downloads.models import QueueItem
from integrations.qbittorrent import handing, places
from integrations.qbittorrent.models import Category, ClientPart, ClientTorrent
from integrations.releases import Release, of_magnet
from library import catalog, held_files
from library.models import Episode, Series
from providers import registry
from providers.exceptions import NotConfigured

# Torrents that wait for their series, of which one round looks at so many.
_MOST_AT_ONCE = 200
_UNDER_WAY = QueueItem.LIVE


def add(link: str, *, category: str, tags: Sequence[str], is_stopped: bool, by: User) -> ClientTorrent:
    """Takes on what a magnet stands for; one that is there already goes on, or begins anew when it had failed, or was
    handed over and taken away since.

    Nobody outside is asked. Raises `Invalid` for a link that is none of ours, or of a catalogue that is not enabled.
    """
    release = of_magnet(link)
    try:
        registry.catalogue(release.provider)
    except NotConfigured as error:
        raise Invalid(str(error), "not_configured") from None
    if category:
        category = Category.objects.put(category).name
        places.make(category)
    torrent, is_new = ClientTorrent.take(
        release, category=category, tags=tags, is_stopped=is_stopped, size=_expected(link), by=by
    )
    if not is_new:
        _lose_what_went(torrent)
        torrent.start_anew(is_stopped=is_stopped)
    advance(torrent)
    return torrent


def advance(torrent: ClientTorrent) -> None:
    """Queues what a resolving torrent consists of, as soon as its series is loaded."""
    if torrent.stage != torrent.Stage.RESOLVING or not torrent.hold():
        return
    try:
        why = _resolve(torrent)
    except NotReady as error:
        why = str(error)
    except Explained as error:
        torrent.fail(str(error))
        return
    if why:
        torrent.wait(why)


def watch() -> None:
    """Gets on with all that time moves: what waits for its series, what arrived, what has stood still."""
    if not ClientTorrent.objects.under_way().exists():
        return
    for torrent in ClientTorrent.objects.to_resolve(clock.now())[:_MOST_AT_ONCE]:
        advance(torrent)
    for torrent in ClientTorrent.objects.coming().with_items():
        seen = sum(part.item.downloaded_bytes for part in torrent.parts.all() if part.item)
        if seen != torrent.seen_bytes:
            torrent.move(seen)
    for torrent in ClientTorrent.objects.come():
        torrent.arrive()
    handing.ring_if_due()


def _lose_what_went(torrent: ClientTorrent) -> None:
    """What a manager imported by a move and grabs once more has to be handed over once more."""
    if torrent.stage == torrent.Stage.READY:
        files = [part.file for part in torrent.parts.all()]
        if not handing.is_there(torrent.place, files):
            torrent.lose()


def _resolve(torrent: ClientTorrent) -> str:
    """Why it still has to wait; empty once it is queued. Raises `Explained` when it never will be."""
    series = _series(torrent)
    if torrent.series_id != series.pk:
        torrent.belongs_to(series)
    episodes = _episodes(torrent, series)
    if episodes:
        torrent.begin(_queued(torrent, series, episodes))
        return ""
    if series.loading_status == Series.Loading.FAILED and not series.episodes_loaded:
        raise Invalid(_("Its series could not be loaded: %s") % series.loading_error, "not_loaded")
    if not series.episodes_loaded:
        return _("Its series is being loaded.")
    if series.loading_completed_at is None or series.loading_completed_at < torrent.moved_at:
        if series.loading_status in (Series.Loading.COMPLETED, Series.Loading.FAILED):
            catalog.reload(series, ("episodes",))
        return _("Its series is being loaded.")
    raise Invalid(_("The catalogue does not have it in %s any more.") % torrent.language, "not_there")


def _series(torrent: ClientTorrent) -> Series:
    found = Series.objects.live().filter(provider=torrent.provider, slug=torrent.slug).first()
    if found is not None:
        return found
    release = of_magnet(torrent.magnet)
    try:
        # The manager decides what is wanted of it: nothing comes by itself.
        return catalog.add(key=torrent.slug, provider=torrent.provider, name=release.name, monitored=False)
    except catalog.AlreadyThere as there:
        return catalog.find(there.key)


def _episodes(torrent: ClientTorrent, series: Series) -> list[Episode]:
    """Those it consists of, as far as they can be had in its language or are on disk in it."""
    rows = Episode.objects.filter(series=series, season=torrent.season).order_by("number")
    if torrent.number is not None:
        rows = rows.filter(number=torrent.number)
    held = held_files.attached(rows)
    return [
        episode
        for episode in held
        if torrent.language in episode.languages or any(file.language == torrent.language for file in episode.held)
    ]


def _queued(torrent: ClientTorrent, series: Series, episodes: Sequence[Episode]) -> list[ClientPart]:
    added = set(queue.enqueue(series, episodes, language=torrent.language, by=torrent.added_by).added)
    rows = QueueItem.objects.filter(episode__in=episodes, language=torrent.language, status__in=_UNDER_WAY)
    items = {item.episode_id: item for item in rows.select_related("series", "episode")}
    release = of_magnet(torrent.magnet)
    if torrent.is_stopped:
        queue.pause_all([item.pk for item in items.values() if item.pk in added])
    return [_part(torrent, release, episode, items.get(episode.pk), added) for episode in episodes]


def _part(
    torrent: ClientTorrent, release: Release, episode: Episode, item: QueueItem | None, added: set[int]
) -> ClientPart:
    named = release.named if torrent.number is not None else episode.number_in_names
    title = release.titled(episode.number, named)
    is_own = item is not None and item.pk in added
    return ClientPart(torrent=torrent, episode=episode, item=item, is_own=is_own, title=title[:300])


def _expected(link: str) -> int:
    """What the magnet says of its size, in bytes."""
    digits = link.partition("&xl=")[2].partition("&")[0]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 16 else 0
