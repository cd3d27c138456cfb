"""The app's registration with Django."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TorznabConfig(AppConfig):
    """Names the app."""

    name = "integrations.torznab"
    label = "torznab"
    verbose_name = _("Indexer")
