"""The project package as an app: its commands, templates and system checks."""

import os
from importlib import import_module

from django.apps import AppConfig


class AniworldConfig(AppConfig):
    """Names the app."""

    name = "aniworld"
    label = "aniworld"

    def ready(self) -> None:
        """Registers the checks, the admin pages of foreign apps and the rule for targets, once all models are there."""
        import_module("aniworld.system_checks")
        import_module("aniworld.alerting")
        import_module("aniworld.log_level")
        if os.environ.get("Q_CLUSTER_NAME"):
            # Loaded before the cluster forks, their code is shared by its workers instead of being loaded by each.
            ours = ("aniworld.live", "aniworld.accounts", "aniworld.supervisor", "aniworld.alerts", "aniworld.audit")
            others = ("integrations.torznab", "integrations.qbittorrent")
            for name in ("downloads", "library", *ours, *others):
                import_module(f"{name}.tasks")
