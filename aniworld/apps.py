"""The project package as an app: its commands, templates and system checks."""

from importlib import import_module

from django.apps import AppConfig

from aniworld import admin_words, postgresql
from aniworld.supervisor import instance


class AniworldConfig(AppConfig):
    """Names the app."""

    name = "aniworld"
    label = "aniworld"

    def ready(self) -> None:
        """Registers the checks, the admin pages of foreign apps and the rule for targets, once all models are there."""
        import_module("aniworld.system_checks")
        import_module("aniworld.alerting")
        import_module("aniworld.log_level")
        admin_words.name_fields()
        postgresql.turn_jit_off()
        if instance.is_of_workers():
            # Loaded before the clusters are forked, their code is shared by all workers.
            ours = ("aniworld.live", "aniworld.accounts", "aniworld.supervisor", "aniworld.alerts", "aniworld.audit")
            others = ("integrations.torznab", "integrations.qbittorrent")
            for name in ("downloads", "library", *ours, *others):
                import_module(f"{name}.tasks")
