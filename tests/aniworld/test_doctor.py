"""`doctor` tells what is wrong and what helps, and its exit code tells scripts."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from aniworld.supervisor.models import Cluster
from providers.models import Provider
from tests.aniworld.commanding import Installation

pytestmark = pytest.mark.django_db


def doctor(*arguments: str) -> tuple[int, str]:
    output = StringIO()
    try:
        call_command("doctor", *arguments, stdout=output)
    except SystemExit as end:
        return int(end.code or 0), output.getvalue()
    return 0, output.getvalue()


@pytest.fixture
def healthy(settings: Any) -> None:
    settings.LIBRARY_DIR.mkdir(exist_ok=True)
    for kind in Provider.Kind:
        row = {"name": f"a-{kind}", "kind": kind, "display_name": f"A {kind}", "base_url": "https://example.org"}
        Provider.objects.create(**row, enabled=True)
    now = timezone.now()
    Cluster.objects.create(
        instance="here", name="default", host="here", process_group=1, workers=2, started_at=now, heartbeat_at=now
    )


def test_a_healthy_installation_has_no_problem(healthy: None) -> None:
    code, text = doctor()
    assert code == 0, text
    assert "No problem found." in text


def test_each_problem_comes_with_its_remedy(healthy: None) -> None:
    Cluster.objects.all().delete()
    code, text = doctor()
    assert code == 1
    assert "No workers run." in text
    assert "→ Start them" in text


def test_scripts_read_json(healthy: None) -> None:
    Cluster.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=5))
    code, text = doctor("--json")
    answer = json.loads(text)
    assert code == 1
    assert answer["ok"] is False
    checks = {check["name"]: check for check in answer["checks"]}
    assert {"database", "workers", "free_space", "library", "clock", "migrations", "broker", "providers"} <= set(checks)
    assert not checks["workers"]["ok"]
    assert checks["workers"]["remedy"]
    assert checks["clock"]["ok"]
    assert len(checks) >= 40


def test_before_the_first_start_it_says_so_and_where(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    told = installation.run("doctor", code=1)
    assert "Nothing is set up in" in " ".join(told.split())
    answer = json.loads(installation.run("doctor", "--json", code=1))
    wrong = [check["name"] for check in answer["checks"] if not check["ok"] and check["severity"] == "error"]
    assert wrong == ["setup"]
    checks = {check["name"]: check for check in answer["checks"]}
    assert checks["database"]["ok"]
    assert str(tmp_path) in checks["data_folder"]["message"]
    assert str(tmp_path) in checks["setup"]["message"]


def test_without_a_database_only_what_needs_none_is_told(tmp_path: Path) -> None:
    installation = Installation(tmp_path, DATABASE_URL="postgres://nobody@127.0.0.1:9/none")
    answer = json.loads(installation.run("doctor", "--json", code=1))
    wrong = [check["name"] for check in answer["checks"] if not check["ok"] and check["severity"] == "error"]
    assert wrong == ["database"]
