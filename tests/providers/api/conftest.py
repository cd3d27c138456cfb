"""Every bundled provider with its row, and callers of three kinds."""

from __future__ import annotations

from typing import Any

import pytest

from providers import registry
from providers.models import Provider, ProviderStatus
from tests.aniworld.people import Api, signed_in, user
from tests.providers.costs import queries_of


@pytest.fixture
def rows(db: None, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.DEMO = True
    registry.sync()


@pytest.fixture
def admin(rows: None) -> Api:
    return signed_in(user("operator"))


@pytest.fixture
def member(rows: None) -> Api:
    return signed_in(user("member", staff=False))


def extra(number: int) -> Provider:
    """Another host, such as a package brings."""
    row = Provider.objects.create(name=f"extra{number}", kind="host", display_name=f"Extra {number}", priority=500)
    ProviderStatus.objects.create(provider=row)
    return row


def cost(api: Api, path: str) -> int:
    """How many queries a call takes."""
    answer = api.call("get", path)
    assert answer.status_code == 200, answer.content
    return queries_of(lambda: api.call("get", path))
