"""Finding series at the catalogues and putting them into the library. Only the search asks the network."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from django.db import IntegrityError, connections, transaction
from django.utils.translation import gettext as _

from aniworld.live import publish as live
from aniworld.refusals import Conflict, Invalid, NotThere
from library import bell, naming
from library.models import Series, checked_language_plan
from library.models.series import checked_name, free_folder
from providers import registry
from providers.contracts import SearchResult
from providers.exceptions import NotConfigured, ProviderError
from providers.models import Provider
from providers.monitored import MonitoredCatalogue

log = logging.getLogger(__name__)

# How long a search waits for the slowest catalogue, in seconds.
SEARCH_PATIENCE = 30
# The code of a catalogue that could not be asked at all.
NO_ADDRESS = "no_address"
# Words that stand where a key could stand in an address.
RESERVED_KEYS = frozenset({"search", "add", "rescan", "bulk", "count", "queue", "items", "status"})
_LONGEST_SLUG = 160
_SEASON_OR_EPISODE = re.compile(r"(?i)(staffel|episode|film)-\d+|filme")
_SLUG = re.compile(r"[^\s/\\?#%\x00-\x1f\x7f]+")


class AlreadyThere(Conflict):
    """The series is in the library. `key` names it."""

    code = "already_there"

    def __init__(self, series: Series) -> None:
        super().__init__(_("“%s” is in the library already.") % series)
        self.key = series.key


@dataclass(frozen=True, slots=True)
class Found:
    """A series as a search shows it. `key` is the library's when it is there, else the catalogue's own: `slug`."""

    key: str
    slug: str
    name: str
    link: str
    year: int | None
    description: str
    cover_url: str
    provider: str
    in_library: bool


@dataclass(frozen=True, slots=True)
class Warned:
    """A catalogue that did not answer or could not be asked, and why."""

    provider: str
    message: str
    code: str


@dataclass(frozen=True, slots=True)
class SearchOutcome:
    """What the catalogues found, best first within each, and which of them did not answer."""

    items: list[Found]
    warnings: list[Warned]

    @property
    def unanswered(self) -> list[Warned]:
        """The warnings of catalogues that were asked: what they have is unknown now, and may be known later."""
        return [warned for warned in self.warnings if warned.code != NO_ADDRESS]


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a series is: the catalogue's name, its key there, and its address or again that key."""

    provider: str
    slug: str
    site: str


def search(query: str) -> SearchOutcome:
    """Asks every enabled catalogue at once; one that fails or is too slow becomes a warning. Raises `Invalid`."""
    query = query.strip()
    if not 1 <= len(query) <= 200 or "\0" in query:
        raise Invalid(_("Search for 1 to 200 characters."), "invalid_query")
    results, warnings = _ask_all(query)
    known = _known([(provider, result.slug) for provider, result in results])
    items = [_found(provider, result, known.get((provider, result.slug))) for provider, result in results]
    return SearchOutcome(items, warnings)


def add(
    *,
    link: str = "",
    key: str = "",
    provider: str = "",
    name: str = "",
    monitored: bool = True,
    language_plan: Mapping[str, Any] | None = None,
    download: bool = False,
) -> Series:
    """Puts a series into the library at once, without asking the network, and has it loaded in the background.

    It is named by `link`, or by the catalogue's `key` and `provider` (needed only when several are enabled). A removed
    one is restored. `download` has its missing episodes queued once it is loaded.
    Raises `AlreadyThere` and `Invalid`.
    """
    reference = reference_of(link) if link else _from_key(key, provider)
    wishes: dict[str, Any] = {"monitored": monitored, "download_when_loaded": download}
    if language_plan is not None:
        wishes["language_plan"] = checked_language_plan(language_plan)
    shown = checked_name(name) if name else _name_from(reference.slug)
    for _attempt in range(3):
        try:
            with transaction.atomic():
                return _restored(reference, wishes) or _created(reference, shown, wishes)
        except IntegrityError:
            # Somebody added the same series, or one with the same key or folder, this very moment.
            log.info("Adding %s collided with another addition; trying again", reference.slug)
    raise Conflict(_("The library is being changed right now. Try again."), "busy")


