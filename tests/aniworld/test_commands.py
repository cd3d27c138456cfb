"""What goes wrong is one line, and the exit code tells whether it was wrong use: of Django's commands, too."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management.base import BaseCommand

import manage
from aniworld.accounts.models import User
from aniworld.management.command import WRONG_USE
from tests.aniworld.people import PASSWORD, user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_passwords")]


@pytest.fixture(autouse=True)
def _stays_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that was started as a process hangs up at its end."""
    monkeypatch.setattr("django.db.connections.close_all", lambda: None)


def command(*words: str) -> BaseCommand:
    return manage.Commands(["manage.py", *words]).fetch_command(words[0])


@pytest.mark.parametrize(
    ("name", "hint"), [("changepasword", "Is changepassword meant?"), ("qqqq", "manage.py help lists them.")]
)
def test_an_unknown_command_is_wrong_use(name: str, hint: str, capsys: Any) -> None:
    with pytest.raises(SystemExit) as ended:
        command(name)
    assert ended.value.code == manage.WRONG_USE == WRONG_USE
    assert capsys.readouterr().err == f"There is no command '{name}'. {hint}\n"


def test_a_password_of_nobody_is_one_line_without_the_error_s_name(capsys: Any) -> None:
    with pytest.raises(SystemExit) as ended:
        command("changepassword").run_from_argv(["manage.py", "changepassword", "nobody"])
    assert ended.value.code == 1
    assert capsys.readouterr().err == "user 'nobody' does not exist\n"


def test_a_password_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    user("me")
    monkeypatch.setattr("getpass.getpass", lambda **_options: f"{PASSWORD} new")
    changing = command("changepassword")
    changing.stdout = io.StringIO()  # type: ignore[assignment]  # what is written to it is all that counts
    changing.run_from_argv(["manage.py", "changepassword", "me"])
    assert User.objects.get(username="me").check_password(f"{PASSWORD} new")


def test_other_commands_are_found_as_ever() -> None:
    assert type(command("doctor")).__module__ == "aniworld.management.commands.doctor"
    assert type(command("queue")).__module__ == "downloads.management.commands.queue"
    assert type(command("migrate")).__module__.startswith("django.")
