"""The app's registration with Django."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Names the app."""

    name = "aniworld.accounts"
    label = "accounts"
    verbose_name = _("Accounts")
