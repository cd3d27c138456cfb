"""Counting queries where a cache that runs out would count for or against."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection
from django.test.utils import CaptureQueriesContext

from aniworld.configuration import store
from providers import score
from providers.models import Provider


def queries_of(work: Callable[[], object]) -> int:
    """How many queries `work` takes the second time, with nothing kept of the configuration, providers and scores."""
    work()
    for forget in (store.forget, Provider.forget, score.forget):
        forget()
    with CaptureQueriesContext(connection) as queries:
        work()
    return len(queries)
