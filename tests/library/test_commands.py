"""`search` and `add` as an operator types them."""

from __future__ import annotations

import json
import logging
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from library.management.commands import add as add_command
from library.models import Series
from providers.demo.site import Site


def run(*words: str, **options: Any) -> str:
    out = StringIO()
    call_command(*words, stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def test_search_prints_a_table_or_json(site: Site) -> None:
    assert "Silberfaden" in run("search", "Silberfaden")
    found = json.loads(run("search", "Silberfaden", "--json"))
    assert found["items"][0]["key"] == "silberfaden"
    assert "Nothing found" in run("search", "qqqqqqq")


def test_add_waits_and_loads_by_itself_where_no_worker_runs(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(add_command, "WORKER_PATIENCE", 0)
    out = run("add", "silberfaden", "--wait", "--download", "missing")
    assert "13 episodes" in out
    assert "Silberfaden (2012)" in out
    assert Series.objects.get().download_when_loaded


def test_add_says_what_is_wrong_in_one_line(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(add_command, "WORKER_PATIENCE", 0)
    run("add", f"{site.address}/anime/stream/silberfaden")
    with pytest.raises(CommandError, match="already"):
        run("add", "silberfaden")
    with pytest.raises(CommandError, match="No enabled catalogue"):
        run("add", "http://elsewhere.example/x")
    with pytest.raises(CommandError, match="No enabled catalogue has a series “no-such-series”"):
        run("add", "no-such-series", "--wait")


def test_add_takes_a_title_and_names_near_ones(site: Site) -> None:
    with pytest.raises(CommandError, match=r"There is no “Silber”. Near to it: .*Silberfaden \(silberfaden\)"):
        run("add", "Silber")
    with pytest.raises(CommandError, match=r"There is no “Silberfadem”. Near to it: Silberfaden \(silberfaden\)"):
        run("add", "Silberfadem")
    assert not Series.objects.exists()
    assert "“silberfaden”" in run("add", "SILBERFADEN")
    assert Series.objects.get().provider == "demo"


def test_add_calls_it_at_once_what_the_catalogue_calls_it(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "providers"):
        assert "Added Kapitän Ohnemeer as “kapitaen-ohnemeer”." in run("add", "Kapitän Ohnemeer")
    assert "failed" not in caplog.text
    Series.objects.all().delete()
    run("add", "kapitaen-ohnemeer")
    assert Series.objects.get().name == "Kapitän Ohnemeer"
    Series.objects.all().delete()
    run("add", "kapitaen-ohnemeer", "--name", "The captain")
    assert Series.objects.get().name == "The captain"


def test_add_tells_when_no_catalogue_can_be_asked(site: Site) -> None:
    site.faults.set("demo", {"fault": "challenge"})
    with pytest.raises(CommandError):
        run("add", "Silberfaden und mehr")
    with pytest.raises(CommandError, match="nothing"):
        run("add", "silberfaden", "--provider", "nothing")
    assert not Series.objects.exists()
