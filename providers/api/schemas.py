"""What callers of the providers' API send, and what they get."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from aniworld.accounts.schemas import CheckInterval
from providers.health_history import MOST_HOURS

Failures = Annotated[int, Field(ge=1, le=1000, description="Failed checks in a row that make it down.")]
Hours = Annotated[int, Field(ge=1, le=MOST_HOURS)]


class Strict(Schema):
    """A body in which an unknown name is an error."""

    model_config = ConfigDict(extra="forbid")


class CheckingIn(Strict):
    """How it is checked; what is not named stays."""

    is_enabled: bool = True
    check_interval: CheckInterval = 60
    max_consecutive_failures: Failures = 3


class IntervalIn(Strict):
    """The user's own interval; null takes it away."""

    interval: CheckInterval | None


class IntervalOut(Schema):
    """The user's own interval in minutes, null without one."""

    interval: int | None


class ProviderOut(Schema):
    """A provider in short. `light` is what its status light shows."""

    name: str
    display_name: str
    kind: str
    status: str
    light: str
    enabled: bool
    usable: bool
    priority: int
    breaker: str
    open_until: datetime | None


class BestOut(ProviderOut):
    """The best provider, its score from 0 to 1, and why."""

    score: float
    reason: str


class ProviderStatusOut(Schema):
    """A status record."""

    provider_id: str
    provider_name: str
    provider_url: str | None
    status: str
    last_check: datetime | None
    response_time: float | None
    error_message: str | None
    consecutive_failures: int
    total_checks: int
    successful_checks: int
    uptime_percentage: float | None
    is_enabled: bool
    check_interval: int
    max_consecutive_failures: int
    breaker: str
    breaker_level: int
    open_until: datetime | None


class ConfigOut(Schema):
    """A provider's own configuration, and in `effective` what is in force with the defaults filled in.

    Values of `custom_headers` and `custom_params` may be secrets: only administrators see them, others see `***`.
    """

    name: str
    display_name: str
    kind: str
    enabled: bool
    priority: int
    base_url: str
    timeout_seconds: int | None
    max_retries: int | None
    retry_delay: float | None
    max_concurrent_downloads: int | None
    bandwidth_limit_mbps: float | None
    requests_per_minute: int | None
    custom_headers: dict[str, str]
    custom_params: dict[str, str]
    effective: dict[str, float | int | None]


class HealthOut(Schema):
    """What a provider's requests came to. Times are milliseconds, `throughput` bytes per second by language."""

    name: str
    total_requests: int
    successful_requests: int
    failed_requests: int
    success_rate: float | None
    average_response_time_ms: float | None
    p95_response_time_ms: float | None
    consecutive_failures: int
    total_bytes_downloaded: int
    throughput: dict[str, float]
    uptime_percentage: float | None
    last_error: str | None
    last_error_time: datetime | None
    last_check: datetime | None


class HealthPointOut(Schema):
    """One stretch of a chart, from `time` on."""

    time: datetime
    requests: int
    successful: int
    success_rate: float | None
    average_response_time_ms: float | None
    p95_response_time_ms: float | None
    bytes: int
    throughput: float | None
    uptime_percentage: float | None


class ImportedOut(Schema):
    """What an import did. `skipped` are names that no provider here has."""

    imported: int
    changed: list[str]
    skipped: list[str]


Unknown = Literal["refuse", "skip"]
