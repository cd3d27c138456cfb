"""Room for the calls of a request, so that none of them has to ask the system for memory.

CPython before 3.13 keeps the frames of calls in pieces of 16 KiB. A call that does not fit into the piece at hand gets
a new one from the system, which goes back as soon as the call returns. A loop of a template that happens to stand at
such a border pays for that at each call: a page of the queue took half as long again, by nothing but its depth.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase

A = TypeVar("A")
R = TypeVar("R")

# Words of 8 bytes. A piece is the next power of two, 256 KiB, and what is left of it holds the calls that follow.
SLOTS = 17_000


def roomy(work: Callable[[A], R]) -> Callable[[A], R]:
    """The same, called from a frame that has the interpreter take a large piece at once.

    What the frame claims is never touched, so that the system has no memory to find for it.
    """

    def call(argument: A) -> R:
        return work(argument)

    if sys.version_info < (3, 13):
        call.__code__ = call.__code__.replace(co_stacksize=SLOTS)
    return call


class Room:
    """Gives each request such a frame; what is drawn for it stands above."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._respond = roomy(get_response)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Changes nothing of the answer."""
        return self._respond(request)
