"""The queue in the admin. Actions call the same verbs as the API."""

from downloads.admin.attempts import AttemptAdmin
from downloads.admin.items import QueueItemAdmin
from downloads.admin.quarantine import QuarantinedFileAdmin
from downloads.admin.rescans import RescanAdmin
from downloads.admin.switches import QueueStateAdmin, UndoAdmin

__all__ = ["AttemptAdmin", "QuarantinedFileAdmin", "QueueItemAdmin", "QueueStateAdmin", "RescanAdmin", "UndoAdmin"]
