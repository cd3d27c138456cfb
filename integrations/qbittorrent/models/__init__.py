"""What the download client keeps: who signed in, categories, and the torrents that it speaks of."""

from integrations.qbittorrent.models.category import Category
from integrations.qbittorrent.models.session import ClientSession
from integrations.qbittorrent.models.torrent import ClientPart, ClientTorrent

__all__ = ["Category", "ClientPart", "ClientSession", "ClientTorrent"]
