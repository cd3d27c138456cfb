"""Who may call the download client, and from where not."""

from __future__ import annotations

import pytest

from aniworld.accounts import tokens
from aniworld.accounts.models import ApiKey, Token, User
from aniworld.configuration import store
from integrations.qbittorrent import views
from integrations.qbittorrent.models import Category, ClientSession
from tests.aniworld.people import PASSWORD
from tests.integrations.managers.grabs import Caller

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("library")]


def test_it_is_off_until_it_is_switched_on(caller: Caller) -> None:
    store.change({"integrations": {"qbittorrent_enabled": False}})
    for name in (*views.READING, *views.CHANGING, *views.OPEN):
        assert caller.get(name).status_code == caller.post(name).status_code == 404


def test_nobody_gets_anything_without_a_login(person: User) -> None:
    nobody = Caller()
    for name in views.READING:
        assert nobody.get(name).status_code == nobody.post(name).status_code == 403, name
    for name in views.CHANGING:
        assert nobody.post(name, hashes="all").status_code == 403, name
        assert nobody.get(name).status_code == 405, name
    page = Caller()
    page.http.force_login(person)
    assert page.get("app/version").status_code == 403
    assert Caller("awk_wrong").get("app/version").status_code == 403


def test_a_reading_key_looks_and_changes_nothing(person: User) -> None:
    reader = Caller(tokens.create_key(person, "dashboard", "read")[1])
    for name in views.READING:
        assert reader.get(name).status_code in (200, 404), name
    for name in views.CHANGING:
        assert reader.post(name, hashes="all").status_code == 403, name
    text = reader.headers["X-Api-Key"]
    assert reader.post("auth/login", username="apikey", password=text).content == b"Fails."


def test_a_login_by_key_lasts_as_long_as_the_key(queue_key: str) -> None:
    client = Caller()
    assert client.get("app/webapiVersion").status_code == 403
    answer = client.post("auth/login", username="apikey", password=queue_key)
    assert (answer.status_code, answer.content) == (200, b"Ok.")
    cookie = answer.cookies["SID"]
    assert cookie["httponly"]
    assert (cookie["samesite"], cookie["path"]) == ("Strict", "/integrations/qbittorrent")
    assert queue_key not in cookie.value
    assert client.get("app/webapiVersion").content == b"2.11.2"
    assert ClientSession.objects.get().hash != cookie.value
    ApiKey.objects.all().delete()
    assert client.get("app/webapiVersion").status_code == 403


def test_a_login_by_password_is_a_session_that_can_be_ended(person: User) -> None:
    client = Caller()
    assert client.post("auth/login", username="admin", password="wrong").content == b"Fails."
    assert client.post("auth/login", username="admin", password=PASSWORD).content == b"Ok."
    assert client.get("app/version").content == b"v5.0.2"
    token = Token.objects.get(user=person)
    assert client.post("auth/logout").status_code == 200
    token.refresh_from_db()
    assert not token.is_active
    assert client.get("app/version").status_code == 403


@pytest.mark.parametrize("name", ["apikey", "admin"])
def test_guessing_is_refused_after_five_tries_the_right_one_as_well(person: User, queue_key: str, name: str) -> None:
    answers = [Caller().post("auth/login", username=name, password=f"awk_wrong{number}") for number in range(5)]
    assert {(one.status_code, one.content) for one in answers} == {(200, b"Fails.")}
    right = queue_key if name == "apikey" else PASSWORD
    assert Caller().post("auth/login", username=name, password=right).status_code == 403


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Referer": "https://evil.example/page"},
    {"Sec-Fetch-Site": "cross-site"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_page_of_another_origin_acts_for_nobody(queue_key: str, headers: dict[str, str]) -> None:
    client = Caller()
    assert client.post("auth/login", headers, username="apikey", password=queue_key).status_code == 401
    client.post("auth/login", username="apikey", password=queue_key)
    assert client.post("torrents/createCategory", headers, category="x").status_code == 401
    assert not Category.objects.exists()
    own = {"Origin": "http://testserver", "Referer": "http://testserver/integrations/qbittorrent/"}
    assert client.post("torrents/createCategory", own, category="x").status_code == 200
