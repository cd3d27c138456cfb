"""The queue: its items with their lease, the attempts at each, what failed its check, the switches, and undos."""

from downloads.models.attempt import Attempt
from downloads.models.priority import Priority
from downloads.models.quarantined_file import QuarantinedFile
from downloads.models.queue_item import QueueItem
from downloads.models.queue_state import QueueState
from downloads.models.rescan import Rescan
from downloads.models.undo import Undo

__all__ = ["Attempt", "Priority", "QuarantinedFile", "QueueItem", "QueueState", "Rescan", "Undo"]
