"""More ways to break an installation: the machine, access to it, the outside world, what is kept."""

from __future__ import annotations

import os
import resource
import socket
import sys
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError
from ipaddress import ip_network
from pathlib import Path

from django.utils import timezone

from aniworld.accounts.models import User
from aniworld.alerts.models import Alert
from aniworld.checks import access, kept, machine, outside, sign_on
from aniworld.configuration import store
from aniworld.configuration.models import Configuration
from aniworld.environment_sign_on import OpenIdProvider, ProxyHeader, Rule
from providers.models import Provider, ProviderStatus
from tests.aniworld.breaking import Bench, breaks

# The machine


@breaks(machine.python_version)
def old_python(bench: Bench) -> None:
    bench.patch.setattr(sys, "version_info", (3, 9, 1))


@breaks(machine.python_version)
def new_python(bench: Bench) -> None:
    bench.patch.setattr(sys, "version_info", (3, 99, 1))


@breaks(machine.open_files)
def few_handles(bench: Bench) -> None:
    bench.patch.setattr(resource, "getrlimit", lambda _which: (256, 256))


@breaks(machine.memory)
def little_memory(bench: Bench) -> None:
    (bench.folder / "meminfo").write_text("MemTotal: 100 kB\nMemAvailable:   51200 kB\n")
    bench.patch.setattr(machine, "MEMORY", bench.folder / "meminfo")


@breaks(machine.time_zone)
def no_such_zone(bench: Bench) -> None:
    bench.settings.TIME_ZONE = "Moon/Base"


@breaks(machine.user)
def as_root(bench: Bench) -> None:
    bench.patch.setattr(os, "geteuid", lambda: 0)


@breaks(machine.environment_file)
def misspelt_variable(bench: Bench) -> None:
    bench.settings.UNKNOWN_VARIABLES = ["PROT"]


@breaks(machine.ytdlp)
def old_ytdlp(bench: Bench) -> None:
    bench.patch.setattr(machine, "version", lambda _name: "2020.1.1")


@breaks(machine.ytdlp)
def no_ytdlp(bench: Bench) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    bench.patch.setattr(machine, "version", missing)


@breaks(machine.port)
def somebody_listens(bench: Bench) -> None:
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    bench.settings.PORT = taken.getsockname()[1]
    # Kept open as long as the settings are.
    bench.settings.KEPT_OPEN = taken


# Access


@breaks(access.https)
def https_without_a_proxy(bench: Bench) -> None:
    bench.settings.HTTPS = True


@breaks(access.https)
def https_with_a_plain_origin(bench: Bench) -> None:
    bench.settings.HTTPS = True
    bench.settings.TRUSTED_PROXIES = [ip_network("10.0.0.1")]
    bench.settings.CSRF_TRUSTED_ORIGINS = ["http://nas.lan"]


@breaks(access.allowed_hosts)
def any_host(bench: Bench) -> None:
    bench.settings.ALLOWED_HOSTS = ["*"]


@breaks(access.allowed_hosts)
def open_to_all_under_no_name(bench: Bench) -> None:
    bench.settings.HOST = "0.0.0.0"


@breaks(access.proxies)
def everybody_is_a_proxy(bench: Bench) -> None:
    bench.settings.TRUSTED_PROXIES = [ip_network("0.0.0.0/0")]


@breaks(access.debug)
def debugging(bench: Bench) -> None:
    bench.settings.DEBUG = True


@breaks(access.key_strength)
def simple_key(bench: Bench) -> None:
    bench.settings.SECRET_KEY = "changeme"


@breaks(access.passwords)
def any_password(bench: Bench) -> None:
    bench.settings.AUTH_PASSWORD_VALIDATORS = []


@breaks(access.administrator)
def nobody_yet(bench: Bench) -> None:
    User.objects.all().delete()


@breaks(access.administrator)
def administrator_locked_out(bench: Bench) -> None:
    User.objects.update(is_active=False)


# The outside world


@breaks(outside.providers)
def no_host_enabled(bench: Bench) -> None:
    Provider.objects.filter(kind="host").update(enabled=False)


