"""What the operator wants to be told, and where: section `notifications` of the configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string


class Notifications(Protocol):
    """Section `notifications`: who is told, and a switch for each kind of alert."""

    # Each with `label` and `address`; the address is a secret.
    targets: Sequence[Mapping[str, str]]
    # How long alerts are collected before they go out as one message; 0 = at once.
    digest_minutes: int
    provider_down: bool
    provider_recovered: bool
    language_down: bool
    disk_low: bool
    library_gone: bool
    backup_failed: bool
    download_failed: bool
    episodes_arrived: bool
    integration_failed: bool


def notifications() -> Notifications:
    """The section in force, from the configuration that `settings.ALERTS_CONFIGURATION` names."""
    section: Notifications = import_string(settings.ALERTS_CONFIGURATION)().notifications
    return section


def site_name() -> str:
    """What the site is called."""
    return str(import_string(settings.ALERTS_CONFIGURATION)().general.site_name)


def addresses() -> dict[str, str]:
    """Label → address of every target."""
    return {target["label"]: target["address"] for target in notifications().targets}


def window() -> timedelta:
    """How long alerts are collected, and how long the same one is not told again."""
    return timedelta(minutes=notifications().digest_minutes)


def is_on(kind: str) -> bool:
    """Whether the operator wants to be told of this kind of alert."""
    now = notifications()
    switches = {
        "provider_down": now.provider_down,
        "provider_recovered": now.provider_recovered,
        "language_down": now.language_down,
        "disk_low": now.disk_low,
        "library_gone": now.library_gone,
        "backup_failed": now.backup_failed,
        "download_failed": now.download_failed,
        "episodes_arrived": now.episodes_arrived,
        "integration_failed": now.integration_failed,
    }
    return switches[kind]