def reload(series: Series, parts: Sequence[str] = (), *, overwrite: bool = False) -> None:
    """Has `parts` loaded anew in the background; without any, what is missing or failed.

    `overwrite` lets it replace NFO files and pictures that somebody else made. Raises `Invalid` and `Conflict`.
    """
    with transaction.atomic():
        series.reload(parts, overwrite=overwrite)
        bell.ring()


def link(series: Series, provider: str, slug: str, site: str) -> None:
    """Says which series of a catalogue one from the disk is, and has it loaded. Its folder and files stay.

    Raises `Invalid`, `Conflict` for one that has a catalogue, and `AlreadyThere` when another one is that series.
    """
    if series.provider:
        raise Conflict(_("“%s” has a catalogue already.") % series, "has_catalogue")
    values = {"provider": provider, "slug": _checked_slug(slug), "site": site.strip()[:1000]}
    same = Series.objects.live().filter(provider=provider, slug=values["slug"]).first()
    if same is not None:
        raise AlreadyThere(same)
    with transaction.atomic():
        series.describe(values)
        reload(series, ("episodes",))


def restore(series: Series) -> bool:
    """Takes a removal back and goes on with its loading. False when it was not removed. Raises `Conflict`."""
    with transaction.atomic():
        restored = series.restore()
        if restored and series.loading_status == Series.Loading.PENDING:
            bell.ring()
    return restored


def find(key: str, *, removed: bool = False) -> Series:
    """The series with that key; removed ones only if asked for. Raises `NotThere`."""
    series = None
    if 0 < len(key) <= 200 and "\0" not in key and key.isprintable():
        series = Series.objects.filter(key=key).first()
    if series is None or (series.deleted_at is not None and not removed):
        raise NotThere(_("There is no series “%s” in the library.") % ascii(key)[1:-1][:80], "unknown_series")
    return series


def slug_of(link: str) -> str:
    """A catalogue's own key of a series, from the address of it, of a season or of an episode. Raises `Invalid`."""
    try:
        path = unquote(urlsplit(link).path)
    except ValueError:
        path = ""
    parts = [part for part in path.split("/") if part and not _SEASON_OR_EPISODE.fullmatch(part)]
    if "stream" in parts[:-1]:
        return _checked_slug(parts[parts.index("stream") + 1])
    return _checked_slug(parts[-1] if parts else "")


def is_slug(text: str) -> bool:
    """Whether it could be a catalogue's own key of a series."""
    fits = _SLUG.fullmatch(text) is not None and len(text) <= _LONGEST_SLUG
    return fits and text.strip(".") != "" and text.isprintable()


def _ask_all(query: str) -> tuple[list[tuple[str, SearchResult]], list[Warned]]:
    catalogues = registry.enabled_catalogues()
    found: list[tuple[str, SearchResult]] = []
    warnings = [_without_address(row) for row in registry.without_address()]
    if not catalogues:
        return found, warnings
    pool = ThreadPoolExecutor(min(len(catalogues), 8), thread_name_prefix="search")
    asked = {pool.submit(_ask, catalogue, query): catalogue for catalogue in catalogues}
    wait(asked, timeout=SEARCH_PATIENCE)
    # Who is late is left to end alone.
    pool.shutdown(wait=False, cancel_futures=True)
    for future, catalogue in asked.items():
        answer = _answer(catalogue.name, future)
        if isinstance(answer, Warned):
            warnings.append(answer)
        else:
            found.extend((catalogue.name, result) for result in answer)
    return found, warnings


def _without_address(row: Provider) -> Warned:
    text = _("It has no address yet; an administrator enters it in the admin under Providers.")
    return Warned(row.name, text, NO_ADDRESS)


def _ask(catalogue: MonitoredCatalogue, query: str) -> list[SearchResult]:
    try:
        return catalogue.search(query)
    finally:
        connections.close_all()


def _answer(provider: str, future: Future[list[SearchResult]]) -> list[SearchResult] | Warned:
    if not future.done() or future.cancelled():
        return Warned(provider, _("No answer within %d seconds.") % SEARCH_PATIENCE, "timed_out")
    error = future.exception()
    if isinstance(error, ProviderError):
        return Warned(provider, str(error), error.code)
    if error is not None:
        log.error("The search at %s failed", provider, exc_info=error)
        return Warned(provider, _("The search failed; the log tells why."), "internal_error")
    return future.result()


