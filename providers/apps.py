"""The app's registration with Django."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProvidersConfig(AppConfig):
    """Names the app."""

    name = "providers"
    label = "providers"
    verbose_name = _("Providers")
