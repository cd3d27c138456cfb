"""The app's registration with Django."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    """Names the app."""

    name = "aniworld.audit"
    label = "audit"
    verbose_name = _("Administrative changes")