@breaks(outside.providers)
def a_host_is_down(bench: Bench) -> None:
    row = Provider.objects.get(name="direct")
    ProviderStatus.objects.update_or_create(provider=row, defaults={"status": "down"})


@breaks(outside.catalogue_address)
def a_catalogue_without_address(bench: Bench) -> None:
    Provider.objects.filter(name="aniworld").update(base_url="")


@breaks(outside.third_party)
def a_package_is_gone(bench: Bench) -> None:
    Provider.objects.create(name="of-a-package", kind="host", display_name="X")


@breaks(outside.alerts)
def alerts_do_not_arrive(bench: Bench) -> None:
    now = timezone.now()
    Alert.objects.create(kind="disk_low", title="x", state="failed", reason="no route", raised_at=now, due_at=now)


@breaks(outside.demo)
def the_demo_stays_on(bench: Bench) -> None:
    bench.settings.DEMO = True
    Provider.objects.create(name="demo", kind="catalogue", display_name="Demo", base_url="http://127.0.0.1:1")


# What is kept


@breaks(kept.configuration)
def nonsense_in_the_row(bench: Bench) -> None:
    Configuration.objects.update_or_create(pk=1, defaults={"downloads": {"max_retries": "many"}})


@breaks(kept.log_level)
def another_level(bench: Bench) -> None:
    bench.patch.setenv("LOG_LEVEL", "ERROR")


@breaks(kept.backups)
def no_backup_for_days(bench: Bench) -> None:
    old = timezone.now() - timedelta(days=3)
    Configuration.objects.update_or_create(pk=1, defaults={"created_at": old})
    Configuration.objects.update(created_at=old)


@breaks(kept.backups)
def last_backup_is_old(bench: Bench) -> None:
    _backup(bench, timezone.now() - timedelta(days=3))


@breaks(kept.backups)
def no_backup_and_no_schedule(bench: Bench) -> None:
    store.change({"advanced": {"backup_schedule": "off"}})


@breaks(kept.verified_backup)
def backup_not_proved(bench: Bench) -> None:
    _backup(bench, timezone.now())


@breaks(kept.verified_backup)
def backup_cut_off(bench: Bench) -> None:
    path = _backup(bench, timezone.now())
    path.with_name(f"{path.name}.json").write_text('{"size": 99, "verified_at": "2026-01-01T00:00:00Z"}')


def _backup(bench: Bench, made_at: datetime) -> Path:
    path: Path = bench.settings.BACKUP_DIR / f"aniworld-{made_at:%Y%m%dT%H%M%S}Z.sqlite3"
    path.write_bytes(b"x")
    return path


# Signing in by another system


def openid(bench: Bench, issuer: str = "https://auth.example.org", secret: str = "s") -> None:
    bench.settings.OPENID_PROVIDER = OpenIdProvider(issuer, "me", "SSO", (), "groups", Rule(), True, secret)


def proxy_header(bench: Bench, *networks: str) -> None:
    bench.settings.AUTH_PROXY = ProxyHeader("Remote-User", "", Rule(), auto_create=True, logout_url="")
    bench.settings.TRUSTED_PROXIES = [ip_network(one) for one in networks]


@breaks(sign_on.openid_settings)
def no_client_secret(bench: Bench) -> None:
    openid(bench, secret="")


@breaks(sign_on.openid_settings)
def issuer_without_tls(bench: Bench) -> None:
    openid(bench, "http://auth.example.org")


@breaks(sign_on.openid_callback)
def nobody_is_sent_back(bench: Bench) -> None:
    openid(bench)


@breaks(sign_on.openid_provider)
def provider_is_away(bench: Bench) -> None:
    openid(bench, "http://127.0.0.1:9")


@breaks(sign_on.proxy_header)
def header_of_nobody(bench: Bench) -> None:
    proxy_header(bench)


@breaks(sign_on.proxy_header)
def header_of_a_whole_network(bench: Bench) -> None:
    proxy_header(bench, "192.168.1.0/24")
