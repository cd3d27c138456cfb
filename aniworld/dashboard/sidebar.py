"""What the admin's side bar offers: every page that may be seen, in groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

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
            ("event", "library.AnnouncedEpisode"),
            ("rss_feed", "library.CalendarFeed"),
        ),
    ),
    (
        "Providers",
        (
            ("traffic", "providers.ProviderStatus"),
            ("lan", "providers.RequestLog"),
            ("bar_chart", "providers.RequestHour"),
        ),
    ),
    (
        "Integrations",
        (
            ("live_tv", "media_servers.MediaServer"),
            ("cast_connected", "media_servers.Notice"),
            ("webhook", "webhooks.Webhook"),
            ("outgoing_mail", "webhooks.Delivery"),
            ("rss_feed", "feeds.ArrivalsFeed"),
            ("travel_explore", "torznab.Lookup"),
            ("library_books", "torznab.KnownSeries"),
            ("download_for_offline", "qbittorrent.ClientTorrent"),
            ("label", "qbittorrent.Category"),
            ("cookie", "qbittorrent.ClientSession"),
            ("move_to_inbox", "moving.ImportRun"),
        ),
    ),
    (
        "System",
        (
            ("notifications", "alerts.Alert"),
            ("history_edu", "audit.Change"),
            ("settings_backup_restore", "configuration.ConfigurationBackup"),
            ("group", "accounts.User"),
            ("groups", "auth.Group"),
            ("key", "accounts.ApiKey"),
            ("passkey", "sign_on.OpenIdAccount"),
            ("tune", "accounts.Preferences"),
            ("dns", "supervisor.Machine"),
            ("memory", "supervisor.Cluster"),
            ("schedule", "django_q.Schedule"),
            ("event_repeat", "library.Timetable"),
            ("update", "downloads.Rescan"),
        ),
    ),
    (
        "Technical",
        (
            ("toggle_on", "downloads.QueueState"),
            ("undo", "downloads.Undo"),
            ("list", "moving.ImportLine"),
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


def _items(request: HttpRequest, models: tuple[tuple[str, str], ...]) -> Iterator[dict[str, Any]]:
    for icon, label in models:
        model = apps.get_model(label)
        page = admin.site.get_model_admin(model) if admin.site.is_registered(model) else None
        if page is None or not page.has_view_permission(request):
            continue
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        yield {"title": capfirst(model._meta.verbose_name_plural), "icon": icon, "link": reverse(name)}


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The side bar: what is there and may be seen."""
    titles = {
        "Queue": _("Queue"),
        "Library": _("Library"),
        "Providers": _("Providers"),
        "Integrations": _("Integrations"),
        "System": _("System"),
        "Technical": _("Technical"),
    }
    first = {"title": _("Overview"), "icon": "dashboard", "link": reverse("admin:index")}
    groups: list[dict[str, Any]] = [{"title": "", "items": [first]}]
    for name, models in GROUPS:
        items = list(_items(request, models))
        if name == "System" and request.user.is_superuser:
            items.append({"title": _("Database backups"), "icon": "database", "link": reverse("admin-backups")})
        if not name:
            groups[0]["items"] += items
        elif items:
            groups.append(
                {"title": titles[name], "separator": True, "collapsible": name == "Technical", "items": items}
            )
    return groups
