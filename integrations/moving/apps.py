"""The app's registration with Django."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MovingConfig(AppConfig):
    """Names the app."""

    name = "integrations.moving"
    label = "moving"
    verbose_name = _("Moving in")
