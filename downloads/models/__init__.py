"""The queue: its items with their lease, the attempts made at each, the queue's switches, and what can be undone."""

from downloads.models.attempt import Attempt
from downloads.models.queue_item import Priority, QueueItem
from downloads.models.queue_state import QueueState
from downloads.models.undo import Undo

__all__ = ["Attempt", "Priority", "QueueItem", "QueueState", "Undo"]
