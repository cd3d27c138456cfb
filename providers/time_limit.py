"""A limit on the time of work that has none of its own, and how that work learns that nobody waits for it any more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from django.db import connections

from providers.exceptions import TimedOut

T = TypeVar("T")

_given_up: ContextVar[threading.Event | None] = ContextVar("given_up", default=None)


@contextmanager
def awaited(given_up: threading.Event) -> Iterator[None]:
    """Whatever is asked of providers inside is not asked again once `given_up` is set."""
    token = _given_up.set(given_up)
    try:
        yield
    finally:
        _given_up.reset(token)


def is_awaited() -> bool:
    """Whether anybody still waits for what is being asked here."""
    given_up = _given_up.get()
    return given_up is None or not given_up.is_set()


def within(seconds: float, work: Callable[[], T], name: str) -> T:
    """The answer or error of `work`. Raises `TimedOut` when it takes longer.

    Then it goes on in a thread that nobody waits for, not even the end of the process: nothing else ends a call that
    hangs in a system's or library's code.
    """
    answers: list[T] = []
    errors: list[BaseException] = []
    given_up = threading.Event()

    def run() -> None:
        try:
            with awaited(given_up):
                answers.append(work())
        except BaseException as error:  # the caller's to judge
            errors.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    thread.join(seconds)
    given_up.set()
    if errors:
        raise errors[0]
    if not answers:
        raise TimedOut(f"There was no answer within {seconds:g} seconds.")
    return answers[0]
