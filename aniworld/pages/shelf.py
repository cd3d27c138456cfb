"""Which series the library's page shows: what an address asks for, as rows with their counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, QueryDict
from django.utils.http import urlencode

from aniworld.accounts.models import User
from library.models import Episode, EpisodeFile, Favorite, Series, SeriesQuerySet
from providers.contracts import LANGUAGES
from providers.models import Provider

LONGEST_QUERY = 200
# What can be asked for one beside the other, in the order of the page.
MARKS = ("missing", "monitored", "favorite", "loading", "failed")
# Each also with a minus before it, the other way round.
SORTS: dict[str, tuple[str, bool]] = {
    "name": ("name", False),
    "newest": ("created_at", True),
    "missing": ("missing_count", True),
    "year": ("year", True),
    "episodes": ("episode_count", True),
    "size": ("size", True),
    "status": ("status", True),
}


@dataclass(frozen=True)
class Wanted:
    """What an address asks for; unknown words count as not said."""

    query: str = ""
    marks: tuple[str, ...] = ()
    status: str = ""
    language: str = ""
    provider: str = ""
    sort: str = "name"

    @classmethod
    def of(cls, said: QueryDict) -> Self:
        """From the parameters of an address or the fields of a form."""
        sort = said.get("sort", "name")
        return cls(
            query=words_in(said),
            marks=tuple(mark for mark in MARKS if mark in said.getlist("filter")),
            status=_among(said.get("status", ""), Series.Status.values),
            language=_among(said.get("language", ""), LANGUAGES),
            provider=said.get("provider", "").replace("\x00", "")[:64],
            sort=sort if sort.removeprefix("-") in SORTS else "name",
        )

    def address(self, page: int = 1, **changes: Any) -> str:
        """The query of an address that asks for this, with some of it changed; "" for everything."""
        wanted = replace(self, **changes)
        said: list[tuple[str, Any]] = [("q", wanted.query), *(("filter", mark) for mark in wanted.marks)]
        said += [("status", wanted.status), ("language", wanted.language), ("provider", wanted.provider)]
        said += [("sort", wanted.sort if wanted.sort != "name" else ""), ("page", page if page > 1 else "")]
        asked = [(name, value) for name, value in said if value]
        return f"?{urlencode(asked)}" if asked else ""

    def switched(self, mark: str) -> str:
        """The query of an address with one more mark, or without it."""
        marks = tuple(one for one in MARKS if (one in self.marks) != (one == mark))
        return self.address(marks=marks)


def _among(word: str, known: Sequence[str]) -> str:
    return word if word in known else ""


def words_in(said: QueryDict) -> str:
    """The `q` of an address or a form, without what no database takes."""
    return said.get("q", "").replace("\x00", "").strip()[:LONGEST_QUERY]


def words_of(request: HttpRequest) -> str:
    """The `q` of the address."""
    return words_in(request.GET)


def matching(query: str) -> SeriesQuerySet:
    """Live series whose title holds every word of `query`, or one of whose other titles does."""
    found = Series.objects.live()
    for word in query.split()[:10]:
        found = found.filter(Q(name__icontains=word) | Q(alternative_titles__icontains=word))
    return found


def found(wanted: Wanted, user: User) -> SeriesQuerySet:
    """The series that `wanted` describes, in no order."""
    rows = matching(wanted.query)
    for mark in wanted.marks:
        rows = rows.filter(_conditions(user)[mark])
    exact = {"status": wanted.status, "provider": wanted.provider}
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    return rows.filter(_offered_in(wanted.language)) if wanted.language else rows


def shelf(wanted: Wanted, user: User) -> QuerySet[Series]:
    """The same with their counts, bytes and stars, worked out for the rows shown only, and in order."""
    files = EpisodeFile.objects.filter(episode__series=OuterRef("pk")).order_by().values("episode__series")
    return (
        found(wanted, user)
        .annotate(
            episode_count=_count_of(Episode.objects.all()),
            present_count=_count_of(Episode.objects.filter(is_downloaded=True)),
            missing_count=F("episode_count") - F("present_count"),
            size=Coalesce(Subquery(files.annotate(bytes=Sum("size")).values("bytes")), 0),
            is_favorite=_favorite(user),
        )
        .order_by(*_order(wanted.sort))
    )


def totals(user: User) -> dict[str, int]:
    """How many there are in all, and of each mark."""
    counts = {mark: Count("pk", filter=condition) for mark, condition in _conditions(user).items()}
    return Series.objects.live().aggregate(all=Count("pk"), **counts)


def catalogues() -> list[tuple[str, str]]:
    """Name and title of each catalogue, in order."""
    rows = Provider.objects.filter(kind=Provider.Kind.CATALOGUE).order_by("priority", "name")
    return list(rows.values_list("name", "display_name"))


def falls(sort: str) -> bool:
    """Whether that order begins with the largest."""
    return SORTS[sort.removeprefix("-")][1] != sort.startswith("-")


def _order(sort: str) -> list[Any]:
    field = SORTS[sort.removeprefix("-")][0]
    if field == "name":
        # As the index has it.
        return ["-name", "-id"] if falls(sort) else ["name", "id"]
    return [F(field).desc(nulls_last=True) if falls(sort) else F(field).asc(nulls_last=True), "name", "id"]


def _count_of(episodes: QuerySet[Episode]) -> Coalesce:
    counted = episodes.filter(series=OuterRef("pk")).order_by().values("series").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), 0)


def _favorite(user: User) -> Exists:
    return Exists(Favorite.objects.filter(series=OuterRef("pk"), user=user))


def _conditions(user: User) -> dict[str, Q]:
    over = (Series.Loading.COMPLETED, Series.Loading.FAILED)
    return {
        "missing": Q(Exists(Episode.objects.filter(series=OuterRef("pk"), is_downloaded=False))),
        "monitored": Q(monitored=True),
        "favorite": Q(_favorite(user)),
        "loading": ~Q(loading_status__in=over),
        "failed": Q(loading_status=Series.Loading.FAILED),
    }


def _offered_in(language: str) -> Q:
    """On disk in that language, or listed with it by the catalogue."""
    on_disk = EpisodeFile.objects.filter(episode__series=OuterRef("pk"), language=language)
    listed = Episode.objects.filter(series=OuterRef("pk"), languages__has_key=language)
    return Q(Exists(on_disk)) | Q(Exists(listed))
