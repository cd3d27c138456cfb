"""Providers by name: rows, runtime configuration without restart, packages that add some."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from pytest_django import DjangoAssertNumQueries, Settings

from aniworld.configuration import store
from providers import checking, installed, registry
from providers.contracts import Catalogue, Host
from providers.demo.site import Site
from providers.exceptions import (
    ConnectionFailed,
    NotConfigured,
)
from providers.models import Provider, ProviderStatus
from providers.monitored import MonitoredHost
from tests.providers.rows import provider

HOST_NAMES = ["demo-file", "demo-hls", "demo-aes", "voe", "vidoza", "vidmoly", "filemoon", "doodstream", "streamtape",
              "loadx", "luluvdo", "speedfiles", "direct", "ytdlp-video", "local-file"]  # fmt: skip
OFF = ("aniworld", "archive-org", "http-index", "local-files", "ytdlp")


def test_every_provider_has_its_row(providers: Site) -> None:
    assert set(Provider.objects.filter(kind="host").values_list("name", flat=True)) == set(HOST_NAMES)
    assert not Provider.objects.filter(kind="host", enabled=False).exists()
    catalogues = dict(Provider.objects.filter(kind="catalogue").values_list("name", "enabled"))
    assert catalogues == {"demo": True, **dict.fromkeys(OFF, False)}
    assert ProviderStatus.objects.count() == Provider.objects.count()


def test_sync_keeps_what_the_operator_chose(providers: Site) -> None:
    Provider.objects.filter(name="voe").update(enabled=False, priority=1, timeout_seconds=5)
    registry.sync()
    assert (provider("voe").enabled, provider("voe").priority, provider("voe").timeout_seconds) == (False, 1, 5)
    assert ProviderStatus.objects.count() == Provider.objects.count()


def test_without_the_demo_there_are_no_demo_providers(providers: Site, settings: Settings) -> None:
    settings.DEMO = False
    registry.sync()
    assert not Provider.objects.filter(name__startswith="demo").exists()
    assert registry.enabled_catalogues() == []
    with pytest.raises(NotConfigured):
        registry.host("demo-file")


def test_registered_classes_fit_their_names() -> None:
    classes: list[tuple[str, type[Catalogue] | type[Host]]] = [
        *installed._bundled_catalogues().items(),
        *installed._bundled_hosts().items(),
    ]
    for name, found in classes:
        assert found.name == name
        assert found.display_name
        assert issubclass(found, Catalogue | Host)


def test_what_can_t_be_used_says_why(providers: Site) -> None:
    for ask, text in (
        (lambda: registry.catalogue("aniworld"), "not enabled"),
        (lambda: registry.catalogue("voe"), "no provider"),
        (lambda: registry.host("demo"), "no provider"),
        (lambda: registry.host("\x00" * 500), "no provider"),
        (lambda: checking.check("x"), "no provider"),
    ):
        with pytest.raises(NotConfigured, match=text):
            ask()
    Provider.objects.filter(name="aniworld").update(enabled=True)
    Provider.forget()
    with pytest.raises(NotConfigured, match="no address"):
        registry.catalogue("aniworld")
    assert [row.name for row in registry.without_address()] == ["aniworld"]


def test_a_catalogue_works_once_it_has_an_address(providers: Site) -> None:
    row = provider("aniworld")
    row.enabled, row.base_url = True, providers.address + "/"
    row.save()
    found = registry.catalogue("aniworld")
    assert found.address == providers.address
    assert found.search("silber")
    assert [one.name for one in registry.enabled_catalogues()] == ["demo", "aniworld"]


def test_a_link_finds_its_catalogue(providers: Site) -> None:
    found = registry.catalogue_for_link(f"{providers.address}/anime/stream/con")
    assert found
    assert found.name == "demo"
    for link in ("", "x", "http://elsewhere.example/anime/stream/con", "http://[", providers.address):
        assert registry.catalogue_for_link(link) is None


def test_configuration_takes_effect_without_restart(providers: Site) -> None:
    assert registry.media_client("demo-file").policy.timeout == 2
    same = registry.media_client("demo-file")
    assert same is registry.media_client("demo-file")
    row = provider("demo-file")
    row.timeout_seconds, row.custom_headers = 7, {"X-A": "b"}
    row.save()
    policy = registry.media_client("demo-file").policy
    assert (policy.timeout, policy.headers, policy.retries) == (7, {"X-A": "b"}, 3)
    store.change({"providers": {"max_retries": 9}})
    assert registry.media_client("demo-file").policy.retries == 9
    assert registry.media_client("unknown").policy.timeout == 2
    row.disable()
    with pytest.raises(NotConfigured):
        registry.host("demo-file")
    row.enable()
    assert registry.host("demo-file")


def test_a_change_by_another_process_is_seen_within_two_seconds(
    providers: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.host("voe")
    Provider.objects.filter(name="voe").update(enabled=False)
    registry.host("voe")
    assert Provider._MAXIMUM_AGE <= 2
    monkeypatch.setattr(Provider, "_MAXIMUM_AGE", 0)
    with pytest.raises(NotConfigured):
        registry.host("voe")


def test_asking_many_times_reads_the_rows_once(
    providers: Site, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    registry.host("voe")
    with django_assert_num_queries(0):
        for _ in range(50):
            registry.host("voe")
            registry.media_client("voe")


def test_only_the_demo_and_what_the_operator_named_may_be_private(providers: Site, settings: Settings) -> None:
    settings.ALLOWED_PRIVATE_HOSTS = ["nas.local"]
    assert registry.media_client("voe").policy.allowed_private_hosts == {"nas.local", f"127.0.0.1:{providers.port}"}
    settings.DEMO = False
    assert registry.media_client("voe").policy.allowed_private_hosts == {"nas.local"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("base_url", "ftp://x/"),
        ("base_url", "http://u:p@x/"),
        ("timeout_seconds", 0),
        ("max_retries", 0),
        ("retry_delay", float("nan")),
        ("retry_delay", -1),
        ("bandwidth_limit_mbps", float("inf")),
        ("requests_per_minute", 0),
        ("custom_headers", []),
        ("custom_headers", {"A": 1}),
        ("custom_headers", {"A": "b\r\nC: d"}),
        ("custom_headers", {"A:": "b"}),
        ("custom_headers", {"": "x"}),
        ("custom_params", {"a": "\x00"}),
        ("custom_params", None),
        ("custom_headers", {"A": "ł"}),
    ],
)
def test_what_can_t_work_is_refused_before_it_is_kept(field: str, value: Any, providers: Site) -> None:
    row = provider("voe")
    row.full_clean()
    setattr(row, field, value)
    with pytest.raises(ValidationError) as caught:
        row.full_clean()
    assert list(caught.value.message_dict) == [field]


# Third parties


class Foreign(Host):
    """A host from another package."""

    name, display_name, aliases = "foreign", "Foreign", ("fremd",)

    def resolve(self, link: str) -> Any:
        raise ConnectionFailed("no")


class Entry:
    def __init__(self, name: str, found: Any) -> None:
        self.name, self.found = name, found

    def load(self) -> Any:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


@pytest.fixture
def third_party(monkeypatch: pytest.MonkeyPatch) -> Any:
    taken = type("Taken", (Foreign,), {"name": "voe"})
    reserved = type("Reserved", (Foreign,), {"name": "health"})
    entries = [Entry("good", Foreign), Entry("bad", ImportError("x")), Entry("taken", taken), Entry("odd", object)]
    entries.append(Entry("health", reserved))
    monkeypatch.setattr(installed, "entry_points", lambda group: entries if group == "aniworld.providers" else [])
    installed._third_party.cache_clear()
    yield
    installed._third_party.cache_clear()


def test_packages_add_providers_and_broken_ones_are_left_out(third_party: None, providers: Site) -> None:
    registry.sync()
    assert provider("foreign").kind == "host"
    assert registry.host_named("FREMD") == "foreign"
    assert isinstance(registry.host("foreign"), MonitoredHost)
    assert type(registry.host("voe").provider).__name__ == "Voe"
    assert set(installed.host_classes()) == {*HOST_NAMES, "foreign"}
