"""The machines, the groups of worker processes, and whether each works."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from aniworld import clock
from aniworld.admin_pages.pages import ReadOnly
from aniworld.supervisor.models import GONE, SILENCE, Cluster, Machine
from aniworld.templatetags.quantities import ago


@admin.register(Cluster)
class ClusterAdmin(ReadOnly):
    about = _(
        "The groups of worker processes, on every machine. Each proves every 15 seconds that it works; one that is "
        "silent for 45 seconds is ended and started again by itself."
    )
    when_empty = _("No workers run. Start them: manage.py up, or with --workers-only.")
    live_seconds = 10
    list_display = ("name", "host", "state", "workers", "sign", "begun", "restarts")
    list_filter = ("name",)
    search_fields = ("name", "host")
    fields = ("name", "host", "instance", "process_group", "workers", "started_at", "heartbeat_at", "restarts")

    @display(description=_("state"), label={"works": "success", "silent": "danger", "starts": "info"})
    def state(self, cluster: Cluster) -> tuple[str, str]:
        silent = clock.now() - (cluster.heartbeat_at or cluster.started_at)
        if silent > SILENCE:
            return "silent", gettext("silent")
        return ("works", gettext("works")) if cluster.heartbeat_at else ("starts", gettext("starts"))

    @display(description=_("sign of work"), ordering="heartbeat_at")
    def sign(self, cluster: Cluster) -> str:
        if cluster.heartbeat_at is None:
            return "–"
        age: timedelta = clock.now() - cluster.heartbeat_at
        return gettext("%d s ago") % max(0, int(age.total_seconds()))

    @display(description=_("runs since"), ordering="started_at")
    def begun(self, cluster: Cluster) -> str:
        return ago(cluster.started_at)


@admin.register(Machine)
class MachineAdmin(ReadOnly):
    about = _(
        "Every running Aniworld on this database. Each is heard of every few seconds; one that is silent for 30 "
        "seconds is gone, and the others take over what it was at. One of them leads: it looks for what is due."
    )
    when_empty = _("Nothing runs. Start it: manage.py up.")
    live_seconds = 10
    list_display = ("host", "state", "leading", "web", "workers", "version", "sign", "begun")
    list_filter = ("web", "workers")
    search_fields = ("host", "instance")
    fields = ("host", "instance", "web", "workers", "version", "started_at", "seen_at", "lost_at")

    @display(description=_("state"), label={"runs": "success", "gone": "danger"})
    def state(self, machine: Machine) -> tuple[str, str]:
        gone = clock.now() - machine.seen_at > GONE
        return ("gone", gettext("gone")) if gone else ("runs", gettext("runs"))

    @display(description=_("leads"), boolean=True)
    def leading(self, machine: Machine) -> bool:
        return bool(machine.leads and machine.leads_until and machine.leads_until > clock.now())

    @display(description=_("last heard of"), ordering="seen_at")
    def sign(self, machine: Machine) -> str:
        return gettext("%d s ago") % max(0, int((clock.now() - machine.seen_at).total_seconds()))

    @display(description=_("runs since"), ordering="started_at")
    def begun(self, machine: Machine) -> str:
        return ago(machine.started_at)
