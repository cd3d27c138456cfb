"""Providers, their state and their requests in the admin. Actions call the same verbs as the API."""

from providers.admin.provider import ProviderAdmin
from providers.admin.records import ProviderStatusAdmin, RequestHourAdmin, RequestLogAdmin

__all__ = ["ProviderAdmin", "ProviderStatusAdmin", "RequestHourAdmin", "RequestLogAdmin"]
