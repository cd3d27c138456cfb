"""What administrators change of providers, written into the log of changes whichever way it is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aniworld import audit
from providers import chain, forgiving, health, installed
from providers.configured import Configured
from providers.contracts import Language
from providers.models import Provider, ProviderStatus

_OWN = tuple(Configured.model_fields)
_CHECKING = ("is_enabled", "check_interval", "max_consecutive_failures")
_SECRETS = ("custom_headers", "custom_params")
Facts = dict[str, Any]


@contextmanager
def recorded(row: Provider, *, by: str, via: str, action: str = "changed") -> Iterator[None]:
    """Writes down what is different of the provider after the block: nothing, if nothing is.

    `by` is a user's name, "" for a command; `via` as `audit.record` has it.
    """
    with audit.compared(lambda: _facts(_loaded().get(pk=row.pk)), by, via, action, f"provider {row}", _SECRETS):
        yield


def switch_on(row: Provider, *, by: str, via: str) -> None:
    """Lets a catalogue be asked from now on; one without an address where most people use it. Raises `Conflict`."""
    with recorded(row, by=by, via=via, action="switched on"):
        site = installed.usual_site(row.name)
        if site and row.lacks_address:
            row.change(base_url=site)
        row.enable()


def reset(row: Provider, *, by: str, via: str) -> None:
    """Forgives its failures and forgets its figures."""
    forgiving.reset(row)
    audit.record(by, via, "reset", f"provider {row}")


def reset_figures(row: Provider, *, by: str, via: str) -> None:
    """Forgets what was measured of it."""
    health.reset(row.name)
    audit.record(by, via, "reset the figures", f"provider {row}")


@contextmanager
def import_recorded(*, by: str, via: str) -> Iterator[None]:
    """The same for all providers at once."""
    with audit.compared(_of_all, by, via, "imported", "providers", _SECRETS):
        yield


@contextmanager
def chain_recorded(language: Language | str | None, *, by: str, via: str) -> Iterator[None]:
    """The same for the order of the hosts of a language, or of all languages."""
    wanted = Language(language) if language else None
    of = f" for {wanted}" if wanted else ""
    with audit.compared(lambda: {"order": _order(wanted)}, by, via, "changed", f"order of hosts{of}"):
        yield


def _loaded() -> Any:
    return Provider.objects.select_related("status_record")


def _facts(row: Provider) -> Facts:
    record: ProviderStatus | None = getattr(row, "status_record", None)
    checking = {name: getattr(record, name) for name in _CHECKING} if record else {}
    return {**{name: getattr(row, name) for name in _OWN}, **checking}


def _of_all() -> Facts:
    return {f"{row.name}: {name}": value for row in _loaded() for name, value in _facts(row).items()}


def _order(language: Language | None) -> list[str]:
    return [place.name for place in chain.chain_of(language, as_configured=True) if place.included]
