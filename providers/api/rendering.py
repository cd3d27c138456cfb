"""How providers look to API callers."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from providers.health import HealthRecord
from providers.lights import light_of
from providers.lookup import state_of
from providers.models import Provider

_MASK = "***"
_OWN = (
    "enabled",
    "priority",
    "base_url",
    "timeout_seconds",
    "max_retries",
    "retry_delay",
    "max_concurrent_downloads",
    "bandwidth_limit_mbps",
    "requests_per_minute",
)


def summary(row: Provider) -> dict[str, Any]:
    """A provider in short."""
    record = state_of(row)
    return {
        "name": row.name,
        "display_name": row.display_name,
        "kind": row.kind,
        "status": record.status,
        "light": light_of(row).word,
        "enabled": row.enabled,
        "usable": row.is_usable,
        "priority": row.priority,
        "breaker": record.breaker,
        "open_until": record.open_until,
    }


def config(row: Provider, *, with_secrets: bool) -> dict[str, Any]:
    """The configuration. Headers and parameters may be secrets, so that only their names are told to most."""
    own = {name: getattr(row, name) for name in ("name", "display_name", "kind", *_OWN)}
    sent = {name: _shown(getattr(row, name), with_secrets) for name in ("custom_headers", "custom_params")}
    return {**own, **sent, "effective": asdict(row.rules())}


def _shown(values: object, with_secrets: bool) -> dict[str, str]:
    known = values if isinstance(values, dict) else {}
    return {str(name): str(value) if with_secrets else _MASK for name, value in known.items()}


def health(name: str, record: HealthRecord) -> dict[str, Any]:
    """One provider's metrics."""
    return {**asdict(record), "name": name, "last_error": record.last_error or None}
