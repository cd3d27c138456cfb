"""The groups of worker processes, and whether each works."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from aniworld.admin_pages.pages import ReadOnly
from aniworld.supervisor.models import SILENCE, Cluster
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
        silent = timezone.now() - (cluster.heartbeat_at or cluster.started_at)
        if silent > SILENCE:
            return "silent", gettext("silent")
        return ("works", gettext("works")) if cluster.heartbeat_at else ("starts", gettext("starts"))

    @display(description=_("sign of work"), ordering="heartbeat_at")
    def sign(self, cluster: Cluster) -> str:
        if cluster.heartbeat_at is None:
            return "–"
        age: timedelta = timezone.now() - cluster.heartbeat_at
        return gettext("%d s ago") % max(0, int(age.total_seconds()))

    @display(description=_("runs since"), ordering="started_at")
    def begun(self, cluster: Cluster) -> str:
        return ago(cluster.started_at)
