"""No call of a request has to ask the system for memory, however deep it stands."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings

from aniworld.call_stack import roomy

DEPTHS, CALLS = 200, 400


def _nothing() -> None:
    """A call that may not fit into the piece at hand."""


def _faults(depth: int) -> int:
    """How often the system had to find memory for calls from that deep."""
    if depth:
        return _faults(depth - 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _call in range(CALLS):
        _nothing()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def _worst(_argument: None = None) -> int:
    return max(_faults(depth) for depth in range(DEPTHS))


def _in_a_thread(work: Callable[[None], int]) -> int:
    """A thread has a stack of its own, which nothing has made larger."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(work, None).result()


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="it keeps the memory of calls")
def test_at_no_depth_a_call_asks_for_memory() -> None:
    assert _in_a_thread(_worst) >= CALLS
    assert _in_a_thread(roomy(_worst)) < CALLS / 4


def test_every_request_has_that_room() -> None:
    assert settings.MIDDLEWARE[0] == "aniworld.call_stack.Room"
