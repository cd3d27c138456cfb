"""The app's registration with Django."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LibraryConfig(AppConfig):
    """Names the app."""

    name = "library"
    label = "library"
    verbose_name = _("Library")

    def ready(self) -> None:
        """Adds the rules that the configuration's section `library` has to obey."""
        import_module("library.configured")
