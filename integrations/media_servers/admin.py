"""Media servers in the admin: who is told, how that goes, and a test."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from aniworld.admin_pages.filters import chosen_row
from aniworld.admin_pages.forms import WriteOnly
from aniworld.admin_pages.links import to_list
from aniworld.audit.recording import Recorded
from integrations.admin.receiver_pages import LogPage, ReceiverPage
from integrations.media_servers import telling
from integrations.media_servers.models import MediaServer, Notice, key_wanted


class MediaServerForm(WriteOnly):
    """Its key is never shown again."""

    secrets = ("secret",)

    class Meta:
        model = MediaServer
        fields = ("name", "kind", "address", "username", "secret", "library_folder", "enabled")

    def clean(self) -> dict[str, Any]:
        """As the API: a key that was entered for one server is not sent to another."""
        cleaned = super().clean()
        address = cleaned.get("address") or self.instance.address
        if not self.data.get(self.add_prefix("secret")) and self.instance.would_hand_out_key(address):
            self.add_error("secret", key_wanted())
        return cleaned


@admin.register(MediaServer)
class MediaServerAdmin(Recorded, ReceiverPage):
    about = _("Jellyfin, Emby, Plex and Kodi are told at once in which folder something came, changed or went.")
    when_empty = _("Add your media server, and test it: select it, and choose “Test”.")
    form = MediaServerForm
    try_out = telling.try_out
    list_display = ("name", "kind", "address", "state", "succeeded", "failed", "why", "log")
    list_filter = ("kind", "enabled")
    fields = MediaServerForm.Meta.fields

    @display(description=_("shows"))
    def log(self, row: MediaServer) -> SafeString:
        return to_list("media_servers_notice", _("Calls"), receiver=row.pk)


@admin.register(Notice)
class NoticeAdmin(Recorded, LogPage):
    about = _("What media servers were told, and will be: one call for a folder and minute.")
    when_empty = _("Once a media server is entered, every change of the library is told of here.")
    list_display = ("made", "to", "folder_shown", "change", "state_shown", "attempts", "next_try", "why")
    list_filter = ("state", chosen_row("receiver", "receiver", "media_servers.MediaServer", _("media server")))
    search_fields = ("folder", "receiver__name")
    fields = ("receiver", "folder", "change", "state", "attempts", "next_attempt_at", "sent_at", "reason", "created_at")
    readonly_fields = fields

    @display(description=_("folder"), ordering="folder")
    def folder_shown(self, row: Notice) -> str:
        return str(row)
