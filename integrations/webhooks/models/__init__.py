"""Webhooks, and what each of them was or is to be sent."""

from integrations.webhooks.models.delivery import Delivery
from integrations.webhooks.models.webhook import Webhook

__all__ = ["Delivery", "Webhook"]
