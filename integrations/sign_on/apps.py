"""The app's registration with Django."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SignOnConfig(AppConfig):
    """Names the app."""

    name = "integrations.sign_on"
    label = "sign_on"
    verbose_name = _("Single sign-on")
