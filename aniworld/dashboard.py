"""What the admin shows first, and what its side bar offers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db.models import Count, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django_q.models import Schedule

from aniworld import checks
from downloads.models import QueueItem, QueueState
from library.models import Episode

# Group → icon and `app.Model` of what is listed there, in order. A model without an admin page is left out.
GROUPS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "",
        (
            ("settings", "configuration.Configuration"),
            ("dns", "providers.Provider"),
        ),
    ),
    (
        "Queue",
        (
            ("download", "downloads.QueueItem"),
            ("history", "downloads.Attempt"),
            ("shield_question", "downloads.QuarantinedFile"),
        ),
    ),
    (
        "Library",
        (
            ("tv", "library.Series"),
            ("playlist_play", "library.Episode"),
            ("video_file", "library.EpisodeFile"),
            ("star", "library.Favorite"),
            ("find_in_page", "library.Finding"),
            ("manage_search", "library.Scan"),
        ),
    ),
    (
        "Providers",
        (
            ("traffic", "providers.ProviderStatus"),
            ("lan", "providers.RequestLog"),
        ),
    ),
    (
        "System",
        (
            ("notifications", "alerts.Alert"),
            ("settings_backup_restore", "configuration.ConfigurationBackup"),
            ("group", "accounts.User"),
            ("groups", "auth.Group"),
            ("key", "accounts.ApiKey"),
            ("tune", "accounts.Preferences"),
            ("memory", "supervisor.Cluster"),
            ("schedule", "django_q.Schedule"),
        ),
    ),
    (
        "Technical",
        (
            ("toggle_on", "downloads.QueueState"),
            ("undo", "downloads.Undo"),
            ("badge", "accounts.Token"),
            ("lock_clock", "accounts.Throttle"),
            ("error", "django_q.Failure"),
            ("task_alt", "django_q.Success"),
            ("pending", "django_q.OrmQ"),
            ("bolt", "live.Event"),
            ("hourglass", "live.Progress"),
        ),
    ),
)

# Where the model's own name would say little.
TITLES = {
    "downloads.Undo": gettext_noop("What can be undone"),
    "providers.RequestLog": gettext_noop("Requests to providers"),
    "accounts.Token": gettext_noop("Sign-ins (tokens)"),
    "accounts.Throttle": gettext_noop("Counted tries to sign in"),
    "supervisor.Cluster": gettext_noop("Groups of workers"),
    "django_q.Schedule": gettext_noop("Regular tasks"),
    "django_q.Failure": gettext_noop("Tasks that failed"),
    "django_q.Success": gettext_noop("Tasks that succeeded"),
    "django_q.OrmQ": gettext_noop("Tasks that wait"),
    "live.Event": gettext_noop("Live events"),
    "live.Progress": gettext_noop("Operations under way and ended"),
}


def _items(request: HttpRequest, models: tuple[tuple[str, str], ...]) -> Iterator[dict[str, Any]]:
    for icon, label in models:
        model = apps.get_model(label)
        page = admin.site.get_model_admin(model) if admin.site.is_registered(model) else None
        if page is None or not page.has_view_permission(request):
            continue
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        title = _(TITLES[label]) if label in TITLES else capfirst(model._meta.verbose_name_plural)
        yield {"title": title, "icon": icon, "link": reverse(name)}


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The side bar: what is there and may be seen."""
    titles = {
        "Queue": _("Queue"),
        "Library": _("Library"),
        "Providers": _("Providers"),
        "System": _("System"),
        "Technical": _("Technical"),
    }
    first = {"title": _("Overview"), "icon": "dashboard", "link": reverse("admin:index")}
    groups: list[dict[str, Any]] = [{"title": "", "items": [first]}]
    for name, models in GROUPS:
        items = list(_items(request, models))
        if not name:
            groups[0]["items"] += items
        elif items:
            groups.append(
                {"title": titles[name], "separator": True, "collapsible": name == "Technical", "items": items}
            )
    return groups


@dataclass(frozen=True)
class Tile:
    """One number of the first row."""

    title: str
    value: str
    note: str


