"""Series by their pasted links. A link finds its catalogue by itself, also one that is switched off.

What is switched off is asked for nobody but an administrator: where this program goes is theirs to decide. It is looked
up there first, and only a link that leads to a series there switches its catalogue on when that is added.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from aniworld.accounts.models import User
from aniworld.refusals import Invalid
from library import catalog
from library.catalog import SEARCH_PATIENCE, Found, Reference, SearchOutcome, Warned
from library.models import Series
from providers import changes, registry
from providers.contracts import SeriesDetails
from providers.exceptions import ProviderError
from providers.models import Provider
from providers.monitored import MonitoredCatalogue
from providers.time_limit import within

# The code of what is said of a catalogue that is switched off.
OFF = "catalogue_off"
_SCHEMES = ("http://", "https://", "file://")


@dataclass(frozen=True, slots=True)
class Place:
    """Which series a link names, and the catalogue that it would switch on; None for one that is on."""

    reference: Reference
    catalogue: MonitoredCatalogue
    switched_off: Provider | None

    @property
    def series(self) -> Series | None:
        """The library's, where it is there already."""
        named = self.reference
        return Series.objects.live().filter(provider=named.provider, slug=named.slug).first()


def is_link(text: str) -> bool:
    """Whether somebody pasted an address instead of a title."""
    return text.strip().startswith(_SCHEMES)


def place_of(link: str, *, is_administrator: bool) -> Place:
    """Where a link leads; asks nobody. Raises `Invalid` for one that no catalogue knows, or none that may be asked."""
    link, row = catalog.checked_link(link), None
    catalogue = registry.catalogue_for_link(link)
    if catalogue is None and is_administrator:
        row = registry.switched_off_for_link(link, of_any_site=True)
        catalogue = registry.although_off(row) if row else None
    if catalogue is None:
        raise catalog.nobody_knows(link)
    return Place(catalog.reference_at(catalogue, link), catalogue, row)


def look_up(link: str, *, is_administrator: bool) -> SearchOutcome:
    """The series behind a link, as a search finds it. Raises `Invalid`."""
    place = place_of(link, is_administrator=is_administrator)
    warnings = [_will_be_on(place.switched_off)] if place.switched_off else []
    try:
        details = _details(place)
    except ProviderError as error:
        return SearchOutcome([], [Warned(place.catalogue.name, str(error), error.code)])
    return SearchOutcome([_found(place, details)], warnings)


def open_catalogue(link: str, *, by: User | None, via: str) -> str:
    """Has the catalogue of a link that is about to be added switched on; answers what it is called, "" for one that is.

    `by` nobody is who works at the machine itself; `via` as `audit.record` has it. Raises `Invalid`, also when the
    catalogue knows no such series: it stays off then. Raises `AlreadyThere`.
    """
    place = place_of(link, is_administrator=by is None or by.is_staff)
    if place.switched_off is None:
        return ""
    there = place.series
    if there is not None:
        raise catalog.AlreadyThere(there)
    try:
        _details(place)
    except ProviderError as error:
        raise Invalid(_nothing_there(place.catalogue, error), error.code) from None
    row = Provider.objects.get(pk=place.switched_off.pk)
    changes.switch_on(row, by=by.get_username() if by else "", via=via)
    return row.display_name


def _details(place: Place) -> SeriesDetails:
    name = f"look-up-{place.catalogue.name}"
    return within(SEARCH_PATIENCE, lambda: place.catalogue.details(place.reference.site), name)


def _nothing_there(catalogue: MonitoredCatalogue, error: ProviderError) -> str:
    facts = {"catalogue": catalogue.display_name, "reason": error}
    if catalogue.takes_any_link:
        return _("No enabled catalogue knows this link, and %(catalogue)s makes nothing of it: %(reason)s") % facts
    return _("It could not be looked up at %(catalogue)s, which stays switched off: %(reason)s") % facts


def _will_be_on(row: Provider) -> Warned:
    return Warned(row.name, _("%s is switched off. Adding the series switches it on.") % row.display_name, OFF)


def _found(place: Place, details: SeriesDetails) -> Found:
    there = place.series
    return Found(
        key=there.key if there else place.reference.slug,
        slug=place.reference.slug,
        name=details.name,
        link=place.reference.site,
        year=details.year,
        description=details.description,
        cover_url=details.cover_url,
        provider=place.catalogue.name,
        in_library=there is not None,
    )
