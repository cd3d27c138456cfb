"""What lets a program in, and for how long."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from aniworld.accounts import tasks, tokens
from aniworld.accounts.models import ApiKey, BrowserSession, Token
from aniworld.configuration import store
from tests.aniworld.people import Api, signed_in, user, with_key

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_passwords")]


def test_a_token_is_256_random_bits_and_only_its_hash_is_kept() -> None:
    token, text = tokens.issue(user(), "192.0.2.1", "agent\x00 one")
    assert len(text) == len(tokens.TOKEN_MARK) + 43
    assert token.hash == tokens.hash_of(text)
    assert token.prefix == text[:12]
    assert text not in str(Token.objects.values().get())
    assert "\x00" not in token.user_agent


def test_it_opens_until_revoked_expired_or_its_user_is_inactive() -> None:
    person = user()
    token, text = tokens.issue(person, None, "")
    found = tokens.verify(text)
    assert found
    assert found.user == person
    assert found.is_admin
    assert token.revoke()
    assert not token.revoke()
    assert tokens.verify(text) is None
    other, text = tokens.issue(person, None, "")
    Token.objects.filter(pk=other.pk).update(expires_at=timezone.now())
    assert tokens.verify(text) is None
    text = tokens.issue(person, None, "")[1]
    person.is_active = False
    person.save()
    assert tokens.verify(text) is None


@pytest.mark.parametrize("text", ["", "x", "awt_", "awk_", "awt_\x00", "awt_\ud800", "ä" * 100_000])
def test_nothing_else_opens(text: str) -> None:
    assert tokens.verify(text) is None


def test_how_long_it_lasts_is_configured() -> None:
    store.change({"general": {"session_timeout_hours": 3}})
    token = tokens.issue(user(), None, "")[0]
    assert timedelta(hours=2, minutes=59) < token.expires_at - timezone.now() <= timedelta(hours=3)


def test_the_last_activity_is_written_once_a_minute() -> None:
    token, text = tokens.issue(user(), None, "")
    tokens.verify(text)
    token.refresh_from_db()
    first = token.last_activity
    Token.objects.update(last_activity=first - timedelta(seconds=61))
    tokens.verify(text)
    token.refresh_from_db()
    assert token.last_activity >= first


def test_a_key_narrows_its_user() -> None:
    text = tokens.create_key(user(), "script", "read")[1]
    found = tokens.verify(text)
    assert found
    assert found.scope == ApiKey.Scope.READ
    assert not found.is_admin
    assert ApiKey.objects.get().last_used


def test_a_key_runs_out() -> None:
    text = tokens.create_key(user(), "script", "admin", timezone.now())[1]
    assert tokens.verify(text) is None


def test_a_new_password_revokes_the_tokens() -> None:
    person = user()
    text = tokens.issue(person, None, "")[1]
    person.set_password("another long password")
    person.save()
    assert tokens.verify(text) is None


def test_old_tokens_are_deleted_a_day_later() -> None:
    person = user()
    live = tokens.issue(person, None, "")[0]
    expired = tokens.issue(person, None, "")[0]
    Token.objects.filter(pk=expired.pk).update(expires_at=timezone.now() - timedelta(hours=25))
    revoked = tokens.issue(person, None, "")[0]
    revoked.revoke()
    Token.objects.filter(pk=revoked.pk).update(updated_at=timezone.now() - timedelta(hours=25))
    BrowserSession.objects.create(session_key="old", session_data="", expire_date=timezone.now())
    assert tasks.prune() == "2 tokens, 0 counts and 1 sessions deleted"
    assert list(Token.objects.all()) == [live]


@pytest.mark.parametrize(
    ("client", "told"),
    [
        (Api(key="awk_nothing"), "The API key is wrong, expired or revoked."),
        (Api(bearer="awk_nothing"), "The API key is wrong, expired or revoked."),
        (Api(bearer="awt_nothing"), "The bearer token is wrong, expired or revoked."),
        (Api(key=" "), "Sign in first"),
        (Api(), "Sign in first"),
    ],
)
def test_what_opens_nothing_is_told_apart_from_nothing(client: Api, told: str) -> None:
    for path in ("/api/queue/status", "/api/config"):
        answer = client.call("get", path)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
        assert answer.json()["detail"].startswith(told)
        assert answer["WWW-Authenticate"] == "Bearer"


def test_an_expired_key_is_told_so_and_a_session_still_opens_beside_a_foreign_token() -> None:
    person = user()
    client = with_key(person, "read")
    ApiKey.objects.update(expires_at=timezone.now())
    assert "expired" in client.call("get", "/api/queue/status").json()["detail"]
    foreign = Api(bearer="of-a-proxy")
    foreign.force_login(person)
    assert foreign.call("get", "/api/queue/status").status_code == 200
    assert signed_in(person).call("get", "/api/queue/status").status_code == 200
