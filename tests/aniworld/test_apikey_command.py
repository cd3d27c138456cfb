"""`manage.py apikey` as an operator types it."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from tests.aniworld.people import user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_passwords")]


def run(*words: str) -> tuple[str, str]:
    out, errors = io.StringIO(), io.StringIO()
    call_command("apikey", *words, stdout=out, stderr=errors)
    return out.getvalue(), errors.getvalue()


def test_a_new_key_stands_alone_and_what_it_may_do_is_said_beside_it() -> None:
    user("admin")
    out, beside = run("create", "reader")
    assert out.startswith("awk_")
    assert len(out.split()) == 1
    assert "Scope read" in beside
    assert "change nothing" in beside
    assert "Scope queue" in run("create", "script", "--scope", "queue")[1]
    out, beside = run("create", "third", "--scope", "admin", "--json")
    assert json.loads(out)["scope"] == "admin"
    assert beside == ""


def test_the_list_has_headings_and_says_when_it_is_empty() -> None:
    assert "There are no API keys" in run("list")[0]
    user("admin")
    run("create", "reader")
    heading, row = run("list")[0].splitlines()
    assert heading.split() == ["Name", "Begins", "with", "Scope", "Acts", "for", "Until"]
    assert row.split()[0] == "reader"


@pytest.mark.parametrize("days", ["-3", "0", "3651", "soon"])
def test_a_wrong_number_of_days_is_told_with_what_is_allowed(days: str) -> None:
    with pytest.raises(CommandError, match="write one from 1 to 3650"):
        run("create", "script", f"--days={days}")


def test_a_key_may_run_out() -> None:
    user("admin")
    made = json.loads(run("create", "for a while", "--days", "30", "--json")[0])
    assert made["expires_at"].endswith("Z")
    assert made["expires_at"] in json.loads(run("list", "--json")[0])[0]["expires_at"]
    assert json.loads(run("create", "for good", "--json")[0])["expires_at"] is None
    for wrong in ("0", "many", "9999"):
        with pytest.raises(CommandError, match="--days"):
            run("create", "wrong", "--days", wrong)
