"""What an operator may say of a provider, with its bounds: for the API, and for files of a whole set."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from aniworld.api_types import Line, Number
from providers.exceptions import AddressRefused
from providers.http.transport import check_address
from providers.models.provider import BOUNDS, is_plain


def _reachable(address: str) -> str:
    """Which of the two a provider takes is its own to say: an address on the network, or a path of this machine."""
    try:
        if not address.startswith("/") and address:
            check_address(address)
    except AddressRefused as error:
        raise ValueError(str(error)) from None
    return address


def _sendable(given: dict[str, str]) -> dict[str, str]:
    if not is_plain(given):
        raise ValueError("names and values must be plain lines of text")
    return given


def _limit(name: str) -> Any:
    least, most = BOUNDS[name]
    return Field(None, ge=least, le=most, description="Null: the default of the configuration.")


Address = Annotated[Line, Field(max_length=500), AfterValidator(_reachable)]
Sent = Annotated[dict[str, str], Field(max_length=100), AfterValidator(_sendable)]


class Configured(BaseModel):
    """Changes to a provider: what is named is set, the rest stays. Unknown names are refused."""

    model_config = ConfigDict(extra="forbid")

    enabled: bool = True
    priority: Number = 100
    base_url: Annotated[Address, Field(description="Empty: the usual address, if there is one.")] = ""
    timeout_seconds: int | None = _limit("timeout_seconds")
    max_retries: int | None = _limit("max_retries")
    retry_delay: float | None = _limit("retry_delay")
    max_concurrent_downloads: int | None = _limit("max_concurrent_downloads")
    bandwidth_limit_mbps: float | None = _limit("bandwidth_limit_mbps")
    requests_per_minute: int | None = _limit("requests_per_minute")
    custom_headers: Sent = {}
    custom_params: Sent = {}

    def named(self) -> dict[str, Any]:
        """What the sender named, as fields of `Provider`."""
        return self.model_dump(include=self.model_fields_set & Configured.model_fields.keys())
