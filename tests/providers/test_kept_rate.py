"""Limits over several machines: counted in Redis, or kept by shares while there is none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis

from aniworld import clock
from aniworld.supervisor.models import Machine
from providers import kept_rate
from providers.kept_rate import KeptRate
from providers.rate import Rate
from tests.database_servers import redis_database
from tests.running import free_port

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _as_at_the_start(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.EMBEDDED = False
    settings.REDIS_URL = ""
    monkeypatch.setattr(kept_rate, "_redis", kept_rate._Redis())
    monkeypatch.setattr(kept_rate, "_machines", kept_rate._Machines())


@pytest.fixture
def redis_url(settings: Any) -> Iterator[str]:
    with redis_database() as url:
        settings.REDIS_URL = url
        yield url


def rate_of(folder: Path, *, of_downloads: bool = False) -> KeptRate:
    """As a machine with this folder of its own has it."""
    return KeptRate("a rate", folder, of_downloads=of_downloads)


def machine(name: str, *, workers: bool = True, silent: float = 0) -> None:
    seen = clock.now() - timedelta(seconds=silent)
    Machine.objects.create(instance=name, host=name, workers=workers, started_at=seen, seen_at=seen)


def test_two_machines_keep_one_rate(redis_url: str, tmp_path: Path) -> None:
    one, other, allowed = rate_of(tmp_path / "one"), rate_of(tmp_path / "other"), Rate(0.01, 2)
    assert one.take(1, allowed, within=0)
    assert other.take(1, allowed, within=0)
    assert one.take(1, allowed, within=0) is None
    assert other.wait_for(1, allowed) == pytest.approx(100, rel=0.1)
    place = other.take(1, allowed)
    assert place
    assert one.remaining(place, Rate(1, 2)) == pytest.approx(1, abs=0.3)


def test_who_waits_when_redis_forgets_everything_goes_on(redis_url: str, tmp_path: Path) -> None:
    one, allowed = rate_of(tmp_path), Rate(1, 1)
    place = one.take(5000, allowed)
    assert place
    assert one.remaining(place, allowed) > 4000
    redis.Redis.from_url(redis_url).delete(*redis.Redis.from_url(redis_url).keys("aniworld:rate:*"))
    assert one.remaining(place, allowed) == 0
    assert one.take(1, allowed, within=0)


def test_without_redis_each_machine_keeps_to_its_share(tmp_path: Path) -> None:
    machine("one")
    machine("two")
    machine("web", workers=False)
    machine("gone", silent=120)
    allowed = Rate(0.6, 6)
    downloads, requests = rate_of(tmp_path / "a", of_downloads=True), rate_of(tmp_path / "b")
    assert downloads.take(3, allowed, within=0)
    assert downloads.wait_for(3, allowed) == pytest.approx(10, rel=0.1)
    assert requests.take(2, allowed, within=0)
    assert requests.wait_for(2, allowed) == pytest.approx(10, rel=0.1)


def test_a_redis_that_is_gone_is_done_without_and_asked_again_later(
    settings: Any, tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, allowed = rate_of(tmp_path), Rate(1, 1)
    place = one.take(100, allowed)
    assert place
    assert place.of_all
    gone = f"redis://127.0.0.1:{free_port()}/0"
    monkeypatch.setattr(one, "_of_all", kept_rate._through_redis().RedisBucket(gone, "a rate"))
    # Whoever waits for a place that is known nowhere any more goes on.
    assert one.remaining(place, allowed) == 0
    instead = one.take(1, allowed)
    assert instead
    assert not instead.of_all
    monkeypatch.undo()
    settings.REDIS_URL = redis_url
    again = rate_of(tmp_path).take(1, allowed)
    assert again
    assert again.of_all == kept_rate._redis.is_asked()
