"""The first run, over HTTP and by command."""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import Client

from aniworld import setup
from aniworld.accounts.models import ApiKey, User
from aniworld.configuration import store
from aniworld.refusals import Conflict
from providers.models import Provider
from tests.aniworld.people import PASSWORD, Api, user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_passwords")]


def post(path: str = "/api/auth/setup", **body: Any) -> Any:
    return Api().call("post", path, body)


@pytest.mark.parametrize("path", ["/api/setup", "/api/auth/setup", "/api/v1/setup/"])
def test_it_makes_the_first_user_and_keeps_the_folder(path: str, library_folder: Path, settings: Any) -> None:
    settings.DEMO = True
    answer = post(path, password=PASSWORD, library_dir=str(library_folder), demo=False)
    assert (answer.status_code, answer.json()) == (201, {"status": "ok"})
    first = User.objects.get()
    assert (first.username, first.is_staff, first.is_superuser) == ("admin", True, True)
    assert first.check_password(PASSWORD)
    assert store.current().library.directory == str(library_folder)
    assert not Provider.objects.get(name="demo").enabled
    again = post(path, password=PASSWORD)
    assert again.status_code == 409
    assert User.objects.count() == 1


def test_all_that_is_wrong_with_a_password_is_said() -> None:
    answer = post(password="1234567")
    assert answer.status_code == 422
    messages = [one["msg"] for one in answer.json()["detail"]]
    assert len(messages) == 3
    assert "1234567" not in answer.content.decode()
    assert not User.objects.exists()


@pytest.mark.parametrize("folder", ["relative", "/proc/nothing", "/dev/null/x", "/a\x00b", "/" + "x" * 300, "\ud800"])
def test_a_folder_that_cannot_be_used_is_422_and_changes_nothing(folder: str) -> None:
    answer = post(password=PASSWORD, library_dir=folder)
    assert answer.status_code == 422
    assert not User.objects.exists()


@pytest.mark.parametrize("name", ["", "a b", "x" * 151, "a\x00", 5, None])
def test_odd_names_are_422(name: Any) -> None:
    assert post(password=PASSWORD, username=name).status_code == 422


def test_the_sixth_try_is_refused() -> None:
    user()
    assert [post(password=PASSWORD).status_code for _number in range(6)] == [409] * 5 + [429]


def typed(**values: str) -> Any:
    return Client().post("/setup", {"password": PASSWORD, "again": PASSWORD, **values})


def test_mistakes_in_the_form_are_no_tries(library_folder: Path) -> None:
    wrong: tuple[dict[str, str], ...] = (
        {"password": "password", "again": "password"},
        {"again": "another"},
        {"library_dir": "relative"},
    )
    assert {typed(**values).status_code for values in wrong * 3} == {422}
    assert typed(library_dir=str(library_folder)).status_code == 302
    assert User.objects.get().username == "admin"


def test_the_page_shares_the_count_of_the_api() -> None:
    user()
    assert [post(password=PASSWORD).status_code for _number in range(5)] == [409] * 5
    User.objects.all().delete()
    assert typed().status_code == 429


@pytest.mark.parametrize(
    ("values", "silent"),
    [({"password": "password", "again": "password"}, True), ({"again": "x"}, True), ({"library_dir": "x"}, False)],
)
def test_the_note_is_silent_where_the_password_was_refused(values: dict[str, str], silent: bool) -> None:
    page = typed(**values).content.decode()
    assert ('id="password-note" hidden' in page) == silent


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_becomes_the_first_user() -> None:
    outcomes: list[str] = []
    ready = threading.Barrier(6)

    def run(name: str) -> None:
        ready.wait()
        try:
            setup.first_run(name, PASSWORD)
            outcomes.append("made")
        except Conflict:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(f"user{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == ["made"] + ["refused"] * 5
    assert User.objects.count() == 1


def run(*words: str) -> str:
    out = io.StringIO()
    call_command(*words, stdout=out)
    return out.getvalue().strip()


def test_the_command_does_the_same(tmp_path: Path, library_folder: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text(f"{PASSWORD}\n")
    run("setup", "--username", "me", "--password-file", str(secret), "--library", str(library_folder))
    assert User.objects.get().check_password(PASSWORD)
    assert store.current().library.directory == str(library_folder)
    with pytest.raises(CommandError) as refused:
        run("setup", "--password", PASSWORD)
    assert refused.value.returncode == 1
    assert "\n" not in str(refused.value)


def test_weak_passwords_are_one_line() -> None:
    with pytest.raises(CommandError, match=r"too short.*; .*numeric"):
        run("setup", "--password", "123")


def test_keys_by_command() -> None:
    with pytest.raises(CommandError, match="setup first"):
        run("apikey", "create", "x")
    user()
    key = run("apikey", "create", "script", "--scope", "admin")
    assert Api(key=key).call("get", "/api/auth/apikeys").status_code == 200
    made = json.loads(run("apikey", "create", "other", "--json"))
    assert made["scope"] == "read"
    with pytest.raises(CommandError, match="already"):
        run("apikey", "create", "other")
    listed = run("apikey", "list", "--json")
    assert made["key"] not in listed
    assert [row["name"] for row in json.loads(listed)] == ["other", "script"]
    run("apikey", "delete", "other")
    assert ApiKey.objects.count() == 1
