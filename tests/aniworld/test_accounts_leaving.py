"""What ends when a password is changed, a user deactivated, a session ended; and who may change a password."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import SESSION_KEY
from django.test import Client

from aniworld.accounts import sessions, tokens
from aniworld.accounts.models import ApiKey, BrowserSession, Token, User
from aniworld.audit.models import Change
from aniworld.live.identity import Identity, by_token, still_valid
from tests.aniworld.people import PASSWORD, Api, signed_in, user, with_key

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_passwords")]

NEW = "another good battery"


def opens(client: Client) -> bool:
    if isinstance(client, Api):
        return bool(client.call("get", "/api/auth/preferences").status_code == 200)
    return client.get("/api/auth/preferences").status_code == 200


def browser(person: User) -> Client:
    client = Client(headers={"User-Agent": "Firefox of the tests"})
    assert client.post("/login", {"username": person.username, "password": PASSWORD}).status_code == 302
    return client


def change(client: Any, present: str = PASSWORD, new: str = NEW) -> Any:
    return client.call("post", "/api/auth/password", {"current_password": present, "new_password": new})


def test_a_new_password_ends_all_but_the_one_that_asked() -> None:
    person, stranger = user(), signed_in(user("other"))
    here, there, at_home = signed_in(person), signed_in(person), browser(person)
    assert change(here).json() == {"status": "ok"}
    assert (opens(here), opens(there), opens(at_home), opens(stranger)) == (True, False, False, True)
    person.refresh_from_db()
    assert person.check_password(NEW)
    change_row = Change.objects.get()
    assert (change_row.by, change_row.via) == ("admin", "api")
    assert NEW not in str(change_row.changes)


def test_the_browser_that_asked_stays_signed_in() -> None:
    person = user()
    there = signed_in(person)
    here, elsewhere = browser(person), browser(person)
    body = {"current_password": PASSWORD, "new_password": NEW}
    page = here.post("/api/auth/password", body, content_type="application/json")
    assert page.status_code == 200
    assert (opens(here), opens(elsewhere), opens(there)) == (True, False, False)


def test_every_error_of_a_new_password_is_told() -> None:
    answer = change(signed_in(user()), "wrong", "123")
    assert answer.status_code == 422
    assert len(answer.json()["detail"]) == 4
    assert "wrong" in answer.json()["detail"][0]["msg"]
    assert PASSWORD not in answer.content.decode()


def test_guessing_the_present_password_is_locked() -> None:
    client = signed_in(user())
    answers = [change(client, "wrong") for _number in range(5)] + [change(client)]
    assert [answer.status_code for answer in answers] == [422] * 5 + [429]
    assert int(answers[-1]["Retry-After"]) > 0


def test_a_key_and_a_stranger_change_no_password() -> None:
    assert change(with_key(user(), "admin")).status_code == 403
    assert change(Api()).status_code == 401


def test_a_deactivated_user_loses_everything_at_once_and_for_good() -> None:
    person = user()
    clients = [signed_in(person), with_key(person, "admin"), browser(person)]
    _token, text = tokens.issue(person, None, "socket")
    socket = by_token(text, tokens.verify)
    session_key = clients[-1].session.session_key or ""
    in_browser = Identity(person.pk, person.username, "admin", session_key)
    assert socket
    assert all(opens(client) for client in clients)
    assert still_valid(socket)
    assert still_valid(in_browser)
    person.is_active = False
    person.save()
    assert not any(opens(client) for client in clients)
    assert not still_valid(socket)
    assert not still_valid(in_browser)
    assert Client().post("/login", {"username": "admin", "password": PASSWORD}).status_code == 401
    person.is_active = True
    person.save()
    assert [opens(client) for client in clients] == [False, True, False]


def test_an_update_past_the_model_locks_out_as_well() -> None:
    person = user()
    clients = [signed_in(person), with_key(person, "admin"), browser(person)]
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert not any(opens(client) for client in clients)


def test_a_browser_session_is_known_by_address_and_browser_and_can_be_ended() -> None:
    person = user()
    client, other = browser(person), browser(user("other"))
    row = sessions.live(person).get()
    assert (row.ip_address, row.user_agent) == ("127.0.0.1", "Firefox of the tests")
    began = row.created_at
    client.get("/")
    row.refresh_from_db()
    assert row.created_at == began
    BrowserSession.objects.filter(pk=row.pk).update(last_activity=began.replace(year=2020))
    client.get("/")
    row.refresh_from_db()
    assert row.last_activity > began.replace(year=2021)
    row.delete()
    assert (opens(client), opens(other)) == (False, True)
    assert SESSION_KEY not in client.session


def test_a_session_that_is_no_sign_in_belongs_to_nobody() -> None:
    store = sessions.SessionStore()
    store["a"] = 1
    store.save()
    assert BrowserSession.objects.get().user is None


def test_logout_ends_the_browser_session() -> None:
    person = user()
    client = browser(person)
    client.post("/logout")
    assert not sessions.live(person).exists()


def test_keys_are_in_the_log_of_changes() -> None:
    client = signed_in(user())
    made = client.call("post", "/api/auth/apikeys", {"name": "script", "scope": "queue"}).json()
    assert client.call("delete", f"/api/auth/apikeys/{made['id']}").status_code == 204
    assert client.call("delete", f"/api/auth/apikeys/{made['id']}").status_code == 404
    rows = list(Change.objects.values_list("by", "via", "action", "subject"))
    assert rows == [("admin", "api", "deleted", "API key script"), ("admin", "api", "made", "API key script")]
    assert made["key"] not in str(list(Change.objects.values()))
    assert not ApiKey.objects.exists()


def test_a_deactivated_superuser_does_not_keep_the_other_from_signing_in_by_password_alone() -> None:
    user()
    user("gone", active=False)
    assert Api().call("post", "/api/auth/login", {"password": PASSWORD}).status_code == 200
    assert Token.objects.get().user.username == "admin"
