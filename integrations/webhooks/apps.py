"""The app's registration with Django."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WebhooksConfig(AppConfig):
    """Names the app."""

    name = "integrations.webhooks"
    label = "webhooks"
    verbose_name = _("Webhooks")
