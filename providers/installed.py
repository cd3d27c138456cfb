"""Which catalogues and hosts are installed, by name; imported on first use. No rows: what is asked stands in those."""

from __future__ import annotations

import logging
from functools import cache
from importlib.metadata import entry_points
from typing import TypeVar

from django.conf import settings
from django.utils.module_loading import import_string

from providers import demo
from providers.contracts import Catalogue, Host
from providers.exceptions import AddressRefused
from providers.http import transport

log = logging.getLogger(__name__)

CATALOGUES = {
    "demo": "providers.catalogues.demo.DemoCatalogue",
    "aniworld": "providers.catalogues.aniworld.AniworldCatalogue",
    "archive-org": "providers.catalogues.archive_org.ArchiveOrg",
    "http-index": "providers.catalogues.http_index.HttpIndex",
    "local-files": "providers.catalogues.local_files.LocalFiles",
    "ytdlp": "providers.catalogues.ytdlp.YtdlpCatalogue",
}
HOSTS = {
    "demo-file": "providers.hosts.demo.DemoFile",
    "demo-hls": "providers.hosts.demo.DemoHLS",
    "demo-aes": "providers.hosts.demo.DemoAES",
    "voe": "providers.hosts.named.Voe",
    "vidoza": "providers.hosts.named.Vidoza",
    "vidmoly": "providers.hosts.named.Vidmoly",
    "filemoon": "providers.hosts.named.Filemoon",
    "doodstream": "providers.hosts.named.Doodstream",
    "streamtape": "providers.hosts.named.Streamtape",
    "loadx": "providers.hosts.named.LoadX",
    "luluvdo": "providers.hosts.named.Luluvdo",
    "speedfiles": "providers.hosts.named.SpeedFiles",
    "direct": "providers.hosts.direct.Direct",
    "ytdlp-video": "providers.hosts.ytdlp_video.YtdlpVideo",
    "local-file": "providers.hosts.local_file.LocalFile",
}
ENTRY_POINTS = "aniworld.providers"
# Parts of the API's paths that stand where a provider's name may: none may be called so.
RESERVED = frozenset(
    {"available", "best", "check-interval", "config", "export", "failover", "health", "import", "reorder", "status"}
)

P = TypeVar("P", Catalogue, Host)


def catalogue_classes() -> dict[str, type[Catalogue]]:
    """Every catalogue that is installed, by name; the demo only while it is on."""
    return _listed(_bundled_catalogues() | _third_party()[0])


def host_classes() -> dict[str, type[Host]]:
    """Every host that is installed, by name; the demo's only while it is on."""
    return _listed(_bundled_hosts() | _third_party()[1])


def usual_address(name: str) -> str:
    """Where a provider is when the operator names no address; empty when only links lead to it, or nobody knows."""
    found = catalogue_classes().get(name) or host_classes().get(name)
    return found.usual_address() if found else ""


def shared_address(name: str) -> str:
    """The catalogue whose address is that host's, too; empty when there is none."""
    found = host_classes().get(name)
    return found.address_of if found else ""


def needs_address(name: str) -> bool:
    """Whether nothing can be asked of that catalogue without an address."""
    found = catalogue_classes().get(name)
    return found is None or found.needs_address


def usual_site(name: str) -> str:
    """Where most people use that catalogue, as an example of its address; empty when there is no such place."""
    found = catalogue_classes().get(name)
    return found.usual_site if found else ""


def check_address(name: str, address: str) -> None:
    """Raises `AddressRefused` for what that provider can't be asked at."""
    found = catalogue_classes().get(name) or host_classes().get(name)
    if found is None or not found.is_local:
        transport.check_address(address)
    elif not address.startswith("/") or "\0" in address:
        raise AddressRefused(f"{found.display_name} needs an absolute path of this machine, such as /srv/media.")


def _listed(classes: dict[str, type[P]]) -> dict[str, type[P]]:
    return classes if settings.DEMO else {name: found for name, found in classes.items() if name not in demo.PROVIDERS}


@cache
def _bundled_catalogues() -> dict[str, type[Catalogue]]:
    return {name: import_string(path) for name, path in CATALOGUES.items()}


@cache
def _bundled_hosts() -> dict[str, type[Host]]:
    return {name: import_string(path) for name, path in HOSTS.items()}


@cache
def _third_party() -> tuple[dict[str, type[Catalogue]], dict[str, type[Host]]]:
    """What installed packages add. One that can't be loaded, or takes a bundled name, is left out and logged."""
    catalogues: dict[str, type[Catalogue]] = {}
    hosts: dict[str, type[Host]] = {}
    for entry in entry_points(group=ENTRY_POINTS):
        try:
            found = entry.load()
            name = str(found.name)
            is_catalogue, is_host = issubclass(found, Catalogue), issubclass(found, Host)
        except Exception:
            log.exception("The provider %s could not be loaded and is left out.", entry.name)
            continue
        if name in CATALOGUES or name in HOSTS or name in RESERVED or not (is_catalogue or is_host):
            log.error(
                "The provider %s is left out: its name is taken, or it is neither catalogue nor host.", entry.name
            )
        elif is_catalogue:
            catalogues[name] = found
        else:
            hosts[name] = found
    return catalogues, hosts
