"""The user's order against a plain list: whatever is moved, the queue looks as the list does."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from aniworld.configuration import store
from downloads import ordering, undo
from downloads.models import Priority, QueueItem
from library.models import Episode
from tests.library.factories import make_episodes, make_series

pytest.importorskip("hypothesis", reason="make test installs what this needs")
from hypothesis import given, settings  # only after the line above
from hypothesis import strategies as st

MOST = 8


@pytest.fixture
def episodes(db: None, tmp_path: Path) -> list[Episode]:
    (tmp_path / "library").mkdir()
    store.change({"library": {"directory": str(tmp_path / "library")}})
    return make_episodes(make_series(), count=MOST)


def _fill(episodes: list[Episode], priorities: list[int], positions: list[int]) -> list[int]:
    QueueItem.objects.all().delete()
    rows = [
        QueueItem(series=one.series, episode=one, season=1, language="x", priority=priority, position=position)
        for one, priority, position in zip(episodes, priorities, positions, strict=False)
    ]
    QueueItem.objects.bulk_create(rows)
    return _order()


def _order() -> list[int]:
    waiting = QueueItem.objects.filter(status=QueueItem.Status.PENDING).order_by("-priority", "position", "id")
    return list(waiting.values_list("pk", flat=True))


_queues = st.integers(1, MOST).flatmap(
    lambda count: st.tuples(
        st.lists(st.sampled_from(Priority.values), min_size=count, max_size=count),
        st.lists(st.integers(-3, 3), min_size=count, max_size=count),
    )
)
_moves = st.lists(st.tuples(st.integers(0, MOST - 1), st.integers(0, MOST + 2)), max_size=12)


@settings(max_examples=40)
@given(queue=_queues, moves=_moves)
def test_moves_are_those_of_a_list_and_each_can_be_undone(
    episodes: list[Episode], queue: tuple[list[int], list[int]], moves: list[tuple[int, int]]
) -> None:
    model = _fill(episodes, *queue)
    for which, place in moves:
        before, pk = list(model), model[which % len(model)]
        model.remove(pk)
        model.insert(place, pk)
        undo_id = ordering.move(pk, place)
        assert _order() == model
        redo_id = undo.undo(undo_id).redo_id
        assert _order() == before
        undo.undo(redo_id)
        assert _order() == model


@settings(max_examples=30)
@given(queue=_queues, chance=st.randoms(use_true_random=False))
def test_an_exact_order_stands_in_front_and_the_rest_behind(
    episodes: list[Episode], queue: tuple[list[int], list[int]], chance: random.Random
) -> None:
    model = _fill(episodes, *queue)
    chosen = chance.sample(model, chance.randint(1, len(model)))
    undo_id = ordering.arrange(chosen)
    assert _order() == chosen + [pk for pk in model if pk not in chosen]
    undo.undo(undo_id)
    assert _order() == model


def test_many_moves_to_one_place_never_run_out_of_room(episodes: list[Episode]) -> None:
    model = _fill(episodes, [1] * MOST, list(range(MOST)))
    for _move in range(60):
        pk = model.pop()
        model.insert(1, pk)
        ordering.move(pk, 1)
        assert _order() == model