def _known(slugs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    rows = Series.objects.live().filter(slug__in={slug for _provider, slug in slugs})
    return {(provider, slug): key for provider, slug, key in rows.values_list("provider", "slug", "key")}


def _found(provider: str, result: SearchResult, key: str | None) -> Found:
    return Found(
        key=key or result.slug,
        slug=result.slug,
        name=result.name,
        link=result.link,
        year=result.year,
        description=result.description,
        cover_url=result.cover_url,
        provider=provider,
        in_library=key is not None,
    )


def reference_of(link: str) -> Reference:
    """Which series of an enabled catalogue an address names. Raises `Invalid`."""
    link = checked_link(link)
    catalogue = registry.catalogue_for_link(link)
    if catalogue is None:
        raise nobody_knows(link)
    return reference_at(catalogue, link)


def reference_at(catalogue: MonitoredCatalogue, link: str) -> Reference:
    """The same for a catalogue that is known to take the link."""
    return Reference(catalogue.name, _checked_slug(catalogue.key_of(link) or slug_of(link)), link)


def checked_link(link: str) -> str:
    """An address as it is asked for. Raises `Invalid` for what can't be one of a series."""
    link = link.strip()
    if len(link) > 1000 or not link.isprintable():
        raise Invalid(_("No enabled catalogue knows this link."), "unknown_link")
    return link


def nobody_knows(link: str) -> Invalid:
    """Which catalogue an administrator would have to switch on, where that can be told from the link."""
    row = registry.switched_off_for_link(link)
    if row is None:
        return Invalid(_("No enabled catalogue knows this link."), "unknown_link")
    text = _("This link belongs to %s, which is switched off. Once an administrator adds it, it is switched on.")
    return Invalid(text % row.display_name, "catalogue_off")


def _from_key(key: str, provider: str) -> Reference:
    slug = _checked_slug(key)
    if not provider:
        names = [catalogue.name for catalogue in registry.enabled_catalogues()]
        if len(names) != 1:
            raise Invalid(_("Say which catalogue: %s.") % (", ".join(names) or _("none is enabled")), "provider_needed")
        return Reference(names[0], slug, slug)
    try:
        return Reference(registry.catalogue(provider).name, slug, slug)
    except NotConfigured as error:
        raise Invalid(str(error), "not_configured") from None


def _checked_slug(slug: str) -> str:
    slug = slug.strip()
    if not is_slug(slug):
        raise Invalid(_("This does not name a series of a catalogue."), "invalid_key")
    return slug


def _name_from(slug: str) -> str:
    return " ".join(word.capitalize() for word in re.split(r"[-_+]+", slug) if word) or slug


def _restored(reference: Reference, wishes: Mapping[str, Any]) -> Series | None:
    """The same series when it was removed earlier, back in the library. Raises `AlreadyThere`."""
    same = Series.objects.filter(provider=reference.provider, slug=reference.slug)
    living = same.live().first()
    if living is not None:
        raise AlreadyThere(living)
    series = same.order_by("-deleted_at").first()
    if series is None or not series.restore():
        return None
    series.describe(wishes)
    reload(series)
    return series


def _created(reference: Reference, name: str, wishes: Mapping[str, Any]) -> Series:
    series = Series.objects.create(
        key=_free_key(reference),
        name=name,
        provider=reference.provider,
        slug=reference.slug,
        site=reference.site,
        folder=free_folder(naming.series_folder(name, None)),
        folder_provisional=True,
        **wishes,
    )
    live.publish("series_added", series.added_event())
    bell.ring()
    return series


def _free_key(reference: Reference) -> str:
    """The slug, or with the catalogue's name behind it when it is taken or reserved."""
    key, number = reference.slug, 1
    if key.lower() in RESERVED_KEYS or Series.objects.filter(key=key).exists():
        key = with_provider = f"{reference.slug}-{reference.provider}"
        while Series.objects.filter(key=key).exists():
            number += 1
            key = f"{with_provider}-{number}"
    return key
