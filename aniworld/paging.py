"""Pages of long lists, the last of which costs hardly more than the first."""

from __future__ import annotations

from typing import TypeVar

from django.core.paginator import Page, Paginator
from django.db import models

M = TypeVar("M", bound=models.Model)
R = TypeVar("R")


def stretch(rows: models.QuerySet[M, R], first: int, end: int) -> models.QuerySet[M, R]:
    """What `rows[first:end]` holds, in one query too. `rows` have a whole order, without ties, and no `distinct()`.

    A database works out joins and counts of all the rows that it leaves out before `first`. So the rows of the page are
    chosen by their ids alone, and only those are joined and counted.
    """
    if not first:
        return rows[:end]
    return rows.filter(pk__in=rows.values("pk")[first:end])


def page_of(rows: models.QuerySet[M], size: int, number: str | None, count: int | None = None) -> Page[M]:
    """The page with that number, from 1, of pages with `size` rows; the first or the last for anything odd.

    `count` is how many rows there are, where somebody has counted them already.
    """
    paginator = Paginator(rows, size)
    if count is not None:
        # Cached: else it counts when it is first asked.
        paginator.count = count
    page: Page[M] = paginator.get_page(number)
    if page.has_previous():
        page.object_list = stretch(rows, page.start_index() - 1, page.end_index())
    return page