def _size(number: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def _switch(state: QueueState) -> str:
    if not state.is_running:
        return _("stopped")
    return _("paused") if state.is_paused else _("running")


def _tiles() -> list[Tile]:
    status = QueueItem.Status
    rows = list(QueueItem.objects.order_by().values("status").annotate(n=Count("id"), speed=Sum("download_speed")))
    found = {row["status"]: row["n"] for row in rows}
    count = {name: found.get(name, 0) for name in status.values}
    speed = sum(row["speed"] or 0 for row in rows if row["status"] == status.DOWNLOADING)
    missing = Episode.objects.filter(is_downloaded=False, series__deleted_at__isnull=True).count()
    state = QueueState.objects.filter(pk=1).first() or QueueState()
    waiting = _("%(pending)d waiting, %(paused)d parked") % {"pending": count["pending"], "paused": count["paused"]}
    return [
        Tile(_("Downloading"), str(count[status.DOWNLOADING]), f"{_size(speed)}/s"),
        Tile(_("Queue"), _switch(state), waiting),
        Tile(_("Failed"), str(count[status.FAILED]), _("%d arrived") % count[status.COMPLETED]),
        Tile(_("Missing episodes"), str(missing), _("in the whole library")),
        Tile(_("Free disk"), _free(), _("where downloads are written")),
    ]


def _free() -> str:
    try:
        return _size(checks.disk_free())
    except (OSError, ValueError):
        return "?"


def _active() -> list[list[str]]:
    items = QueueItem.objects.filter(status=QueueItem.Status.DOWNLOADING).select_related("series", "episode")[:20]
    return [
        [str(item), item.provider, f"{item.progress_percent:.0f} %", f"{_size(item.download_speed)}/s"]
        for item in items
    ]


def _clusters() -> list[list[str]]:
    rows = checks.cluster_ages(timezone.now())
    return [
        [row.name, row.host, str(row.workers), _("%d s ago") % age.total_seconds(), str(row.restarts)]
        for row, age in rows
    ]


def _arrived() -> list[list[str]]:
    """Episodes and bytes that arrived, by day, the latest first."""
    since = timezone.now() - timedelta(days=7)
    done = QueueItem.objects.order_by().filter(status=QueueItem.Status.COMPLETED, completed_at__gt=since)
    days = done.values("completed_at__date").annotate(n=Count("id"), size=Sum("downloaded_bytes"))
    ordered = sorted(days, key=lambda day: day["completed_at__date"], reverse=True)
    return [[str(day["completed_at__date"]), str(day["n"]), _size(day["size"] or 0)] for day in ordered]


def _schedules() -> list[list[str]]:
    rows = Schedule.objects.order_by("next_run").values_list("name", "func", "next_run")[:8]
    local = timezone.localtime
    return [[name or func, local(at).strftime("%Y-%m-%d %H:%M") if at else ""] for name, func, at in rows]


def _changes() -> list[list[str]]:
    rows = LogEntry.objects.select_related("user", "content_type")[:8]
    return [
        [timezone.localtime(row.action_time).strftime("%Y-%m-%d %H:%M"), str(row.user), row.object_repr[:80]]
        for row in rows
    ]


def dashboard(_request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Adds the numbers of now to the first screen of the admin."""
    return {
        **context,
        "title": _("Overview"),
        "tiles": _tiles(),
        "problems": [check for check in checks.run() if not check.ok],
        "active": {"headers": [_("Episode"), _("Host"), _("Done"), _("Speed")], "rows": _active()},
        "clusters": {
            "headers": [_("Workers"), _("Machine"), _("Number"), _("Sign of work"), _("Restarts")],
            "rows": _clusters(),
        },
        "arrived": {"headers": [_("Day"), _("Episodes"), _("Size")], "rows": _arrived()},
        "schedules": {"headers": [_("Schedule"), _("Next run")], "rows": _schedules()},
        "changes": {"headers": [_("Time"), _("User"), _("Changed")], "rows": _changes()},
    }
