"""Looks up what an import brings, which changes nothing: first its lines come into being, then each is looked up."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from aniworld.refusals import Refused
from integrations.moving import foreign, sonarr
from integrations.moving.models import ImportLine, ImportRun
from library import candidates, catalog
from library.catalog import Found, Warned
from library.metadata import matching
from library.models import Series
from library.models.series import checked_language_plan
from providers import registry
from providers.contracts import Language
from providers.exceptions import ProviderError

log = logging.getLogger(__name__)

State = ImportLine.State
_MOST_CANDIDATES = 10
# Of the titles that the other side knows, so many are searched for.
_MOST_TITLES = 4
_WORTH_SHOWING = 0.4
# Of how many candidates the catalogue is asked for an id, where titles do not decide.
_ASKED_FOR_IDS = 3


def gather(run: ImportRun) -> None:
    """Writes the lines of a run that has none yet, all at once or not at all. Raises `Refused`."""
    if run.kind == ImportRun.Kind.SONARR:
        lines = [_of_show(show) for show in sonarr.shows(run.place, run.api_key)]
    elif run.kind == ImportRun.Kind.FOLDER:
        language = str(run.options.get("language") or Language.GERMAN_DUB)
        plan = foreign.Plan(foreign.checked_root(run.place), language, run.hold)
        lines = [_of_file(planned) for planned in plan.lines()]
    else:
        lines = []
    with transaction.atomic():
        run.note_gathered()
        write_lines(run, lines)


def write_lines(run: ImportRun, lines: Iterable[ImportLine]) -> None:
    """In the caller's transaction, numbered in their order."""
    numbered = list(lines)
    for number, line in enumerate(numbered, start=1):
        line.run, line.number = run, number
    ImportLine.objects.bulk_create(numbered, batch_size=200)


def of_row(row: Mapping[str, str]) -> ImportLine:
    """A line of a list of links or titles, not looked up yet."""
    text = row.get("link") or row.get("title", "")
    return ImportLine(text=text[:1000], facts={name: value[:1000] for name, value in row.items()})


def look(line: ImportLine) -> None:
    """Looks one line up. Raises nothing of what the outside does."""
    if line.facts.get("link"):
        _look_at_link(line, str(line.facts["link"]))
    else:
        _look_for_title(line)


def target_of(provider: str, slug: str) -> str:
    """What tells series apart."""
    return f"{provider}:{slug}"


def _of_show(show: sonarr.Show) -> ImportLine:
    facts = {
        "title": show.titles[0], "titles": list(show.titles[1:]), "year": show.year, "monitored": show.monitored,
        "tvdb_id": show.tvdb_id, "tmdb_id": show.tmdb_id, "imdb_id": show.imdb_id,
    }  # fmt: skip
    return ImportLine(text=show.titles[0], facts=facts)


def _of_file(planned: foreign.Planned) -> ImportLine:
    return ImportLine(
        text=planned.text,
        state=planned.state,
        reason=planned.reason[:500],
        target=planned.target[:1000],
        series_key=planned.series_key,
        facts=planned.facts,
    )


def _look_at_link(line: ImportLine, link: str) -> None:
    try:
        reference = catalog.reference_of(link)
    except Refused as refusal:
        # A catalogue that is switched off may be on when the line is looked up again.
        line.settle(State.UNMATCHED, str(refusal))
        return
    name = str(line.facts.get("title") or reference.slug)
    found = {"provider": reference.provider, "slug": reference.slug, "link": reference.site, "name": name, "score": 1}
    _settle_with(line, [found], "")


def _look_for_title(line: ImportLine) -> None:
    there = _by_ids(line.facts)
    if there is not None:
        line.settle(State.THERE, _("It is in the library already."), series_key=there.key)
        return
    titles = _titles(line)
    try:
        ranked, warnings = _searched(titles, _year(line.facts))
    except Refused as refusal:
        line.settle(State.WRONG, str(refusal))
        return
    shown = [candidates.shown(found, score) for score, found in ranked if score >= _WORTH_SHOWING]
    if warnings and not shown:
        line.settle(State.UNREACHABLE, "; ".join(f"{one.provider}: {one.message}" for one in warnings))
    elif not shown:
        line.settle(State.UNMATCHED, _("No enabled catalogue has it under this title."))
    elif candidates.is_sure(ranked):
        _settle_with(line, shown, "")
    else:
        _settle_by_id(line, shown)


