"""The admin's page of backups: for superusers alone, and what it does is written down."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from aniworld import backup_pages
from aniworld.accounts.models import User
from aniworld.audit.models import Change
from tests.aniworld.people import user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_passwords")]
CONTENT = b"SQLite format 3\x00" + b"x" * 2_000_000


@pytest.fixture
def name(settings: Any, tmp_path: Path) -> str:
    settings.BACKUP_DIR = tmp_path
    path = tmp_path / f"aniworld-{timezone.now():%Y%m%dT%H%M%S}Z.sqlite3"
    path.write_bytes(CONTENT)
    path.with_name(f"{path.name}.json").write_text(json.dumps({"size": len(CONTENT), "problem": "<b>torn</b>"}))
    return path.name


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What workers were asked to do."""
    found: list[tuple[Any, ...]] = []
    monkeypatch.setattr(backup_pages, "async_task", lambda *task, **_options: found.append(task))
    return found


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_it_lists_makes_proves_fetches_and_deletes(name: str, rung: list[Any], tmp_path: Path) -> None:
    client = signed_in(user())
    page = client.get("/admin/backups/").content.decode()
    assert name in page
    assert "&lt;b&gt;torn" in page
    client.post("/admin/backups/make")
    client.post(f"/admin/backups/{name}/verify")
    assert rung == [("aniworld.backups.tasks.back_up", "admin"), ("aniworld.backups.tasks.prove", name)]
    answer: Any = client.get(f"/admin/backups/{name}")
    with pytest.warns(Warning, match="asynchronous"):
        # The product's server asks for pieces; the test's client takes all at once.
        assert b"".join(answer) == CONTENT
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    client.post(f"/admin/backups/{name}/delete")
    assert list(tmp_path.iterdir()) == []
    assert "No backup yet" in client.get("/admin/backups/").content.decode()
    gone = client.post(f"/admin/backups/{name}/delete", follow=True).content.decode()
    assert "There is no backup of this name." in gone
    done = [(change.by, change.action) for change in Change.objects.order_by("pk")]
    assert done == [("admin", "backup asked for"), ("admin", "downloaded"), ("admin", "deleted")]


@pytest.mark.parametrize("path", ["", "make", "{name}", "{name}/verify", "{name}/delete"])
def test_it_is_for_superusers_alone(name: str, path: str) -> None:
    address = f"/admin/backups/{path.format(name=name)}"
    helper = User.objects.create(username="helper", is_staff=True)
    for client, status in ((Client(), 302), (signed_in(helper), 403)):
        for call in (client.get, client.post):
            assert call(address).status_code == status
    side_bar = signed_in(helper).get("/admin/").content.decode()
    assert "/admin/backups/" not in side_bar


def test_a_get_changes_nothing(name: str, tmp_path: Path) -> None:
    client = signed_in(user())
    for path in ("make", f"{name}/verify", f"{name}/delete"):
        assert client.get(f"/admin/backups/{path}").status_code == 405
    assert (tmp_path / name).exists()
