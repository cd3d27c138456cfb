"""Reading and changing the configuration."""

from __future__ import annotations

import io
import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import Client
from pydantic import ValidationError

from aniworld.audit.models import Change
from aniworld.configuration import backups, rules, schema, store
from aniworld.configuration.models import Configuration, ConfigurationBackup
from aniworld.configuration.sections import Settings
from aniworld.refusals import NotThere

pytestmark = pytest.mark.django_db


def test_defaults_without_a_row() -> None:
    assert store.current().downloads.max_concurrent_downloads == 2
    assert not Configuration.objects.exists()


def test_a_change_keeps_the_rest_and_makes_a_backup() -> None:
    store.change({"downloads": {"max_retries": 7}}, by="me", reason="why")
    store.change({"downloads": {"stall_seconds": 10}})
    now = store.current().downloads
    assert (now.max_retries, now.stall_seconds, now.max_concurrent_downloads) == (7, 10, 2)
    assert Configuration.objects.get().version == 2
    first = ConfigurationBackup.objects.order_by("id").first()
    assert first
    assert (first.created_by, first.reason, first.values["downloads"]["max_retries"]) == ("me", "why", 3)


@pytest.mark.parametrize(
    ("values", "places"),
    [
        ({"downloads": {"max_retries": 0, "stall_seconds": "soon"}, "general": {"site_name": ""}}, 3),
        ({"nothing": {}}, 1),
        ({"downloads": {"nothing": 1}}, 1),
        ({"downloads": 5}, 1),
        ({"general": {"site_name": "a\x00b"}}, 1),
        ({"downloads": {"max_retries": 10**40}}, 1),
        ({"downloads": {"max_retries": True, "bandwidth_limit_mbps": True, "free_space_floor_gb": False}}, 3),
        ({"downloads": {"window_start": "08:00"}}, 1),
        ({"downloads": {"language_plan": {"order": []}}}, 1),
    ],
)
def test_every_error_is_named_and_nothing_changes(values: dict[str, Any], places: int) -> None:
    with pytest.raises(ValidationError) as refused:
        store.change(values)
    assert refused.value.error_count() == places
    assert not ConfigurationBackup.objects.exists()
    with pytest.raises(ValidationError):
        store.validate(values)


def test_as_many_backups_are_kept_as_configured() -> None:
    store.change({"general": {"max_backups": 3}})
    for number in range(5):
        store.change({"downloads": {"max_retries": number + 1}})
    assert ConfigurationBackup.objects.count() == 3
    assert [backup.values["downloads"]["max_retries"] for backup in backups.listed()] == [4, 3, 2]


def test_restore_brings_back_and_can_be_taken_back() -> None:
    store.change({"downloads": {"max_retries": 9}})
    name = backups.listed()[0].name
    store.restore(name, by="me")
    assert store.current().downloads.max_retries == 3
    assert backups.listed()[0].values["downloads"]["max_retries"] == 9
    backups.delete(name)
    for odd in (name, "", "\x00"):
        with pytest.raises(NotThere):
            backups.named(odd)


def test_secrets_are_never_dumped() -> None:
    targets = [{"label": "me", "address": "json://127.0.0.1:9/hidden"}]
    store.change({"metadata": {"tmdb_api_key": "hidden"}, "notifications": {"targets": targets}})
    dumped = store.public_dump()
    assert dumped["metadata"]["tmdb_api_key"] is True
    assert dumped["notifications"]["targets"] == [{"label": "me", "address": True}]
    assert "hidden" not in json.dumps(dumped) + json.dumps(store.without_secrets())
    store.change(store.without_secrets())
    assert store.current().metadata.tmdb_api_key == "hidden"


def test_the_environment_gives_the_first_value_only(settings: Any) -> None:
    settings.TMDB_API_KEY = "from the environment"
    store.forget()
    assert store.current().metadata.tmdb_api_key == "from the environment"
    store.change({"downloads": {"max_retries": 4}})
    assert store.current().metadata.tmdb_api_key == "from the environment"
    store.change({"metadata": {"tmdb_api_key": "mine"}})
    store.forget()
    assert store.current().metadata.tmdb_api_key == "mine"
    store.reset()
    assert store.current().metadata.tmdb_api_key == "from the environment"


