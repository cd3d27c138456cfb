"""The app's registration with Django."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WorkersConfig(AppConfig):
    """Names the app, and lets worker processes tell that they work."""

    name = "aniworld.supervisor"
    label = "supervisor"
    verbose_name = _("Workers")

    def ready(self) -> None:
        """Imports by name, because models exist only from here on."""
        import_module("aniworld.supervisor.workers").listen()
