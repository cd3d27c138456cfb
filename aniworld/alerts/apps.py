"""The app's registration with Django."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AlertsConfig(AppConfig):
    """Names the app."""

    name = "aniworld.alerts"
    label = "alerts"
    verbose_name = _("Alerts")
