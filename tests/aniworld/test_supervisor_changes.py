"""Whether anything was written since the last look: nothing is missed, whoever wrote it, and a calm is known as one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection

from aniworld.live.models import LogReader
from aniworld.supervisor.changes import Changes
from tests.aniworld.elsewhere import elsewhere

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def calm() -> Changes:
    """One that has looked, and nothing was written since."""
    found = Changes()
    assert found.any()
    assert not found.any()
    return found


def write() -> None:
    LogReader.objects.update_or_create(name="somebody", defaults={"position": 1})


@pytest.mark.parametrize("happens", [write, lambda: elsewhere(write)], ids=["here", "elsewhere"])
def test_a_change_is_told_of_once(calm: Changes, happens: Callable[[], None]) -> None:
    happens()
    assert [calm.any(), calm.any()] == [True, False]


def test_another_connection_knows_nothing_of_before(calm: Changes) -> None:
    connection.close()
    assert [calm.any(), calm.any()] == [True, False]


def test_a_look_that_failed_is_made_again(calm: Changes) -> None:
    calm.forget()
    assert [calm.any(), calm.any()] == [True, False]


def test_time_alone_makes_a_look_due() -> None:
    always = Changes(anyway_after=0)
    assert [always.any(), always.any()] == [True, True]
