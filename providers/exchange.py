"""The whole set of providers as data: written by `export`, judged as a whole and taken over by `take_over`.

`schema` counts versions of the format: `{"schema": 1, "exported_at", "providers": [{"name", "kind", fields of
`Configured`, "is_enabled", "check_interval", "max_consecutive_failures"}], "chain": [{"provider", "language",
"position", "included"}]}`. Headers and parameters are in it as they are, so that it may hold secrets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeVar

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aniworld.accounts.schemas import CheckInterval
from aniworld.api_types import Key, Moment, Number
from aniworld.refusals import Invalid
from providers import installed
from providers.configured import Configured
from providers.contracts import Language
from providers.exceptions import ProviderError
from providers.models import ChainPlace, Provider, ProviderStatus

SCHEMA = 1
# An error a line is read by a person: more of them help nobody.
_MOST_PROBLEMS = 100
_OWN = tuple(Configured.model_fields)
_CHECKING = ("is_enabled", "check_interval", "max_consecutive_failures")
Place = tuple[str | int, ...]
B = TypeVar("B", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and where: keys and indices from the top of the data."""

    place: Place
    text: str


class NotUsable(Invalid):
    """Data that can't be taken over; `problems` names everything that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems[:_MOST_PROBLEMS]
        super().__init__("; ".join(f"{'.'.join(map(str, one.place))}: {one.text}" for one in self.problems))


@dataclass(frozen=True, slots=True)
class TakenOver:
    """How many providers the data named, which of them changed, and which are not here."""

    imported: int
    changed: list[str]
    skipped: list[str]


class _Head(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: Annotated[Literal[1], Field(alias="schema")]
    exported_at: Moment | None = None
    providers: Annotated[list[Any], Field(max_length=1000)]
    chain: Annotated[list[Any], Field(max_length=10_000)] | None = None


class _Entry(Configured):
    name: Annotated[Key, Field(max_length=64)]
    kind: Literal["catalogue", "host"] | None = None
    is_enabled: bool = True
    check_interval: CheckInterval = 60
    max_consecutive_failures: Annotated[int, Field(ge=1, le=1000)] = 3

    def checking(self) -> dict[str, Any]:
        """What the sender named of how it is checked."""
        return self.model_dump(include=self.model_fields_set & set(_CHECKING))


class _Place(BaseModel):
    model_config = ConfigDict(extra="forbid")

    provider: Annotated[Key, Field(max_length=64)]
    language: Literal[""] | Language = ""
    position: Number | None = None
    included: bool = True


@dataclass
class _Judged:
    """What of the data was understood, and what is wrong with the rest. `chain` None: not spoken of."""

    entries: dict[int, _Entry] = field(default_factory=dict)
    chain: dict[int, _Place] | None = None
    problems: list[Problem] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def export() -> dict[str, Any]:
    """Everything an operator has configured of the providers, secrets included."""
    rows = Provider.objects.select_related("status_record")
    places = ChainPlace.objects.select_related("provider").order_by("language", "position", "provider__name")
    return {
        "schema": SCHEMA,
        "exported_at": timezone.now(),
        "providers": [_exported(row) for row in rows],
        "chain": [
            {
                "provider": one.provider.name,
                **{name: getattr(one, name) for name in ("language", "position", "included")},
            }
            for one in places
        ],
    }


def take_over(data: Mapping[str, Any], *, skip_unknown: bool = False) -> TakenOver:
    """Sets everything that `data` names, in one transaction; providers that it does not name stay as they are.

    A chain in it replaces the whole chain. Raises `NotUsable`, and has changed nothing then.
    """
    judged = _judged(data, skip_unknown=skip_unknown)
    if judged.problems:
        raise NotUsable(judged.problems)
    with transaction.atomic():
        # In one order everywhere, so that two of them never wait for each other's rows.
        ordered = sorted(judged.entries.values(), key=lambda entry: entry.name)
        changed = [entry.name for entry in ordered if _set(entry)]
        if judged.chain is not None:
            _set_chain(judged.chain.values())
    Provider.forget()
    return TakenOver(len(judged.entries), changed, list(dict.fromkeys(judged.skipped)))


def _exported(row: Provider) -> dict[str, Any]:
    record: ProviderStatus | None = getattr(row, "status_record", None)
    checking = {name: getattr(record, name) for name in _CHECKING} if record else {}
    return {"name": row.name, "kind": row.kind, **{name: getattr(row, name) for name in _OWN}, **checking}


def _judged(data: Mapping[str, Any], *, skip_unknown: bool) -> _Judged:
    """Looks at everything before it says what is wrong, also where the whole is not in order."""
    judged = _Judged()
    _parsed(_Head, data, (), judged.problems)
    known = dict(Provider.objects.values_list("name", "kind"))
    judged.entries = _list(_Entry, data.get("providers"), "providers", judged.problems)
    if data.get("chain") is not None:
        judged.chain = _list(_Place, data.get("chain"), "chain", judged.problems)
    named = {number: entry.name for number, entry in judged.entries.items()}
    placed = {number: place.provider for number, place in (judged.chain or {}).items()}
    for part, key, found in (("providers", "name", named), ("chain", "provider", placed)):
        for number, name in found.items():
            if name not in known:
                _unknown(judged, (part, number, key), name, skip=skip_unknown)
    _drop(judged, known)
    judged.problems += _wrong_kinds(judged, known)
    judged.problems += _without_address(judged)
    judged.problems += _twice("providers", {n: (entry.name,) for n, entry in judged.entries.items()})
    judged.problems += _twice("chain", {n: (p.provider, p.language) for n, p in (judged.chain or {}).items()})
    return judged


def _parsed(model: type[B], given: object, place: Place, problems: list[Problem]) -> B | None:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        problems += [Problem((*place, *one["loc"]), one["msg"]) for one in found]
        return None


def _list(model: type[B], given: object, part: str, problems: list[Problem]) -> dict[int, B]:
    """The entries of a list that can be read, by their index."""
    entries = given[:10_000] if isinstance(given, list) else []
    read = {number: _parsed(model, entry, (part, number), problems) for number, entry in enumerate(entries)}
    return {number: entry for number, entry in read.items() if entry is not None}


def _unknown(judged: _Judged, place: Place, name: str, *, skip: bool) -> None:
    if skip:
        judged.skipped.append(name)
    else:
        judged.problems.append(Problem(place, _("There is no provider “%s”.") % name))


def _drop(judged: _Judged, known: Mapping[str, str]) -> None:
    """Takes out what nobody here has: it was refused, or is passed over."""
    judged.entries = {number: entry for number, entry in judged.entries.items() if entry.name in known}
    if judged.chain is not None:
        judged.chain = {number: place for number, place in judged.chain.items() if place.provider in known}


def _wrong_kinds(judged: _Judged, known: Mapping[str, str]) -> Iterable[Problem]:
    for number, entry in judged.entries.items():
        if entry.kind and entry.kind != known[entry.name]:
            yield Problem(("providers", number, "kind"), _("“%(name)s” is a %(kind)s.") % _words(entry.name, known))
    for number, place in (judged.chain or {}).items():
        if known[place.provider] != Provider.Kind.HOST:
            text = _("“%(name)s” is a %(kind)s: only hosts are in the chain.") % _words(place.provider, known)
            yield Problem(("chain", number, "provider"), text)


def _without_address(judged: _Judged) -> Iterable[Problem]:
    rows = Provider.objects.in_bulk(field_name="name")
    for number, entry in judged.entries.items():
        row = rows[entry.name]
        for name, value in entry.named().items():
            setattr(row, name, value)
        if row.enabled and row.lacks_address:
            yield Problem(("providers", number, "enabled"), row.asks_for_address())
        if entry.base_url:
            try:
                installed.check_address(entry.name, entry.base_url)
            except ProviderError as error:
                yield Problem(("providers", number, "base_url"), str(error))


def _words(name: str, known: Mapping[str, str]) -> dict[str, str]:
    return {"name": name, "kind": str(Provider.Kind(known[name]).label)}


def _twice(part: str, keys: Mapping[int, tuple[str, ...]]) -> Iterable[Problem]:
    seen: set[tuple[str, ...]] = set()
    for number, key in keys.items():
        if key in seen:
            yield Problem((part, number), _("This one stands here a second time."))
        seen.add(key)


def _set(entry: _Entry) -> bool:
    """Whether anything of it was different."""
    row = Provider.objects.select_for_update().get(name=entry.name)
    before = {name: getattr(row, name) for name in _OWN}
    row.change(**entry.named())
    record, _made = ProviderStatus.objects.get_or_create(provider=row)
    checked = {name: getattr(record, name) for name in _CHECKING}
    wanted = checked | entry.checking()
    if wanted != checked:
        record.set_checking(**entry.checking())
    return before != {name: getattr(row, name) for name in _OWN} or wanted != checked


def _set_chain(places: Iterable[_Place]) -> None:
    ids = dict(Provider.objects.filter(kind=Provider.Kind.HOST).values_list("name", "pk"))
    ChainPlace.objects.all().delete()
    ChainPlace.objects.bulk_create(
        ChainPlace(
            provider_id=ids[place.provider],
            language=str(place.language),
            position=place.position,
            included=place.included,
        )
        for place in places
    )
