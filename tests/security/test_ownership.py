"""A member sees and changes nothing of others, and nothing that is the administrator's; nobody sees anything."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import hashers
from django.test import Client

from aniworld.accounts import signing_in, tokens
from aniworld.accounts.api import preferences_of
from aniworld.accounts.models import ApiKey, Preferences, Token, User
from aniworld.api import api
from aniworld.configuration import store
from library.models import Favorite
from tests.aniworld.people import Api, signed_in, with_key
from tests.aniworld.test_api_root import OPEN
from tests.browser import seed
from tests.security import places

pytestmark = pytest.mark.django_db

PRIVATE = "only-the-administrator-knows"


@pytest.fixture
def admin(settings: Any, tmp_path: Any) -> User:
    settings.LIBRARY_DIR = tmp_path
    person = seed.everything()
    Favorite.objects.filter(user=person).update(notes=PRIVATE, custom_title=PRIVATE)
    tokens.create_key(person, PRIVATE, "admin")
    tokens.issue(person, "203.0.113.77", PRIVATE)
    wishes = preferences_of(person)
    wishes.language = "xx-private"
    wishes.save()
    return person


@pytest.fixture
def member(admin: User) -> User:
    return seed.user("member", staff=False)


def test_a_member_reads_nothing_of_somebody_else(admin: User, member: User) -> None:
    page = Client(raise_request_exception=False)
    page.force_login(member)
    for address in (*places.pages(), *places.readings()):
        text = page.get(address).content.decode("utf-8", "replace")
        for private in (PRIVATE, "203.0.113.77", "xx-private"):
            assert private not in text, address


def test_a_member_changes_nothing_of_somebody_else(admin: User, member: User) -> None:
    client = signed_in(member)
    key = Favorite.objects.filter(user=admin)[0].series.key
    before = list(Favorite.objects.filter(user=admin).values("notes", "rating"))
    client.call("patch", f"/api/favorites/{key}", {"notes": "mine now", "rating": 1})
    client.call("delete", f"/api/favorites/{key}")
    client.call("patch", "/api/favorites/bulk", {"keys": [key], "is_favorite": False})
    assert list(Favorite.objects.filter(user=admin).values("notes", "rating")) == before
    for token in Token.objects.filter(user=admin):
        assert client.call("delete", f"/api/auth/sessions/{token.pk}").status_code == 404
    for found in ApiKey.objects.all():
        assert client.call("delete", f"/api/auth/apikeys/{found.pk}").status_code == 403
    assert Token.objects.filter(user=admin, is_active=True).exists()
    client.call("patch", "/api/auth/preferences", {"language": "en"})
    assert Preferences.objects.get(user=admin).language == "xx-private"


def test_the_administration_lets_no_member_in(admin: User, member: User) -> None:
    page = Client(raise_request_exception=False)
    page.force_login(member)
    for address in places.administration():
        assert page.get(address).status_code in (302, 403), address


def test_nobody_sees_anything(admin: User) -> None:
    page = Client(raise_request_exception=False)
    for address in places.readings():
        if ("GET", address.removeprefix("/api/")) not in OPEN:
            assert page.get(address).status_code == 401, address
    for address in places.pages():
        answer = page.get(address)
        text = answer.content.decode("utf-8", "replace")
        assert PRIVATE not in text
        assert not [name for name, *_rest in seed.TITLES if name in text], address


@pytest.mark.parametrize("is_on", [False, True])
def test_other_systems_see_nothing_without_a_key(admin: User, is_on: bool) -> None:
    store.change({"integrations": {"torznab_enabled": is_on, "qbittorrent_enabled": is_on}})
    page = Client(raise_request_exception=False)
    page.force_login(admin)
    for address in places.integrations():
        answer = page.get(address)
        text = answer.content.decode("utf-8", "replace")
        assert answer.status_code == (404 if not is_on else 200 if "torznab" in address else 403), address
        assert "torznab" not in address or "<error code=" in text
        assert not [name for name, *_rest in seed.TITLES if name in text], address


@pytest.mark.parametrize("scope", ["read", "queue"])
def test_a_key_of_a_smaller_scope_changes_no_more_than_it_may(admin: User, scope: str) -> None:
    client = with_key(admin, scope)
    for path, operations in api.get_openapi_schema()["paths"].items():
        for method, operation in operations.items():
            if method == "get" or (method.upper(), path.removeprefix("/api/")) in OPEN or path.endswith("/search"):
                continue
            address = places.filled(path, places.known())
            allowed = scope == "queue" and (path.startswith(("/api/queue", "/api/undo")) or path.endswith("/download"))
            if not allowed:
                status = client.call(method, address, {}).status_code
                assert status == 403, f"{operation['operationId']}: {status}"


# Guessing


class Counted(hashers.MD5PasswordHasher):
    """Notes how often a password was hashed."""

    count = 0

    def encode(self, password: str, salt: str) -> str:
        Counted.count += 1
        return super().encode(password, salt)


@pytest.mark.parametrize("name", ["admin", "locked", "nobody", "", "NOBODY\u0000", "x" * 2000])
def test_every_wrong_login_costs_the_same_work(admin: User, settings: Any, name: str) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.Counted"]
    User.objects.create(username="locked", is_active=False, password=hashers.make_password("right"))
    User.objects.filter(pk=admin.pk).update(password=hashers.make_password("right"))
    Counted.count = 0
    with pytest.raises(signing_in.WrongCredentials) as refused:
        signing_in.sign_in("203.0.113.1", name, "wrong")
    assert Counted.count == 1
    assert str(refused.value) == "The user name or the password is wrong."


def test_after_five_failures_the_right_password_is_refused_too_on_every_way_in(admin: User) -> None:
    for number in range(5):
        answer = Api().call("post", "/api/auth/login", {"username": "admin", "password": f"wrong {number}"})
        assert answer.status_code == 401
    right = {"username": "admin", "password": seed.PASSWORD}
    assert Api().call("post", "/api/auth/login", right).status_code == 429
    assert Client().post("/login", right).status_code in (200, 429)
    assert not Client().post("/login", right).wsgi_request.user.is_authenticated
