"""What managers had downloaded: their torrents, categories and sessions."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import TabularInline
from unfold.decorators import display

from aniworld.accounts.models import User
from aniworld.admin_pages.confirming import confirmed
from aniworld.admin_pages.pages import Page, ReadOnly
from aniworld.audit.recording import Recorded
from aniworld.templatetags.quantities import ago, size
from integrations.qbittorrent import places, working
from integrations.qbittorrent.models import Category, ClientPart, ClientSession, ClientTorrent
from integrations.qbittorrent.models.torrent import ClientTorrentQuerySet
from integrations.qbittorrent.states import Progress, progress_of

_Stage = ClientTorrent.Stage
_LIGHTS = {
    _Stage.RESOLVING: "info",
    _Stage.QUEUED: "info",
    _Stage.ARRIVED: "info",
    _Stage.READY: "success",
    _Stage.FAILED: "danger",
    _Stage.MISSING: "danger",
}


class PartInline(TabularInline):
    model = ClientPart
    extra = 0
    can_delete = False
    fields = ("title", "episode", "item", "is_own", "file", "size")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ClientPart]:
        rows: QuerySet[ClientPart] = super().get_queryset(request)
        return rows.select_related("episode__series", "item__series", "item__episode")


@admin.register(ClientTorrent)
class ClientTorrentAdmin(Recorded, ReadOnly):
    about = _(
        "What Sonarr and the like have downloaded here. For them each is a torrent; here it is items of the queue, and "
        "files in the library that are handed over under the name of the release."
    )
    when_empty = _("Nothing was grabbed. The download client is switched on in the configuration, “Media managers”.")
    live_rooms = ("downloads",)
    list_display = ("name", "added", "stage_shown", "told", "share", "amount", "category", "added_by")
    list_filter = ("stage", "category", "language")
    search_fields = ("name", "info_hash", "slug")
    date_hierarchy = "created_at"
    list_select_related = ("added_by",)
    fields = ("name", "info_hash", "series", "stage_shown", "told", "share", "amount", "category", "tags", "language",
              "added_by", "created_at", "completed_at", "seen_at")  # fmt: skip
    readonly_fields = fields
    inlines = (PartInline,)
    actions = ("start", "stop", "forget", "forget_with_files")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ClientTorrent]:
        rows: ClientTorrentQuerySet = super().get_queryset(request)
        return rows.with_items("series", "episode")

    @display(description=_("added"), ordering="created_at")
    def added(self, torrent: ClientTorrent) -> str:
        return ago(torrent.created_at)

    @display(description=_("state"), ordering="stage", label=_LIGHTS)
    def stage_shown(self, torrent: ClientTorrent) -> tuple[str, str]:
        return torrent.stage, torrent.get_stage_display()

    @display(description=_("as the other side sees it"))
    def told(self, torrent: ClientTorrent) -> str:
        far = _far(torrent)
        return f"{far.state}: {far.reason}" if far.reason else far.state

    @display(description=_("done"))
    def share(self, torrent: ClientTorrent) -> str:
        return f"{100 * _far(torrent).share:.0f} %"

    @display(description=_("size"))
    def amount(self, torrent: ClientTorrent) -> str:
        return size(_far(torrent).size)

    @display(description=_("folder there"))
    def seen_at(self, torrent: ClientTorrent) -> str:
        return places.seen(torrent.place) if torrent.place else "–"

    @admin.action(description=_("Go on, or begin anew"), permissions=("act",))
    def start(self, request: HttpRequest, rows: QuerySet[ClientTorrent]) -> None:
        self.for_each(
            request, rows, lambda torrent: working.start(_only(torrent)),
            lambda count: ngettext("%d goes on.", "%d go on.", count) % count,
        )  # fmt: skip

    @admin.action(description=_("Stop"), permissions=("act",))
    def stop(self, request: HttpRequest, rows: QuerySet[ClientTorrent]) -> None:
        self.for_each(
            request, rows, lambda torrent: working.stop(_only(torrent)),
            lambda count: ngettext("%d is stopped.", "%d are stopped.", count) % count,
        )  # fmt: skip

    @admin.action(description=_("Delete, and leave what was handed over"), permissions=("act",))
    @confirmed(_("What of it is under way is cancelled."))
    def forget(self, request: HttpRequest, rows: QuerySet[ClientTorrent]) -> None:
        self._delete(request, rows, with_files=False)

    @admin.action(description=_("Delete with what was handed over"), permissions=("act",))
    @confirmed(_("What of it is under way is cancelled. Files of the library go only where that is configured."))
    def forget_with_files(self, request: HttpRequest, rows: QuerySet[ClientTorrent]) -> None:
        self._delete(request, rows, with_files=True)

    def _delete(self, request: HttpRequest, rows: QuerySet[ClientTorrent], *, with_files: bool) -> None:
        by = request.user
        if not isinstance(by, User):
            return
        self.for_each(
            request, list(rows), lambda torrent: working.delete(_only(torrent), with_files=with_files, by=by),  # type: ignore[arg-type]  # rows that are read before they go
            lambda count: ngettext("%d is deleted.", "%d are deleted.", count) % count,
        )  # fmt: skip


@admin.register(Category)
class CategoryAdmin(Recorded, Page):
    about = _("What managers sort their downloads by. Each has a folder of its name for what is handed over.")
    when_empty = _("None yet: a manager makes its own when it is connected.")
    list_display = ("name", "folder", "created_at")
    search_fields = ("name",)
    fields = ("name",)

    @display(description=_("folder there"))
    def folder(self, row: Category) -> str:
        return places.seen(places.of_category(row.name))


@admin.register(ClientSession)
class ClientSessionAdmin(Recorded, ReadOnly):
    about = _("Managers that signed in with an API key. Deleting one makes it sign in again.")
    when_empty = _("Nobody is signed in with an API key.")
    list_display = ("api_key", "owner", "active", "expires_at")
    search_fields = ("api_key__name",)
    list_select_related = ("api_key__user",)
    fields = ("api_key", "owner", "last_activity", "expires_at")
    readonly_fields = fields

    @display(description=_("user"))
    def owner(self, row: ClientSession) -> str:
        return str(row.api_key.user)

    @display(description=_("last active"), ordering="last_activity")
    def active(self, row: ClientSession) -> str:
        return ago(row.last_activity)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It signs in again."""
        return self.has_act_permission(request)


def _only(torrent: ClientTorrent) -> ClientTorrentQuerySet:
    return ClientTorrent.objects.filter(pk=torrent.pk)


def _far(torrent: ClientTorrent) -> Progress:
    return progress_of(torrent, list(torrent.parts.all()), timezone.now())
