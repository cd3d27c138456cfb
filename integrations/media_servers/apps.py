"""The app's registration with Django."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MediaServersConfig(AppConfig):
    """Names the app."""

    name = "integrations.media_servers"
    label = "media_servers"
    verbose_name = _("Media servers")
