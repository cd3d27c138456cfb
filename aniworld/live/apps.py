"""The app's registration with Django."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LiveConfig(AppConfig):
    """Names the app."""

    name = "aniworld.live"
    label = "live"
    verbose_name = _("Live")
