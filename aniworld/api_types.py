"""Types of what API callers send, so that no text, number or time can upset a database; and pages of lists."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from django.db import models
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from aniworld.paging import stretch

M = TypeVar("M", bound=models.Model)

LARGEST_ROW_ID = 2**63 - 1
LARGEST_INTEGER = 2**31 - 1


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("it holds a NUL character")
    return text


def _in_utc(moment: datetime) -> datetime:
    if not 1970 <= moment.year <= 9000:
        raise ValueError("the year must be from 1970 to 9000")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


# Any text without NUL, line breaks allowed.
Text = Annotated[str, StringConstraints(max_length=10_000), AfterValidator(_without_nul)]
# One line: names, titles, labels.
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000, pattern=r"^[^\x00-\x1f\x7f]*$")]
# A line that says something.
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
]
# What names a series or a provider in a path.
Key = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
RowId = Annotated[int, Field(ge=1, le=LARGEST_ROW_ID)]
# Season, episode, position: what fits any integer column.
Number = Annotated[int, Field(ge=0, le=LARGEST_INTEGER)]
PageNumber = Annotated[int, Field(ge=1, le=1_000_000, description="From 1.")]
PageLimit = Annotated[int, Field(ge=1, le=200, description="Items on a page.")]
# A time; without a zone it is UTC.
Moment = Annotated[datetime, AfterValidator(_in_utc)]


class WrongField(BaseModel):
    """One thing that failed validation, and where it stands in what was sent."""

    loc: list[str | int]
    msg: str
    type: str


class Problem(BaseModel):
    """Every error: `detail` is for people, `code` for programs. Operations name it for each status they refuse with."""

    detail: str | list[WrongField]
    code: str


class Answer(BaseModel):
    """The base of what lists answer with.

    Ninja's own `Schema` asks a Python object for each field of each row, so that relations and methods can be fields.
    Rows that are rendered to dicts before need none of that, and are validated ten times as fast without.
    """

    model_config = ConfigDict(from_attributes=True)


class Paging(BaseModel):
    """Which page of a list; what an operation asks besides stands in a subclass."""

    page: PageNumber = 1
    limit: PageLimit = 20


def page(queryset: models.QuerySet[M], page: int, limit: int, render: Callable[[M], Any]) -> dict[str, Any]:
    """One page of `queryset` as every list of the API answers it, in two queries. `page` counts from 1."""
    first = (page - 1) * limit
    items = [render(row) for row in stretch(queryset, first, first + limit)]
    return {"items": items, "total": queryset.count(), "page": page, "limit": limit}


class Tested(BaseModel):
    """What came of a test: whether it went well, and a sentence that says why it did not."""

    model_config = ConfigDict(from_attributes=True)

    ok: bool
    reason: str
