"""Finding and adding series: at once, never twice, and with keys and folders of their own."""

from __future__ import annotations

import pytest
from django.test import Client, TestCase
from hypothesis import given
from hypothesis import strategies as st

from aniworld.live.models import Event
from aniworld.refusals import Invalid, NotThere
from library import catalog
from library.models import Series
from providers.demo.site import Site
from providers.models import Provider
from tests.aniworld.people import user
from tests.library.factories import make_series


@pytest.mark.parametrize(
    ("link", "slug"),
    [
        ("http://site/anime/stream/attack-on-titan", "attack-on-titan"),
        ("http://site/anime/stream/attack-on-titan/", "attack-on-titan"),
        ("http://site/anime/stream/attack-on-titan/staffel-2/episode-3?x=1#y", "attack-on-titan"),
        ("http://site/anime/stream/attack-on-titan/filme/film-1", "attack-on-titan"),
        ("http://site/serie/attack-on-titan/staffel-1", "attack-on-titan"),
        ("/anime/stream/k", "k"),
    ],
)
def test_slugs_are_read_from_any_address_of_a_series(link: str, slug: str) -> None:
    assert catalog.slug_of(link) == slug


@given(st.text(max_size=60) | st.text(alphabet="/:?#%2e[]@\0\n stream", max_size=60))
def test_any_other_link_is_refused_clearly(link: str) -> None:
    try:
        slug = catalog.slug_of(link)
    except Invalid:
        return
    assert slug
    assert not set(slug) & set("/\\?#\0\n ")
    assert slug.strip(".")


def test_search_asks_the_catalogue_and_marks_what_is_there(site: Site) -> None:
    outcome = catalog.search("Silberfaden")
    assert [item.name for item in outcome.items][:1] == ["Silberfaden"]
    assert outcome.warnings == []
    found = outcome.items[0]
    assert (found.provider, found.in_library) == ("demo", False)
    series = catalog.add(link=found.link)
    again = catalog.search("Silberfaden").items[0]
    assert (again.key, again.in_library) == (series.key, True)
    assert not catalog.search("Silberfaden").items[1].in_library


def test_a_failing_catalogue_is_a_warning(site: Site) -> None:
    site.faults.set("demo", {"fault": "500"})
    Provider.objects.filter(name="demo").update(max_retries=1)
    Provider.forget()
    outcome = catalog.search("Silberfaden")
    assert outcome.items == []
    assert [warning.provider for warning in outcome.warnings] == ["demo"]
    assert outcome.warnings[0].message


def test_an_enabled_catalogue_without_an_address_is_named(site: Site, client: Client) -> None:
    Provider.objects.filter(name="aniworld").update(enabled=True)
    Provider.forget()
    outcome = catalog.search("Silberfaden")
    assert outcome.items
    assert [(one.provider, one.code) for one in outcome.warnings] == [("aniworld", "no_address")]
    # It never had anything to say, so what the others say is the whole answer.
    assert outcome.unanswered == []
    client.force_login(user("member"))
    text = client.get("/parts/results", {"q": "Silberfaden"}).content.decode()
    assert "Aniworld could not be asked: It has no address yet" in text


def test_a_slow_catalogue_is_not_waited_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "SEARCH_PATIENCE", 0.2)
    site.faults.set("demo", {"fault": "slow_answer", "seconds": 1.5})
    outcome = catalog.search("Silberfaden")
    assert [warning.code for warning in outcome.warnings] == ["timed_out"]


@pytest.mark.parametrize("query", ["", "   ", "x" * 201, "a\0b"])
def test_senseless_searches_are_refused(query: str) -> None:
    with pytest.raises(Invalid):
        catalog.search(query)


def test_adding_needs_no_network_and_rings_on_commit(site: Site) -> None:
    site.faults.set("demo", {"fault": "500"})
    from django_q.models import OrmQ

    with TestCase.captureOnCommitCallbacks() as later:
        series = catalog.add(key="silberfaden", provider="demo")
    assert (series.key, series.name, series.folder, series.folder_provisional) == (
        "silberfaden",
        "Silberfaden",
        "Silberfaden",
        True,
    )
    assert (series.loading_status, series.download_when_loaded) == ("pending", False)
    assert site.requests() == []
    assert later == []
    assert OrmQ.objects.count() == 1
    event = Event.objects.get(type="series_added")
    assert event.data["key"] == "silberfaden"


def test_a_series_is_added_once(site: Site) -> None:
    series = catalog.add(key="silberfaden", provider="demo", download=True)
    link = f"{site.address}/anime/stream/silberfaden/staffel-1"
    for again in ({"key": "silberfaden", "link": ""}, {"key": "", "link": link}):
        with pytest.raises(catalog.AlreadyThere) as refusal:
            catalog.add(key=again["key"], link=again["link"])
        assert (refusal.value.status, refusal.value.key) == (409, series.key)


def test_a_removed_series_comes_back(site: Site) -> None:
    series = catalog.add(key="silberfaden", provider="demo")
    series.remove()
    again = catalog.add(link=f"{site.address}/anime/stream/silberfaden", monitored=False, download=True)
    assert again.pk == series.pk
    stored = Series.objects.get()
    assert (stored.deleted_at, stored.monitored, stored.download_when_loaded) == (None, False, True)


def test_keys_are_unique_and_never_reserved(site: Site) -> None:
    make_series(key="silberfaden", provider="other", slug="silberfaden", folder="SILBERFADEN")
    series = catalog.add(key="silberfaden", provider="demo")
    assert (series.key, series.folder) == ("silberfaden-demo", "Silberfaden (2)")
    assert catalog.add(key="queue", provider="demo").key == "queue-demo"
    make_series(key="add-demo")
    assert catalog.add(key="Add", provider="demo").key == "Add-demo"
    assert catalog.add(key="add", provider="demo").key == "add-demo-2"


@pytest.mark.parametrize(
    "named",
    [
        {"link": "http://elsewhere.example/anime/stream/x"},
        {"link": "nonsense"},
        {"link": "http://[broken"},
        {"key": "x", "provider": "unknown"},
        {"key": "x", "provider": "aniworld"},
        {"key": "../../etc", "provider": "demo"},
        {"key": "..", "provider": "demo"},
        {"key": "a b", "provider": "demo"},
        {"key": "x" * 201, "provider": "demo"},
        {"key": "", "provider": "demo"},
        {"key": "ok", "provider": "demo", "name": "x" * 501},
        {"key": "ok", "provider": "demo", "language_plan": {"order": ["Klingon"]}},
    ],
)
def test_what_names_no_series_is_refused(site: Site, named: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        catalog.add(**named)  # type: ignore[arg-type]  # wrong on purpose
    assert not Series.objects.exists()


@pytest.mark.django_db
@given(st.text(max_size=300))
def test_any_key_may_be_asked_for(key: str) -> None:
    with pytest.raises(NotThere):
        catalog.find(key)
