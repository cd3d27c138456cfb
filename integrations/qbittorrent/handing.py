"""Hands over what arrived: each file of the library under its release name, in a folder that the manager imports from.

The file stays in the library. What the manager gets is another name of the same file, or a copy where the two folders
are on different disks; moving or deleting it takes nothing from the library.
"""

from __future__ import annotations

import errno
import logging
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path, PurePosixPath

from django.utils.translation import gettext as _

from aniworld import clock
from integrations.qbittorrent import places
from integrations.qbittorrent.models import ClientPart, ClientTorrent
from library import bell, held_files
from library.files import locate
from library.folders import ArrivalFailed
from library.models import EpisodeFile
from library.naming import sanitise
from library.root import LibraryUnavailable

logger = logging.getLogger(__name__)

TASK = "integrations.qbittorrent.tasks.hand_over"
_NO_LINKS = {
    errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EACCES,
}  # fmt: skip
_BUFFER = 4 * 1024 * 1024
# Of a copy the lease is renewed after so many bytes.
_RENEW_EVERY = 256 * 1024 * 1024


class HandoverLost(Exception):
    """The torrent was deleted, or somebody else hands it over: what was made is to be removed."""


class NothingToHandOver(Exception):
    """A file is not there. The text says which and why."""


def ring() -> None:
    """Wakes who hands over."""
    bell.ring_for(TASK)


def ring_if_due() -> None:
    """Rings again for what waits: bells get lost."""
    if ClientTorrent.objects.to_hand_over(clock.now()).exists():
        ring()


def run_due() -> int:
    """Hands over what waits for it; answers how many."""
    count = 0
    while torrent := ClientTorrent.objects.claim_next():
        count += 1
        hand_over(torrent)
    return count


def hand_over(torrent: ClientTorrent) -> None:
    """Makes a torrent that the caller holds ready, or says why that is not possible now or ever."""
    try:
        _put_all(torrent)
    except HandoverLost:
        logger.info("%s was deleted while it was handed over", torrent)
        _forget(torrent)
    except NothingToHandOver as error:
        torrent.fail(str(error))
    except (OSError, ValueError, ArrivalFailed, LibraryUnavailable) as error:
        logger.warning("%s could not be handed over: %s", torrent, error)
        reason = getattr(error, "strerror", None) or str(error)
        torrent.put_off(_("It is in the library, but could not be handed over: %s.") % reason)
    else:
        logger.info("%s was handed over", torrent)


def _put_all(torrent: ClientTorrent) -> None:
    parts = _with_files(torrent)
    place = _place(torrent)
    if not torrent.settle_at(place):
        raise HandoverLost
    done = [(part, *_put(torrent, part, file, place)) for part, file in parts]
    if not torrent.ready(done):
        raise HandoverLost


def remove(place: str, files: list[str]) -> None:
    """Takes away what was handed over: these very files, and their folder if it is empty then. Others' files stay."""
    try:
        folder = places.within(place)
    except (OSError, ValueError) as error:
        logger.warning("%s", error)
        return
    for name in files:
        with suppress(OSError):
            (folder / PurePosixPath(name).name).unlink()
    with suppress(OSError):
        folder.rmdir()


def is_there(place: str, files: list[str]) -> bool:
    """Whether any of it still stands where it was handed over."""
    try:
        folder = places.within(place)
        return any((folder / name).is_file() for name in files)
    except (OSError, ValueError):
        return False


def _with_files(torrent: ClientTorrent) -> list[tuple[ClientPart, EpisodeFile]]:
    parts = list(torrent.parts.select_related("episode"))
    if not parts:
        raise NothingToHandOver(_("Its series is not in the library any more."))
    held = held_files.files_of([part.episode for part in parts])
    return [(part, _file(torrent, part, held.get(part.episode_id, []))) for part in parts]


def _file(torrent: ClientTorrent, part: ClientPart, files: list[EpisodeFile]) -> EpisodeFile:
    """The file in the language that was asked for, the latest where there are several."""
    spoken = [file for file in files if file.language == torrent.language]
    if spoken:
        return max(spoken, key=lambda file: file.pk)
    others = ", ".join(sorted({file.language for file in files}))
    facts = {"episode": part.episode.code, "language": torrent.language, "others": others}
    if others:
        raise NothingToHandOver(_("%(episode)s is in the library in %(others)s, not in %(language)s.") % facts)
    raise NothingToHandOver(_("%(episode)s is not in the library any more.") % facts)


def _place(torrent: ClientTorrent) -> str:
    """Its folder: of its category and its name; another torrent's with the same name keeps it."""
    place = places.expected(torrent.category, torrent.name)
    if ClientTorrent.objects.filter(place=place).exclude(pk=torrent.pk).exists():
        return f"{place}-{torrent.info_hash[:8]}"
    return place


def _put(torrent: ClientTorrent, part: ClientPart, file: EpisodeFile, place: str) -> tuple[str, int]:
    """Gives a file its name there; answers the name, and the size in bytes."""
    source = locate(file.path)
    places.made_folder()
    folder = places.within(place)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{sanitise(part.title)}{source.suffix.lower()}"
    if not source.is_file():
        raise NothingToHandOver(_("%s is not in the library any more.") % part.episode.code)

    def alive() -> None:
        if not torrent.renew():
            raise HandoverLost

    alive()
    _link_or_copy(source, target, alive)
    return target.name, target.stat().st_size


def _link_or_copy(source: Path, target: Path, alive: Callable[[], None]) -> None:
    for left in target.parent.glob(".aniworld-*.part"):
        # Of a copy whose worker was killed: who holds the torrent is alone in its folder.
        left.unlink(missing_ok=True)
    temporary = target.with_name(f".aniworld-{secrets.token_hex(8)}.part")
    try:
        try:
            os.link(source, temporary)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            _copy(source, temporary, alive)
        temporary.replace(target)
    finally:
        # Of two names of one file a rename leaves both.
        temporary.unlink(missing_ok=True)


def _copy(source: Path, target: Path, alive: Callable[[], None]) -> None:
    with source.open("rb") as reading, target.open("xb") as writing:
        since = 0
        while chunk := reading.read(_BUFFER):
            writing.write(chunk)
            since += len(chunk)
            if since >= _RENEW_EVERY:
                alive()
                since = 0
        writing.flush()
        os.fsync(writing.fileno())


def _forget(torrent: ClientTorrent) -> None:
    """Of a deleted torrent nothing stays; of one that somebody else has now, everything."""
    if torrent.place and not ClientTorrent.objects.filter(pk=torrent.pk).exists():
        folder = places.within(torrent.place)
        names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
        remove(torrent.place, names)
