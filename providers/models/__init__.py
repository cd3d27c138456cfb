"""Providers, what is known of their health, the log behind it, and their places in the chain."""

from providers.models.chain_place import ChainPlace
from providers.models.provider import Provider, Rules
from providers.models.request_log import RequestHour, RequestLog
from providers.models.status import INTERVALS, ProviderStatus

__all__ = ["INTERVALS", "ChainPlace", "Provider", "ProviderStatus", "RequestHour", "RequestLog", "Rules"]
