"""The operator's changes to the chain."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aniworld.refusals import Invalid, NotThere, Refused
from providers import chain, chain_places
from providers.models import ChainPlace, Provider
from tests.providers.measured import DUB, SUB, host

NAMES = ("voe", "vidoza", "vidmoly", "filemoon")


@pytest.fixture
def hosts(database: str) -> dict[str, Provider]:
    return {name: host(name) for name in NAMES}


def names(language: str | None = None) -> list[str]:
    return [place.name for place in chain.chain_of(language) if place.position]


def test_without_a_word_hosts_stand_in_the_order_of_their_registration(hosts: dict[str, Provider]) -> None:
    assert names() == list(NAMES)
    assert [place.position for place in chain.chain_of(DUB)] == [1, 2, 3, 4]


def test_a_reorder_of_one_language_leaves_the_others_alone(hosts: dict[str, Provider]) -> None:
    chain_places.reorder(["filemoon", "vidoza"], SUB)
    assert names(SUB) == ["filemoon", "vidoza", "voe", "vidmoly"]
    assert names(DUB) == names() == list(NAMES)
    assert {row.priority for row in Provider.objects.all()} == {100}
    assert "place 2 in your order" in next(place.reason for place in chain.chain_of(SUB) if place.name == "vidoza")
    chain_places.reorder(["voe"], SUB)
    assert names(SUB) == ["voe", "filemoon", "vidoza", "vidmoly"]
    chain_places.include("filemoon", SUB)
    assert names(SUB) == ["voe", "vidoza", "vidmoly", "filemoon"]


def test_a_reorder_of_all_is_kept_as_priorities(hosts: dict[str, Provider]) -> None:
    chain_places.reorder(["filemoon", "vidoza"])
    assert names() == names(DUB) == ["filemoon", "vidoza", "voe", "vidmoly"]
    assert dict(Provider.objects.values_list("name", "priority")) == {
        "filemoon": 10,
        "vidoza": 20,
        "voe": 100,
        "vidmoly": 100,
    }
    chain_places.reorder(["vidmoly", "voe"])
    assert names() == ["vidmoly", "voe", "filemoon", "vidoza"]
    Provider.objects.filter(name="vidoza").update(priority=1)
    Provider.forget()
    assert names()[0] == "vidoza"


def test_a_host_is_taken_out_and_put_back_at_a_place(hosts: dict[str, Provider]) -> None:
    chain_places.exclude("voe", DUB)
    assert names(DUB) == ["vidoza", "vidmoly", "filemoon"]
    assert names(SUB) == list(NAMES)
    last = chain.chain_of(DUB)[-1]
    assert (last.name, last.position, last.included, last.usable) == ("voe", None, False, True)
    assert last.reason == "Voe is taken out of the chain of German Dub."
    chain_places.include("voe", DUB, 2)
    assert names(DUB) == ["vidoza", "voe", "vidmoly", "filemoon"]
    chain_places.include("voe", DUB, 99)
    assert names(DUB) == ["vidoza", "vidmoly", "filemoon", "voe"]
    chain_places.exclude("voe")
    assert names(DUB)[-1] == "voe", "the word on the language outweighs the one on all"
    assert names(SUB) == names() == ["vidoza", "vidmoly", "filemoon"]
    chain_places.include("voe", position=1)
    assert names() == list(NAMES)


def test_nonsense_is_refused_and_changes_nothing(hosts: dict[str, Provider]) -> None:
    Provider.objects.create(name="cat", display_name="Cat", kind=Provider.Kind.CATALOGUE)
    for refusal, call in (
        (NotThere, lambda: chain_places.reorder(["voe", "nobody"])),
        (NotThere, lambda: chain_places.reorder(["cat"])),
        (NotThere, lambda: chain_places.include("nobody")),
        (NotThere, lambda: chain_places.exclude("nobody", DUB)),
        (Invalid, lambda: chain_places.reorder(["voe", "voe"])),
        (Invalid, lambda: chain_places.reorder([])),
        (Invalid, lambda: chain_places.reorder(["voe"], "Klingon")),
        (Invalid, lambda: chain_places.include("voe", DUB, 0)),
    ):
        with pytest.raises(refusal) as raised:
            call()  # type: ignore[no-untyped-call]
        assert isinstance(raised.value, Refused)
    assert names() == list(NAMES)
    assert not ChainPlace.objects.exists()


changes = st.one_of(
    st.tuples(st.just("reorder"), st.lists(st.sampled_from(NAMES), min_size=1, unique=True)),
    st.tuples(st.just("include"), st.sampled_from(NAMES), st.none() | st.integers(1, 6)),
    st.tuples(st.just("exclude"), st.sampled_from(NAMES)),
)


@settings(max_examples=15)
@given(st.lists(st.tuples(changes, st.sampled_from(["", DUB, SUB])), max_size=5))
def test_whatever_is_done_each_host_stands_once_and_where_it_was_put(
    db: None, work: list[tuple[tuple[object, ...], str]]
) -> None:
    Provider.objects.all().delete()
    for name in NAMES:
        host(name)
    for (verb, what, *place), language in work:
        before = names(language or None)
        if verb == "reorder":
            chain_places.reorder(what, language)  # type: ignore[arg-type]
            kept = [name for name in what if name in before]  # type: ignore[attr-defined]
            rest = [name for name in before if name not in kept]
            assert names(language or None) == [*kept, *rest]
        elif verb == "include":
            chain_places.include(str(what), language, place[0])  # type: ignore[arg-type]
            others = [name for name in before if name != what]
            after = names(language or None)
            assert what in after
            assert [name for name in after if name != what] == others
        else:
            chain_places.exclude(str(what), language)
            assert names(language or None) == [name for name in before if name != what]
        for one in ("", DUB, SUB):
            places = chain.chain_of(one or None)
            assert sorted(place.name for place in places) == sorted(NAMES)
            assert [place.position for place in places if place.position] == list(
                range(1, sum(place.included for place in places) + 1)
            )