@pytest.mark.django_db(transaction=True)
def test_changes_at_once_lose_nothing() -> None:
    store.ensure_row()
    names = ("max_retries", "connections_per_download", "stall_seconds", "max_concurrent_downloads")

    def change(name: str) -> None:
        store.change({"downloads": {name: 9}})
        connection.close()

    threads = [threading.Thread(target=change, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    now = store.current().downloads
    assert [getattr(now, name) for name in names] == [9] * 4
    assert Configuration.objects.get().version == 4


def elsewhere(**downloads: Any) -> None:
    """What another process changes: this one's cache knows nothing of it."""
    row = store.ensure_row()
    Configuration.objects.filter(pk=1).update(downloads=row.downloads | downloads, version=row.version + 1)


def test_a_change_is_judged_by_what_another_process_has_just_changed() -> None:
    store.current()
    elsewhere(window_start="22:00", window_end="06:00")
    with pytest.raises(ValidationError):
        store.change({"downloads": {"window_end": None}})
    store.change({"downloads": {"window_end": "07:00"}})
    assert (store.current().downloads.window_start, store.current().downloads.window_end) == ("22:00", "07:00")


def test_who_was_overtaken_is_judged_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the rules, which may take long, and the write, another process sets a window."""
    overtaking = iter([{"window_start": "22:00", "window_end": "06:00"}])

    def look(_downloads: Any) -> None:
        for window in overtaking:
            elsewhere(**window)

    slow = rules.Rule("downloads", ("max_retries",), look)
    monkeypatch.setattr(rules, "_rules", {**rules._rules, ("downloads", "max_retries"): slow})
    with pytest.raises(ValidationError):
        store.change({"downloads": {"max_retries": 8, "window_end": None}})
    store.forget()
    now = store.current().downloads
    assert (now.max_retries, now.window_start, now.window_end) == (3, "22:00", "06:00")


def test_a_backup_is_deleted_once() -> None:
    name = store.back_up().name
    backups.delete(name)
    with pytest.raises(NotThere):
        backups.delete(name)
    assert Change.objects.filter(action="deleted").count() == 1


@pytest.mark.django_db(transaction=True)
def test_another_process_sees_a_change_within_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    store.current()
    # What another process does leaves this one's cache alone.
    Configuration.objects.create(pk=1, general={"site_name": "Changed"})
    later = time.monotonic() + 2
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert store.current().general.site_name == "Changed"


def run(*words: str) -> str:
    out = io.StringIO()
    call_command("config", *words, stdout=out)
    return out.getvalue().strip()


def test_the_command_shows_and_sets() -> None:
    run("set", "downloads.max_retries=5", "general.site_name=123", "metadata.tmdb_api_key=hidden")
    assert run("get", "downloads.max_retries") == "5"
    assert run("get", "general.site_name") == "123"
    assert run("get", "metadata.tmdb_api_key") == "true"
    assert "hidden" not in run() + run("show", "--json") + run("export")
    assert json.loads(run("show", "--json"))["downloads"]["max_retries"] == 5
    run("set", "downloads.window_start=08:00", "downloads.window_end=22:30")
    assert store.current().downloads.window_end == "22:30"
    run("set", "downloads.window_start=null", "downloads.window_end=null")
    assert store.current().downloads.window_end is None


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("get", "nothing.there"), 2),
        (("get", "nothing"), 2),
        (("set", "downloads.max_retries"), 2),
        (("set", "downloads.max_retries=many", "general.max_backups=0"), 2),
        (("set", "foo.bar=1"), 2),
        (("import", "/nothing/there"), 1),
    ],
)
def test_wrong_use_and_failure_differ(words: tuple[str, ...], code: int) -> None:
    with pytest.raises(CommandError) as refused:
        run(*words)
    assert refused.value.returncode == code
    assert "\n" not in str(refused.value)


def test_export_import_reset(tmp_path: Path) -> None:
    file = tmp_path / "configuration.json"
    run("set", "downloads.max_retries=5")
    run("export", str(file))
    run("reset")
    assert store.current().downloads.max_retries == 3
    run("import", str(file))
    assert store.current().downloads.max_retries == 5
    exported = json.loads(file.read_text())
    assert (exported["schema"], exported["configuration"]["downloads"]["max_retries"]) == (schema.SCHEMA, 5)
    for content, told in (
        ("[1", "JSON"),
        ("[1]", "An object is expected"),
        ('{"schema": 99, "configuration": {}}', "newer version"),
        ('{"downloads": {"max_retries": 0}, "x": {}}', r"max_retries: .*; x: "),
    ):
        file.write_text(content)
        with pytest.raises(CommandError, match=told):
            run("import", str(file))


def test_what_changes_answers_in_json_for_scripts(tmp_path: Path) -> None:
    file = tmp_path / "configuration.json"
    assert json.loads(run("set", "--json", "downloads.max_retries=5"))["downloads"]["max_retries"] == 5
    run("export", str(file))
    assert json.loads(run("reset", "--json"))["downloads"]["max_retries"] == 3
    assert json.loads(run("import", "--json", str(file)))["downloads"]["max_retries"] == 5
    rows = list(Change.objects.values_list("via", "action"))
    assert rows == [("command", "imported"), ("command", "reset"), ("command", "changed")]


def test_one_stored_value_that_is_not_understood_keeps_nothing_from_working() -> None:
    store.change({"general": {"site_name": "Ours"}, "downloads": {"max_retries": 7}})
    row = Configuration.objects.get()
    row.downloads |= {"max_concurrent_downloads": "a lot", "from_the_future": 1}
    row.library = ["nonsense"]
    row.save()
    store.forget()
    now = store.current()
    assert (now.general.site_name, now.downloads.max_retries) == ("Ours", 7)
    assert now.downloads.max_concurrent_downloads == 2
    assert now.library == Settings().library
    assert Client().get("/setup").status_code == 200
    store.change({"downloads": {"max_concurrent_downloads": 3}})
    assert store.strictly_parsed(Configuration.objects.get()) == store.current()
