"""`/api/config`: read, changed in parts, judged, exported, imported, reset, backed up and restored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aniworld.audit.models import Change
from aniworld.configuration import schema, store
from aniworld.configuration.models import Configuration, ConfigurationBackup
from aniworld.configuration.sections import Settings
from tests.aniworld.people import Api, signed_in, user, with_key

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_passwords")]

SECRET = "s3cret-of-mine"
TARGET = {"label": "phone", "address": f"jsons://example.org/{SECRET}"}


@pytest.fixture
def admin() -> Api:
    return signed_in(user())


def ask(client: Api, method: str, path: str = "", body: Any = None, *, status: int = 200) -> Any:
    answer = client.call(method, f"/api/config{path}", body)
    assert answer.status_code == status, answer.content
    return answer.json() if answer.content else None


def places(answer: Any) -> set[str]:
    return {".".join(map(str, one["loc"])) for one in answer["detail"]}


OPERATIONS = [
    ("get", ""),
    ("put", ""),
    ("post", "/validate"),
    ("get", "/section/general"),
    ("post", "/section/general"),
    ("post", "/directory"),
    ("post", "/export"),
    ("post", "/import"),
    ("post", "/reset"),
    ("get", "/backups"),
    ("post", "/backups"),
    ("get", "/backups/x/diff"),
    ("post", "/backups/x/restore"),
    ("delete", "/backups/x"),
    ("post", "/notifications/test"),
]


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_it_is_for_administrators(method: str, path: str) -> None:
    body: Any = None if method == "get" else {}
    ask(Api(), method, path, body, status=401)
    ask(signed_in(user("member", staff=False)), method, path, body, status=403)
    ask(with_key(user("boss"), "queue"), method, path, body, status=403)


def test_every_section_is_there_and_a_part_can_be_changed(admin: Api) -> None:
    assert set(ask(admin, "get")) == set(Settings.model_fields)
    after = ask(admin, "put", "/", {"downloads": {"max_retries": 6, "language_plan": {"upgrade": True}}})
    assert after["downloads"]["max_retries"] == 6
    assert after["downloads"]["stall_seconds"] == 30
    assert after["downloads"]["language_plan"] == {
        "order": ["German Dub", "German Sub", "English Sub"],
        "fallback": True,
        "upgrade": True,
    }
    assert store.current().downloads.max_retries == 6
    backup = ConfigurationBackup.objects.get()
    assert (backup.values["downloads"]["max_retries"], backup.created_by) == (3, "admin")
    change = Change.objects.get()
    assert (change.by, change.via, change.action, change.subject) == ("admin", "api", "changed", "configuration")
    assert change.changes == {"downloads.max_retries": [3, 6], "downloads.language_plan.upgrade": [False, True]}


def test_a_section_by_itself(admin: Api) -> None:
    assert ask(admin, "post", "/section/general", {"site_name": "Mine"})["site_name"] == "Mine"
    assert ask(admin, "get", "/section/general")["site_name"] == "Mine"
    assert "general" in ask(admin, "get", "/section/nothing", status=404)["detail"]
    ask(admin, "post", "/section/nothing", {}, status=404)
    assert places(ask(admin, "post", "/section/general", {"nothing": 1}, status=422)) == {"general.nothing"}


WRONG = {
    "downloads": {"max_retries": 0, "stall_seconds": "soon", "window_start": "08:00"},
    "general": {"site_name": "", "titel": "x"},
    "nothing": {},
}


@pytest.mark.parametrize(("method", "path"), [("put", ""), ("post", "/validate"), ("post", "/import")])
def test_every_error_at_once_and_nothing_changes(admin: Api, method: str, path: str) -> None:
    answer = ask(admin, method, path, WRONG, status=422)
    assert places(answer) == {
        *("downloads.max_retries", "downloads.stall_seconds", "downloads.window_end"),
        *("general.site_name", "general.titel", "nothing"),
    }
    assert answer["code"] == "invalid"
    assert not ConfigurationBackup.objects.exists()
    assert not Change.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        b"[1]",
        b"5",
        b'"x"',
        b'{"\\ud800": 1}',
        b'{"general": {"\\ud800": 1}}',
        b'{"general": {"site_name": "\\ud800"}}',
        b'{"downloads": {"bandwidth_limit_mbps": NaN}}',
        b'{"downloads": {"free_space_floor_gb": NaN}}',
        b'{"providers": {"retry_delay": 1e999}}',
        b'{"downloads": {"max_retries": ' + b"9" * 400 + b"}}",
        b'{"downloads": {"language_plan": 5}}',
        b'{"notifications": {"targets": {"label": 1}}}',
        b'{"notifications": {"targets": [1, null, {"label": [], "address": true}]}}',
        b'{"metadata": {"tmdb_api_key": {"a": 1}}}',
        b'{"metadata": 5, "notifications": null}',
        b'{"library": {"directory": "/a\\u0000b"}}',
    ],
)
@pytest.mark.parametrize(("method", "path"), [("put", ""), ("post", "/validate"), ("post", "/import")])
def test_nonsense_is_422(admin: Api, method: str, path: str, body: bytes) -> None:
    send = getattr(admin, method)
    answer = send(f"/api/config{path}", body, content_type="application/json", headers=admin.credentials)
    assert answer.status_code == 422, answer.content
    json.loads(answer.content)


def test_validating_changes_nothing(admin: Api, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    assert ask(admin, "post", "/validate", {"library": {"directory": str(folder)}}) == {"valid": True}
    assert not folder.exists()
    assert store.current().library.directory == ""
    ask(admin, "put", "", {"library": {"directory": str(folder)}})
    assert folder.is_dir()


def test_secrets_are_written_and_never_read_back(admin: Api) -> None:
    secrets = {"metadata": {"tmdb_api_key": SECRET}, "notifications": {"targets": [TARGET]}}
    told = [ask(admin, "put", "", secrets), ask(admin, "get"), ask(admin, "get", "/section/metadata")]
    told += [ask(admin, "post", "/export"), list(Change.objects.values_list("changes", flat=True))]
    ask(admin, "post", "/backups", status=201)
    ask(admin, "put", "", {"metadata": {"tmdb_api_key": ""}, "notifications": {"targets": []}})
    newest = ConfigurationBackup.objects.all()[0]
    told += [ask(admin, "get", f"/backups/{newest.name}/diff"), ask(admin, "get", "/backups")]
    assert SECRET not in json.dumps(told)
    assert told[1]["metadata"]["tmdb_api_key"] is True
    assert told[1]["notifications"]["targets"] == [{"label": "phone", "address": True}]
    assert {one["key"]: one["backup"] for one in told[-2]["changes"]} == {
        "metadata.tmdb_api_key": "•••",
        "notifications.targets": "•••",
    }


@pytest.mark.parametrize("mask", [True, "•••"])
def test_what_comes_back_as_it_was_shown_keeps_the_secret(admin: Api, mask: Any) -> None:
    ask(admin, "put", "", {"metadata": {"tmdb_api_key": SECRET}, "notifications": {"targets": [TARGET]}})
    whole = ask(admin, "get")
    whole["metadata"]["tmdb_api_key"] = mask
    whole["notifications"]["targets"] = [{"label": "phone", "address": mask}, {"label": "x", "address": "json://b.c"}]
    ask(admin, "put", "", whole)
    now = store.current()
    assert now.metadata.tmdb_api_key == SECRET
    assert now.notifications.targets == (TARGET, {"label": "x", "address": "json://b.c"})
    unknown = [{"label": "never seen", "address": mask}]
    ask(admin, "put", "", {"notifications": {"targets": unknown}}, status=422)
    ask(admin, "put", "", {"metadata": {"tmdb_api_key": ""}})
    assert store.current().metadata.tmdb_api_key == ""


def test_the_library_folder(admin: Api, tmp_path: Path, settings: Any) -> None:
    folder = tmp_path / "series"
    seen = ask(admin, "post", "/directory", {"directory": str(folder), "check_only": True})
    assert (seen["exists"], seen["in_force"], folder.exists()) == (False, False, False)
    assert seen["free_bytes"] > 0
    seen = ask(admin, "post", "/directory", {"directory": str(folder)})
    assert (seen["directory"], seen["exists"], seen["in_force"]) == (str(folder), True, True)
    assert store.current().library.directory == str(folder)
    file = tmp_path / "file"
    file.touch()
    for wrong in ("relative", "/proc/nothing", str(tmp_path / "a" / "b"), str(file), str(settings.WORK_DIR), ""):
        answer = ask(admin, "post", "/directory", {"directory": wrong}, status=422)
        assert answer["detail"]
    assert store.current().library.directory == str(folder)


def test_an_export_is_imported(admin: Api) -> None:
    ask(admin, "put", "", {"downloads": {"max_retries": 6}, "metadata": {"tmdb_api_key": SECRET}})
    exported = ask(admin, "post", "/export")
    assert exported["schema"] == schema.SCHEMA
    ask(admin, "put", "", {"downloads": {"max_retries": 2}})
    assert ask(admin, "post", "/import", exported)["downloads"]["max_retries"] == 6
    assert store.current().metadata.tmdb_api_key == SECRET
    assert Change.objects.all()[0].action == "imported"


FIRST_SCHEMA = {
    "general": {"site_name": "Old"},
    "notifications": {"digest_minutes": 9, "download_complete": False, "disk": False, "system_error": True},
}


@pytest.mark.parametrize("document", [FIRST_SCHEMA, {"schema": 1, "configuration": FIRST_SCHEMA}])
def test_an_older_schema_is_brought_up(admin: Api, document: Any) -> None:
    after = ask(admin, "post", "/import", document)["notifications"]
    assert (after["episodes_arrived"], after["disk_low"], after["digest_minutes"]) == (False, False, 9)
    assert after["provider_down"] is True
    assert store.current().general.site_name == "Old"


def test_a_row_and_a_backup_of_an_older_schema_are_brought_up(admin: Api) -> None:
    ConfigurationBackup.objects.create(name="old", values=FIRST_SCHEMA, schema=1)
    Configuration.objects.create(pk=1, schema=1, **FIRST_SCHEMA)
    store.forget()
    assert ask(admin, "get")["notifications"]["disk_low"] is False
    ask(admin, "put", "", {"notifications": {"disk_low": True}})
    assert Configuration.objects.get().schema == schema.SCHEMA
    assert ask(admin, "post", "/backups/old/restore")["notifications"]["disk_low"] is False


@pytest.mark.parametrize(
    "document",
    [
        {"schema": schema.SCHEMA + 1, "configuration": {}},
        {"schema": "2", "configuration": {}},
        {"schema": True, "configuration": {}},
        {"schema": 10**400, "configuration": {}},
        {"schema": 2},
        {"schema": 2, "configuration": []},
        {"schema": 2, "configuration": {}, "providers": []},
        {"configuration": {}},
    ],
)
def test_what_is_no_export_is_refused_and_changes_nothing(admin: Api, document: Any) -> None:
    answer = ask(admin, "post", "/import", document, status=422)
    assert answer["code"] in ("unknown_schema", "no_export")
    assert isinstance(answer["detail"], str)
    assert not ConfigurationBackup.objects.exists()


def test_a_newer_schema_is_told_so(admin: Api) -> None:
    document = {"schema": schema.SCHEMA + 1, "configuration": {}}
    assert "newer version" in ask(admin, "post", "/import", document, status=422)["detail"]
    ConfigurationBackup.objects.create(name="new", values={}, schema=schema.SCHEMA + 1)
    assert "newer version" in ask(admin, "post", "/backups/new/restore", status=422)["detail"]


def test_each_schema_has_its_step() -> None:
    for number in range(1, schema.SCHEMA):
        Settings.model_validate(schema.brought_up({}, number))


def test_reset_and_its_way_back(admin: Api) -> None:
    ask(admin, "put", "", {"downloads": {"max_retries": 6}})
    assert ask(admin, "post", "/reset")["downloads"]["max_retries"] == 3
    assert Change.objects.all()[0].action == "reset"
    name = ask(admin, "get", "/backups")["items"][0]["name"]
    assert ask(admin, "get", f"/backups/{name}/diff")["changes"] == [
        {"key": "downloads.max_retries", "in_force": 3, "backup": 6}
    ]
    assert ask(admin, "post", f"/backups/{name}/restore")["downloads"]["max_retries"] == 6
    assert ask(admin, "get", f"/backups/{name}/diff")["changes"] == []


def test_backups_are_made_listed_and_deleted(admin: Api) -> None:
    made = ask(admin, "post", "/backups", status=201)
    assert (made["created_by"], made["reason"]) == ("admin", "by hand")
    listed = ask(admin, "get", "/backups?limit=1")
    assert (listed["total"], listed["items"]) == (1, [made])
    ask(admin, "delete", f"/backups/{made['name']}", status=204)
    for name in (made["name"], "x" * 150, "%00", "é"):
        ask(admin, "delete", f"/backups/{name}", status=404)
        ask(admin, "post", f"/backups/{name}/restore", status=404)
        ask(admin, "get", f"/backups/{name}/diff", status=404)
    assert list(Change.objects.values_list("action", flat=True)) == ["deleted", "made"]


def test_a_backup_that_is_not_understood_says_so(admin: Api) -> None:
    ConfigurationBackup.objects.create(name="odd", values={"general": {"colour": "red"}}, schema=schema.SCHEMA)
    for method, path in (("get", "diff"), ("post", "restore")):
        assert ask(admin, method, f"/backups/odd/{path}", status=409)["code"] == "not_understood"


def test_the_backups_cost_the_same_however_many(admin: Api, django_assert_max_num_queries: Any) -> None:
    for number in range(8):
        store.change({"downloads": {"max_retries": number + 1}})
    with django_assert_max_num_queries(4):
        ask(admin, "get", "/backups")


@pytest.mark.parametrize("depth", [4, 450, 600, 5000])
def test_deeply_nested_values_are_refused(admin: Api, depth: int) -> None:
    body = '{"general":' + '{"a":' * depth + "1" + "}" * depth + "}"
    for method, path in (("put", ""), ("post", "/validate"), ("post", "/import")):
        answer = admin.generic(
            method.upper(), f"/api/config{path}", body, content_type="application/json", headers=admin.credentials
        )
        assert answer.status_code in (400, 422), answer.content
