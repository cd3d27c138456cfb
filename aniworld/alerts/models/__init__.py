"""Alerts, the messages they become, and conditions that are told of once."""

from aniworld.alerts.models.alert import Alert, Kind
from aniworld.alerts.models.condition import Condition
from aniworld.alerts.models.delivery import Delivery
from aniworld.alerts.models.digest import Digest

__all__ = ["Alert", "Condition", "Delivery", "Digest", "Kind"]
