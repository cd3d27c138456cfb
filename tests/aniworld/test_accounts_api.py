"""Login, sessions, preferences and keys over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from aniworld.accounts.models import Throttle, Token
from tests.aniworld.people import PASSWORD, Api, signed_in, user, with_key

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_passwords")]


def login(**body: Any) -> Any:
    return Api().call("post", "/api/auth/login", body)


def test_login_answers_a_token_that_works_everywhere() -> None:
    user()
    answer = login(password=PASSWORD)
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"access_token", "token_type", "expires_at"}
    assert body["token_type"] == "bearer"
    assert body["expires_at"].endswith("Z")
    client = Api(bearer=body["access_token"])
    assert client.call("get", "/api/auth/status").json() == {
        "configured": True,
        "authenticated": True,
        "username": "admin",
        "is_admin": True,
    }
    assert client.call("get", "/api/v1/auth/sessions").status_code == 200


def test_without_a_name_the_only_superuser_is_meant() -> None:
    user()
    assert login(password=PASSWORD).status_code == 200
    user("second")
    assert login(password=PASSWORD).status_code == 401
    assert login(password=PASSWORD, username="second").status_code == 200


def test_wrong_credentials_say_nothing_more() -> None:
    user()
    user("sleeper", active=False)
    answers = [
        login(username="admin", password="wrong"),
        login(username="nobody", password="wrong"),
        login(username="sleeper", password=PASSWORD),
    ]
    assert [answer.status_code for answer in answers] == [401, 401, 401]
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["code"] == "wrong_credentials"


def test_a_password_is_hashed_whoever_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.contrib.auth.hashers import MD5PasswordHasher

    user()
    user("sleeper", active=False)
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    for name in ("admin", "nobody", "sleeper"):
        login(username=name, password="guess")
    assert hashed == ["guess"] * 3


def test_the_sixth_login_in_a_minute_is_refused_even_when_right() -> None:
    user()
    for _number in range(5):
        assert login(password=PASSWORD).status_code == 200
    refused = login(password=PASSWORD)
    assert refused.status_code == 429
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert refused.json()["code"] == "slow_down"


def test_five_failures_lock_the_pair_and_the_lock_grows() -> None:
    user()
    for _number in range(5):
        assert login(username="admin", password="wrong").status_code == 401
    Throttle.objects.filter(bucket__startswith="login").delete()
    locked = login(username="admin", password=PASSWORD)
    assert locked.status_code == 429
    assert int(locked["Retry-After"]) <= 60
    other = Api().call("post", "/api/auth/login", {"password": PASSWORD}, REMOTE_ADDR="198.51.100.9")
    assert other.status_code == 200
    Throttle.objects.filter(bucket__startswith="lock").update(blocked_until=timezone.now())
    assert login(username="admin", password="wrong").status_code == 401
    locked = login(username="admin", password=PASSWORD)
    assert 60 < int(locked["Retry-After"]) <= 120


def test_forwarded_addresses_of_strangers_do_not_help_a_guesser() -> None:
    user()
    answers = [
        Api().call("post", "/api/auth/login", {"password": "x"}, headers={"X-Forwarded-For": f"203.0.113.{number}"})
        for number in range(6)
    ]
    assert answers[-1].status_code == 429


def test_logout_ends_the_token() -> None:
    client = signed_in(user())
    assert client.call("post", "/api/auth/logout").json() == {"status": "ok"}
    assert client.call("get", "/api/auth/sessions").status_code == 401
    assert client.call("post", "/api/auth/logout").status_code == 401


def test_sessions_are_the_users_own() -> None:
    mine, theirs = signed_in(user()), signed_in(user("other", staff=False))
    rows = mine.call("get", "/api/auth/sessions").json()
    assert [row["current"] for row in rows] == [True]
    assert rows[0]["ip_address"] == "127.0.0.1"
    foreign = Token.objects.get(user__username="other").pk
    assert mine.call("delete", f"/api/auth/sessions/{foreign}").status_code == 404
    assert theirs.call("delete", f"/api/auth/sessions/{foreign}").status_code == 204
    assert theirs.call("get", "/api/auth/sessions").status_code == 401


def test_preferences_keep_what_is_not_named() -> None:
    client = signed_in(user(staff=False))
    assert client.call("get", "/api/auth/preferences").json()["theme"] == "auto"
    changed = client.call("patch", "/api/auth/preferences", {"theme": "dark", "check_interval": 120})
    assert changed.json()["theme"] == "dark"
    again = client.call("patch", "/api/auth/preferences", {"shortcuts": False}).json()
    assert (again["theme"], again["check_interval"], again["shortcuts"]) == ("dark", 120, False)
    for wrong in ({"theme": "pink"}, {"check_interval": 7}, {"unknown": 1}, {"shortcuts": "maybe"}):
        assert client.call("patch", "/api/auth/preferences", wrong).status_code == 422


def test_a_key_is_shown_once() -> None:
    admin = signed_in(user())
    made = admin.call("post", "/api/auth/apikeys", {"name": "script", "scope": "queue"})
    assert made.status_code == 201
    key = made.json()["key"]
    assert admin.call("post", "/api/auth/apikeys", {"name": "script"}).status_code == 409
    listed = admin.call("get", "/api/auth/apikeys")
    assert key not in listed.content.decode()
    assert [row["name"] for row in listed.json()] == ["script"]
    assert Api(key=key).call("get", "/api/auth/preferences").status_code == 200
    assert admin.call("delete", f"/api/auth/apikeys/{made.json()['id']}").status_code == 204
    assert Api(key=key).call("get", "/api/auth/preferences").status_code == 401
    assert admin.call("delete", "/api/auth/apikeys?id=1").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": "a\x00b"},
        {"name": "x", "scope": "root"},
        {"name": "x", "expires_at": "2000-01-01T00:00:00Z"},
        {"name": "x", "expires_at": "9999-12-31T23:59:59-12:00"},
        {"name": "x" * 101},
        {"name": "\ud800"},
    ],
)
def test_wrong_keys_are_422(body: dict[str, str]) -> None:
    assert signed_in(user()).call("post", "/api/auth/apikeys", body).status_code == 422


def test_keys_are_for_administrators() -> None:
    answer = signed_in(user(staff=False)).call("get", "/api/auth/apikeys")
    assert answer.status_code == 403
    assert answer.json()["code"] == "admin_only"


def test_scopes_bound_what_a_key_may() -> None:
    person = user()
    read, queue, admin = (with_key(person, scope) for scope in ("read", "queue", "admin"))
    assert read.call("get", "/api/auth/preferences").status_code == 200
    refused = read.call("patch", "/api/auth/preferences", {"theme": "dark"})
    assert refused.status_code == 403
    assert refused.json()["code"] == "scope"
    assert "read" in refused.json()["detail"]
    assert queue.call("patch", "/api/auth/preferences", {}).status_code == 403
    assert read.call("get", "/api/auth/apikeys").status_code == 403
    assert admin.call("get", "/api/auth/apikeys").status_code == 200
    assert admin.call("post", "/api/auth/logout").status_code == 400


def test_an_expiring_key_expires() -> None:
    soon = (timezone.now() + timedelta(hours=1)).isoformat()
    made = signed_in(user()).call("post", "/api/auth/apikeys", {"name": "x", "expires_at": soon})
    assert made.json()["expires_at"].endswith("Z")


def test_the_browsers_session_needs_the_csrf_token_to_change_things() -> None:
    client = Api()
    client.force_login(user())
    assert client.call("get", "/api/auth/preferences").status_code == 200
    refused = client.call("patch", "/api/auth/preferences", {"theme": "dark"})
    assert refused.status_code == 403
    assert refused.json()["code"] == "csrf"
    client.cookies["csrftoken"] = token = "a" * 32
    done = client.call("patch", "/api/auth/preferences", {"theme": "dark"}, headers={"X-CSRFToken": token})
    assert done.status_code == 200
    assert client.call("post", "/api/auth/logout", headers={"X-CSRFToken": token}).status_code == 200
    assert client.call("get", "/api/auth/preferences").status_code == 401


def test_a_bearer_token_needs_no_csrf_token_beside_a_session() -> None:
    person = user()
    client = signed_in(person)
    client.force_login(person)
    assert client.call("patch", "/api/auth/preferences", {"theme": "dark"}).status_code == 200


def test_status_is_open() -> None:
    nobody = {"configured": False, "authenticated": False, "username": None, "is_admin": False}
    assert Api().call("get", "/api/auth/status").json() == nobody
    user()
    assert Api().call("get", "/api/auth/status").json() == {**nobody, "configured": True}
    assert Api(bearer="awt_wrong").call("get", "/api/auth/status").json()["authenticated"] is False
