"""Requests a minute: never more in any minute, in no rhythm, with every retry counted, and changed while it runs."""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from providers import registry
from providers.demo.site import Site
from providers.exceptions import ProviderError, RateLimited
from providers.models import Provider
from providers.request_rate import _rate, wait_for_turn
from providers.shared_bucket import SharedBucket
from tests.providers.rows import provider
from tests.running import eventually


@pytest.fixture(autouse=True)
def _own_rates(settings: Any, tmp_path: Path) -> None:
    settings.RUN_DIR = tmp_path


@given(
    limit=st.integers(1, 300),
    steps=st.lists(st.tuples(st.floats(0, 20), st.integers(1, 20), st.floats(0, 0.1)), min_size=1, max_size=30),
)
def test_no_minute_has_more_than_the_limit(limit: int, steps: list[tuple[float, int, float]]) -> None:
    now, sent = [1000.0], list[float]()
    with tempfile.TemporaryDirectory() as folder:
        bucket, rate = SharedBucket(Path(folder) / "rate", lambda: now[0]), _rate(limit)
        for pause, count, jitter in steps:
            now[0] += pause
            for _request in range(count):
                place = bucket.take(1, rate, extra=jitter)
                assert place is not None
                sent.append(now[0] + bucket.remaining(place, rate))
    for begin in sent:
        assert sum(begin <= moment < begin + 60 - 1e-6 for moment in sent) <= limit


def _change(**values: Any) -> None:
    """As another process does it."""
    Provider.objects.filter(name="demo").update(**values)


def test_a_limit_that_is_set_meanwhile_holds_for_who_asks_already(providers: Site) -> None:
    catalogue = registry.catalogue("demo")
    for _number in range(3):
        catalogue.newest()
    _change(requests_per_minute=1, timeout_seconds=1)
    Provider.forget()
    catalogue.newest()
    with pytest.raises(RateLimited):
        catalogue.newest()


def test_each_retry_counts(providers: Site) -> None:
    _change(requests_per_minute=20, timeout_seconds=1, max_retries=5, retry_delay=0)
    Provider.forget()
    providers.faults.set("demo", {"fault": 500})
    providers.server.forget_requests()
    with pytest.raises(ProviderError):
        registry.catalogue("demo").newest()
    # Two are saved up, and the third would have to wait for longer than the time limit.
    assert len(providers.requests()) == 2
    with pytest.raises(RateLimited):
        registry.catalogue("demo").newest()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("limit", [6000, None])
def test_a_change_reaches_those_who_wait_within_two_seconds(providers: Site, limit: int | None) -> None:
    _change(requests_per_minute=1, timeout_seconds=600)
    Provider.forget()
    wait_for_turn(provider("demo"))

    def wait() -> None:
        wait_for_turn(provider("demo"))
        connection.close()

    waiting = threading.Thread(target=wait)
    waiting.start()
    waiting.join(0.3)
    assert waiting.is_alive()
    _change(requests_per_minute=limit)
    changed = time.monotonic()
    waiting.join(10)
    assert time.monotonic() - changed < 2


def test_headers_and_parameters_of_another_process_are_in_force_within_two_seconds(providers: Site) -> None:
    client = registry.media_client("demo")
    assert not client.policy.headers
    _change(custom_headers={"X-Who": "operator"}, custom_params={"key": "7"})

    def policy() -> bool:
        now = registry.media_client("demo").policy
        return (now.headers, now.params) == ({"X-Who": "operator"}, {"key": "7"})

    eventually(policy, 2, "the change in force")
