"""The app's registration with Django."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DownloadsConfig(AppConfig):
    """Names the app."""

    name = "downloads"
    label = "downloads"
    verbose_name = _("Downloads")
