"""The app's registration with Django."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class QbittorrentConfig(AppConfig):
    """Names the app."""

    name = "integrations.qbittorrent"
    label = "qbittorrent"
    verbose_name = _("Download client")

    def ready(self) -> None:
        """Adds the rule for the folder, once the configuration is there."""
        import_module("integrations.qbittorrent.handover_rule")