def _searched(titles: list[str], year: int | None) -> tuple[list[tuple[float, Found]], list[Warned]]:
    """What the catalogues have under the first of the titles that is sure of one, else under all that were tried."""
    found: dict[tuple[str, str], Found] = {}
    warnings: list[Warned] = []
    for title in titles[:_MOST_TITLES]:
        outcome = catalog.search((matching.searchable(title) or title)[:200])
        warnings = outcome.warnings
        found |= {(item.provider, item.slug): item for item in outcome.items}
        ranked = candidates.ranked(titles, year, list(found.values()))
        if warnings or (ranked and candidates.is_sure(ranked)):
            break
    return candidates.ranked(titles, year, list(found.values()))[:_MOST_CANDIDATES], warnings


def _settle_by_id(line: ImportLine, shown: list[dict[str, Any]]) -> None:
    """Where titles do not decide, the id that a catalogue itself names does."""
    wanted = str(line.facts.get("imdb_id") or "")
    for number, one in enumerate(shown[:_ASKED_FOR_IDS] if wanted else []):
        try:
            details = registry.catalogue(one["provider"]).details(one["link"])
        except ProviderError as error:
            log.info("The ids of %s could not be compared: %s", one["name"], error)
            continue
        if details.imdb_id == wanted:
            _settle_with(line, [one, *shown[:number], *shown[number + 1 :]], _("By its id at IMDb."))
            return
    line.settle(State.UNCLEAR, _("Several may be meant; choose one."), candidates=shown)


def _settle_with(line: ImportLine, found: list[dict[str, Any]], reason: str) -> None:
    """The first one is it, unless the library has it, or an earlier line named it."""
    first = found[0]
    target = target_of(first["provider"], first["slug"])
    values: dict[str, Any] = {"candidates": found, "choice": 0, "target": target}
    there = Series.objects.live().filter(provider=first["provider"], slug=first["slug"]).first()
    if there is not None:
        line.settle(State.THERE, _("It is in the library already."), series_key=there.key, **values)
    elif ImportLine.objects.filter(run=line.run_id, target=target).exclude(pk=line.pk).exists():
        line.settle(State.DUPLICATE, _("Another line names the same series."), **values)
    else:
        line.settle(State.MATCHED, reason, **values)


def _by_ids(facts: Mapping[str, Any]) -> Series | None:
    for site in ("tvdb_id", "tmdb_id", "imdb_id"):
        text = str(facts.get(site) or "")
        is_fit = len(text) <= 20 if site == "imdb_id" else text.isdecimal() and len(text) < 10
        found = Series.objects.live().filter(**{site: text}).first() if text and is_fit else None
        if found is not None:
            return found
    return None


def _titles(line: ImportLine) -> list[str]:
    others = line.facts.get("titles")
    several = [line.facts.get("title") or line.text, *(others if isinstance(others, list) else [])]
    return [str(title) for title in several]


def _year(facts: Mapping[str, Any]) -> int | None:
    text = str(facts.get("year") or "")
    return int(text) if text.isdecimal() and len(text) == 4 else None


def language_plan(run: ImportRun, line: ImportLine) -> dict[str, Any] | None:
    """The one that was chosen for the whole import, else what the line itself brings. Raises `Invalid`."""
    plan = run.options.get("language_plan")
    if plan:
        return checked_language_plan(plan)
    named = [part.strip() for part in str(line.facts.get("languages") or "").split("|") if part.strip()]
    return checked_language_plan({"order": named}) if named else None


def source_of(line: ImportLine) -> Path:
    """The file of a line of a folder."""
    return Path(str(line.facts["base"]), str(line.facts["path"]))
