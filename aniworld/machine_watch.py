"""Tells once when a machine is gone without having said so."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from aniworld import clock
from aniworld.live.publish import publish
from aniworld.supervisor.models import Machine


def look() -> str:
    """Tells of each machine that has vanished since the last look. What it was at is taken over by itself."""
    gone = [machine for machine in Machine.objects.vanished() if _tell(machine)]
    return ", ".join(machine.host for machine in gone) or "all are there"


def _tell(machine: Machine) -> bool:
    with transaction.atomic():
        if not Machine.objects.vanished().filter(pk=machine.pk).update(lost_at=clock.now()):
            return False
        text = _("The machine %s has not been heard of for 30 seconds. What it was downloading goes on elsewhere.")
        publish("system_warning", {"title": _("A machine is gone"), "message": text % machine.host})
    return True
