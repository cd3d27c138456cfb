"""What time alone changes of torrents that are over."""

from __future__ import annotations

from django.db.models import Exists, OuterRef

from integrations.qbittorrent import handing
from integrations.qbittorrent.models import ClientPart, ClientSession, ClientTorrent
from library.models import EpisodeFile
from library.root import LibraryUnavailable, filled_root

_MOST_LOOKED_AT = 500


def sweep() -> str:
    """Everything at once; answers what was done."""
    lost = _look_for_missing()
    return f"{lost} torrents without files, {ClientSession.objects.prune()} sessions deleted"


def _look_for_missing() -> int:
    """A torrent is missing once its files are neither where they were handed over nor in the library.

    Where only the first is true, the manager moved them: that is how it imports.
    """
    try:
        filled_root()
    except LibraryUnavailable:
        return 0
    files = EpisodeFile.objects.filter(episode=OuterRef("episode"), language=OuterRef("torrent__language"))
    in_library = ClientPart.objects.filter(Exists(files), torrent=OuterRef("pk"))
    rows = ClientTorrent.objects.filter(stage=ClientTorrent.Stage.READY).exclude(Exists(in_library))
    lost = 0
    for torrent in rows.order_by("updated_at").prefetch_related("parts")[:_MOST_LOOKED_AT]:
        if not handing.is_there(torrent.place, [part.file for part in torrent.parts.all()]):
            lost += torrent.lose()
    return lost
