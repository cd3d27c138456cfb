"""The app's registration with Django."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConfigurationConfig(AppConfig):
    """Names the app."""

    name = "aniworld.configuration"
    label = "configuration"
    verbose_name = _("Configuration")
