"""Nonsense is refused whoever changes the configuration, every error at once, each in words and at its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from pydantic import ValidationError

from aniworld.configuration import judging, sections, store
from aniworld.configuration.forms import EVERY, SectionForm
from aniworld.configuration.models import Configuration, ConfigurationBackup
from aniworld.configuration.titles import TITLES

pytestmark = pytest.mark.django_db


def told(values: dict[str, Any]) -> dict[str, str]:
    """What is said at which place."""
    with pytest.raises(ValidationError) as refused:
        store.change(values)
    return {".".join(str(part) for part in one["loc"]): one["msg"] for one in refused.value.errors()}


def test_every_error_is_told_at_once_those_of_types_and_those_of_rules() -> None:
    found = told(
        {
            "library": {"file_template": "{foo}", "folder_template": "x", "directory": "x", "nonsense": 1},
            "scheduler": {"cron": "hello"},
            "downloads": {"max_retries": "many", "window_start": "25:00"},
            "metadata": {"tmdb_language": "Deutsch"},
            "nothing": {},
        }
    )
    assert set(found) == {
        "library.file_template",
        "library.folder_template",
        "library.directory",
        "library.nonsense",
        "scheduler.cron",
        "downloads.max_retries",
        "downloads.window_start",
        "metadata.tmdb_language",
        "nothing",
    }
    assert found["downloads.window_start"] == "Write it like 22:00."
    assert found["library.nonsense"] == "There is no such setting."
    assert "{series}" in found["library.folder_template"]
    assert not ConfigurationBackup.objects.exists()


@pytest.mark.parametrize(
    ("section", "key", "value", "words"),
    [
        ("downloads", "max_retires", 5, "Is downloads.max_retries meant?"),
        ("downloads", "max_retries", 0, "It must be 1 or more."),
        ("downloads", "bandwidth_limit_mbps", 0, "more than 0"),
        ("downloads", "preferred_quality", "4k", "Allowed are 'best'"),
        ("downloads", "language_plan", [], "Write a group of settings"),
        ("downloads", "window_start", 9, "Write it like 22:00."),
        ("general", "site_name", "", "must not be empty"),
        ("general", "site_name", "a\nb", "on one line"),
        ("library", "season_folders", "perhaps", "true or false"),
        ("library", "file_template", "{series} {episode} {language", "can't be read"),
        ("library", "file_template", "{series}", "must contain {episode}, {language}"),
        ("notifications", "targets", "me", "Write a list"),
        ("notifications", "targets", [{"label": "me"}], "Target 1 needs a label and an address"),
        ("notifications", "targets", [{"label": "me", "address": "nonsense"}], "ntfys://"),
        ("notifications", "targets", [{"label": "me", "address": "mailto://me@example.org"}], "speak HTTP"),
        ("notifications", "targets", [{"label": "me", "address": "json://127.0.0.1:9"}] * 2, "a label of its own"),
        ("scheduler", "cron", "61 * * * *", "five fields"),
        ("scheduler", "cron", "* * * * * *", "five fields"),
        ("metadata", "tmdb_language", "", "de-DE"),
    ],
)
def test_each_is_told_in_words(section: str, key: str, value: object, words: str) -> None:
    [sentence] = told({section: {key: value}}).values()
    assert words in sentence
    for technical in ("pattern", "valid", "Input", "permitted", "Value error"):
        assert technical not in sentence


def test_season_folders_and_file_names_have_to_fit_each_other() -> None:
    store.change({"library": {"file_template": "{series} {episode} {language}"}})
    assert "{season}" in told({"library": {"season_folders": False}})["library.file_template"]


def test_what_is_right_is_taken(tmp_path: Path) -> None:
    targets = [{"label": "me", "address": "json://127.0.0.1:9/x"}]
    wanted = tmp_path / "new"
    now = store.change(
        {
            "library": {"directory": str(wanted), "folder_template": "{series}"},
            "scheduler": {"cron": "30 4 * * 1-5"},
            "metadata": {"tmdb_language": "de"},
            "notifications": {"targets": targets},
            "downloads": {"window_start": " 22:00 ", "window_end": "06:30"},
        }
    )
    assert wanted.is_dir()
    assert (now.downloads.window_start, now.library.directory) == ("22:00", str(wanted))


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("relative", "absolute path"),
        ("/etc/hosts", "is a file"),
        ("/nowhere/at/all", "There is no folder “/nowhere/at”"),
        ("/proc/nothing", "can't be written"),
        ("DATA_DIR/work/library", "the program itself uses"),
        ("DATA_DIR/logs", "the program itself uses"),
        ("DATA_DIR", "the program itself uses"),
        ("/" + "x" * 500, "can't be written"),
    ],
)
def test_a_folder_that_is_no_library_is_refused(folder: str, words: str) -> None:
    folder = folder.replace("DATA_DIR", str(settings.DATA_DIR))
    assert words in told({"library": {"directory": folder}})["library.directory"]


def test_what_does_not_change_is_not_looked_at_again(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    store.change({"library": {"directory": str(disk)}})
    disk.rmdir()
    store.change({"downloads": {"max_retries": 5}})
    assert not disk.exists()


def test_a_backup_is_judged_like_a_change() -> None:
    broken = sections.Settings().model_dump(mode="json") | {"scheduler": {"cron": "hello"}}
    ConfigurationBackup.objects.create(name="old", values=broken)
    with pytest.raises(ValidationError, match="five fields"):
        store.restore("old")
    assert not Configuration.objects.exists()


def test_the_command_tells_all_in_one_line_and_takes_parts_of_a_group() -> None:
    with pytest.raises(CommandError) as refused:
        call_command("config", "set", "scheduler.cron=hello", "downloads.window_start=9", "library.file_template={x}")
    assert "\n" not in str(refused.value)
    for place in ("scheduler.cron: ", "downloads.window_start: ", "library.file_template: "):
        assert place in str(refused.value)
    call_command("config", "set", "downloads.language_plan.order=English Dub, German Sub")
    plan = store.current().downloads.language_plan
    assert (plan.order, plan.fallback) == (("English Dub", "German Sub"), True)
    with pytest.raises(CommandError, match=r"downloads\.max_retries=VALUE"):
        call_command("config", "set", "downloads.max_retries", "5")


def test_a_setting_of_no_section_is_named_whole() -> None:
    found = told({"foo": {"bar": 1, "baz": 2}, "download": {"max_retries": 5}, "empty": {}})
    assert found["foo.bar"] == found["foo.baz"] == found["empty"] == "There is no such setting."
    assert found["download.max_retries"] == "There is no such setting. Is downloads.max_retries meant?"
    assert len(told({"foo": {str(number): 1 for number in range(1000)}})) == 20
    with pytest.raises(CommandError, match=r"^foo\.bar: There is no such setting\.$"):
        call_command("config", "set", "foo.bar=1")


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("max_retries", "101", "It must be 100 or less."),
        ("max_retries", "0", "It must be 1 or more."),
        ("max_retries", "many", "Write a whole number."),
        ("max_retries", "", "Write a whole number."),
        ("bandwidth_limit_mbps", "0", "It must be more than 0."),
        ("bandwidth_limit_mbps", "much", "Write a number."),
    ],
)
def test_the_form_says_it_as_the_command_does(key: str, value: str, words: str) -> None:
    form = SectionForm("downloads", {f"downloads__{key}": value})
    assert form.errors[f"downloads__{key}"] == [words]
    if value:
        with pytest.raises(CommandError, match=words):
            call_command("config", "set", f"downloads.{key}={value}")


def test_what_may_be_empty_is_emptied_with_null() -> None:
    with pytest.raises(CommandError, match=r"^downloads\.bandwidth_limit_mbps: Write a value, or null for none\.$"):
        call_command("config", "set", "downloads.bandwidth_limit_mbps=")
    with pytest.raises(CommandError, match="Write a whole number"):
        call_command("config", "set", "downloads.max_retries=")
    call_command("config", "set", "downloads.bandwidth_limit_mbps=5")
    call_command("config", "set", "downloads.bandwidth_limit_mbps=null")
    assert store.current().downloads.bandwidth_limit_mbps is None


def test_a_number_s_field_tells_its_bounds() -> None:
    fields = SectionForm("downloads").fields
    assert str(fields["downloads__max_retries"].help_text).endswith(" 1 to 100.")
    assert str(fields["downloads__bandwidth_limit_mbps"].help_text).endswith(" More than 0, up to 100000.")
    assert fields["downloads__max_retries"].widget.attrs.items() >= {"min": 1, "max": 100}.items()


def test_the_languages_of_the_pages_are_offered_by_their_own_names() -> None:
    field: Any = SectionForm("general").fields["general__default_ui_language"]
    assert field.choices == [("auto", "As the browser asks for"), ("en", "English"), ("de", "Deutsch")]


def test_no_secret_is_in_what_is_told() -> None:
    with pytest.raises(ValidationError) as refused:
        store.change({"metadata": {"tmdb_api_key": "geheim\n1"}, "notifications": {"targets": "geheim"}})
    assert "geheim" not in str(refused.value)


def test_each_setting_has_a_title() -> None:
    assert set(TITLES) == {".".join(setting.path) for setting in EVERY}
    assert judging.suggestion(("qqqq",)) == ""
