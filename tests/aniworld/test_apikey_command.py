"""`manage.py apikey` as an operator types it."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command

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
    assert heading.split() == ["Name", "Begins", "with", "Scope", "Acts", "for"]
    assert row.split()[0] == "reader"
