"""What the page of the providers shows of each one, and of the order in which hosts are tried."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Case, Value, When
from django.utils.translation import gettext_lazy as _

from downloads import failovers
from downloads.failovers import Figures
from providers import chain, checking, gone_links, health, last_day
from providers.chain import Place
from providers.contracts import Language
from providers.health import HealthRecord
from providers.judging import NO_LINKS, Links
from providers.last_day import HourOfDay
from providers.lights import Light, light_of
from providers.lookup import state_of
from providers.models import Provider, ProviderStatus

# It answers, and so it is active; but nothing came from it.
GONE = Light("gone", _("Links gone"), "circle-alert")
# From so many on it is told when each of a day's links was gone: a single one says nothing of its host.
_GONE_FROM = 3


@dataclass(frozen=True)
class Card:
    """One provider: its row, light, state, figures since the last reset, and the hours of the last day."""

    provider: Provider
    light: Light
    state: ProviderStatus
    health: HealthRecord
    hours: list[HourOfDay]
    links: Links = NO_LINKS
    last_error: str = ""

    @cached_property
    def cannot_be_tested(self) -> str:
        """Why its check has nothing to ask; empty when it has."""
        return checking.why_not(self.provider)

    @property
    def shown_light(self) -> Light:
        """The light; of one that is called active although each of its last links was gone, that."""
        return GONE if self.light.word == "active" and self.has_lost_links else self.light

    @property
    def has_lost_links(self) -> bool:
        """Whether each link of the last day was gone."""
        return self.links.asked >= _GONE_FROM and self.links.gone == self.links.asked

    @property
    def speed(self) -> float | None:
        """Bytes per second, the mean of its languages."""
        known = self.health.throughput.values()
        return sum(known) / len(known) if known else None

    @property
    def has_hours(self) -> bool:
        """Whether requests of more than one hour can be compared: a single bar would be no chart."""
        return sum(hour.requests > 0 for hour in self.hours) > 1

    @property
    def has_times(self) -> bool:
        """Whether two hours or more have a response time, so that there is a line to draw."""
        return sum(hour.average_response_time_ms is not None for hour in self.hours) > 1

    @property
    def has_failed(self) -> bool:
        """Whether its message is of a failure; one that can't be checked at all has failed at nothing."""
        return bool(self.state.error_message) and self.light.word != "unknown"

    @cached_property
    def is_untried(self) -> bool:
        """Whether nothing is known of it: its check has nothing to ask, and nothing was downloaded from it yet."""
        return not self.health.total_requests and checking.is_untried(self.provider)

    @property
    def rests(self) -> bool:
        """Whether its breaker keeps requests away until a time that is known."""
        return self.provider.enabled and self.state.is_open and self.state.open_until is not None


@dataclass(frozen=True, slots=True)
class Step:
    """A host's place in the chain, its light, and what its attempts came to."""

    place: Place
    light: Light | None
    figures: Figures
    is_untried: bool


def cards(rows: list[Provider], figures: dict[str, Figures]) -> dict[str, list[Card]]:
    """The cards of both kinds, in a constant number of queries."""
    records, hours, links = health.of_all(), last_day.of_all(), gone_links.read()
    found: dict[str, list[Card]] = {kind: [] for kind in Provider.Kind.values}
    for row in rows:
        record = records.get(row.name, HealthRecord())
        lost, last = links.get(row.name, NO_LINKS), figures.get(row.name, Figures()).last_error
        card = Card(row, light_of(row), state_of(row), record, hours.get(row.pk, []), lost, last)
        found[row.kind].append(card)
    return found


def steps(hosts: list[Card], figures: dict[str, Figures], language: Language | None) -> list[Step]:
    """The chain of a language, of all without one."""
    lights = {card.provider.name: card.shown_light for card in hosts}
    untried = {card.provider.name for card in hosts if card.provider.enabled and card.is_untried}
    return [
        Step(place, lights.get(place.name), figures.get(place.name, Figures()), place.name in untried)
        for place in chain.chain_of(language)
    ]


def shown(language: Language | None) -> dict[str, Any]:
    """Everything the page needs. Those that are used come first."""
    used_first = Case(When(enabled=True, then=Value(0)), default=Value(1))
    rows = list(Provider.objects.select_related("status_record").order_by(used_first, "priority", "display_name"))
    figures = failovers.figures()
    found = cards(rows, figures)
    return {
        "catalogues": found[Provider.Kind.CATALOGUE],
        "hosts": found[Provider.Kind.HOST],
        "steps": steps(found[Provider.Kind.HOST], figures, language),
        "language": language or "",
        "languages": list(Language),
    }
