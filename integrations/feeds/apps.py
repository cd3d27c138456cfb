"""The app's registration with Django."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FeedsConfig(AppConfig):
    """Names the app."""

    name = "integrations.feeds"
    label = "feeds"
    verbose_name = _("Feeds")
