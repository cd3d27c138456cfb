"""`doctor` tells what is wrong and what helps, and its exit code tells scripts."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from aniworld.supervisor.models import Cluster
from providers.models import Provider

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
        Provider.objects.create(name=f"a-{kind}", kind=kind, display_name=f"A {kind}", enabled=True)
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
