"""Rows for tests, made as the product makes them where that needs no network."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

from django.db import connection
from django.test.utils import CaptureQueriesContext

from aniworld.configuration import store
from library.models import Episode, Series
from providers import score
from providers.models import Provider

_numbers = itertools.count(1)


def make_series(**values: Any) -> Series:
    """A series with a key and folder of its own, and no episodes."""
    number = next(_numbers)
    defaults = {
        "key": f"series-{number}",
        "slug": f"series-{number}",
        "name": f"Series {number}",
        "provider": "demo",
        "site": f"series-{number}",
        "folder": f"Series {number}",
    }
    return Series.objects.create(**{**defaults, **values})


def make_episodes(series: Series, season: int = 1, count: int = 3, **values: Any) -> list[Episode]:
    """Episodes 1 to `count` of a season."""
    return [Episode.objects.create(series=series, season=season, number=n, **values) for n in range(1, count + 1)]


def queries_of(work: Callable[[], object]) -> int:
    """How many queries it takes while nothing that is kept for a second runs out: it would count one more at times."""
    with ExitStack() as stack:
        for keeper, fill in ((store, store.current), (Provider, Provider.known), (score, score.of_all)):
            keeper.forget()
            stack.enter_context(patch.object(keeper, "_MAXIMUM_AGE", math.inf))
            fill()
        captured = stack.enter_context(CaptureQueriesContext(connection))
        work()
    return len(captured)
