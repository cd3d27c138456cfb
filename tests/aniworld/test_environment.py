"""A wrong variable stops every command with one line that names it, its value and what is allowed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from aniworld import environment
from aniworld import environment_values as values
from aniworld.environment import ROOT, WrongValue

pytest.importorskip("hypothesis", reason="make test installs what this needs")
from hypothesis import given  # only after the line above
from hypothesis import strategies as st  # as above

WRONG = [
    ("DEBUG", "perhaps", "on, true"),
    ("PORT", "80000", "from 1 to 65535"),
    ("PORT", "http", "whole number"),
    ("DATABASE_URL", "mysql://localhost/x", "postgres://"),
    ("DOWNLOAD_WORKERS", "0", "from 1 to 64"),
    ("TASK_WORKERS", "many", "from 1 to 64"),
    ("LOG_LEVEL", "LOUD", "DEBUG, INFO, WARNING, ERROR"),
    ("LOG_FORMAT", "xml", "text, json"),
    ("HTTPS", "2", "on, true"),
    ("DEMO", "maybe", "on, true"),
    ("DATA_DIR", "/dev/null/folder", "writable folder"),
    ("DEMO_SPEED", "slow", "whole number"),
    ("DEMO_CLIP_SECONDS", "1", "from 2 to 600"),
    ("DEMO_FAULTS", "xx", "Write JSON"),
    ("DEMO_FAULTS", '{"voe": {"fault": "stall"}}', "demo-file"),
    ("TRUSTED_PROXIES", "127.0.0.1, my-proxy", "10.0.0.0/8"),
    ("TZ", "Europe/Bärlin", "Europe/Berlin"),
    ("ALLOWED_PRIVATE_HOSTS", "http://nas", "host:port"),
    ("ALLOWED_HOSTS", "localhost,http://nas.lan", "without http:// and port"),
    ("ALLOWED_HOSTS", "nas.lan:8000", "without http:// and port"),
    ("CSRF_TRUSTED_ORIGINS", "series.example.org", "https://series.example.org"),
    ("BASE_PATH", "/my series/", "letters"),
    ("REDIS_URL", "http://127.0.0.1:6379", "redis://"),
]


def run(**variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "check"],
        env={**os.environ, "ANIWORLD_PAGES": "on", **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(("name", "value", "allowed"), WRONG)
def test_a_wrong_value_is_told_in_one_line(name: str, value: str, allowed: str) -> None:
    result = run(**{name: value})
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert name in result.stderr
    assert value in result.stderr
    assert allowed in result.stderr


def test_the_password_of_a_refused_database_address_is_not_shown() -> None:
    result = run(DATABASE_URL="mysql://root:geheim@localhost/x")
    assert result.returncode == 1
    assert "geheim" not in result.stderr


def test_nor_is_that_of_a_refused_redis() -> None:
    result = run(REDIS_URL="http://:ge/h@eim@localhost")
    assert result.returncode == 1
    assert "eim" not in result.stderr


def is_refused(convert: Callable[[str], Any], text: str) -> bool:
    try:
        convert(text)
    except ValueError:
        return True
    return False


@pytest.mark.parametrize(
    ("convert", "good", "bad"),
    [
        (
            values.network,
            ["127.0.0.1", "10.0.0.1/8", "::1", "fd00::/8"],
            ["", "x", "10.0.0.0/33", "1.2.3", "localhost"],
        ),
        (values.zone, ["UTC", "Europe/Berlin"], ["Europe", "Europe/Nowhere", "../x", "/etc/localtime", "a\0b"]),
        (
            values.host,
            ["nas", "nas:8096", "10.0.0.1", "[::1]:80", "[::1]", "::1", "a_b.local", "münchen.example"],
            [
                "",
                ":80",
                "nas:",
                "nas:0",
                "nas:99999",
                "nas:x",
                "http://nas",
                "nas/x",
                "a@b",
                "[::1",
                "[nas]",
                "a b",
                "*",
            ],
        ),
        (
            values.origin,
            ["https://a.example", "http://a.example:8080", "https://*.a.example", "https://[::1]:8443"],
            ["a.example", "//a.example", "ftp://a.example", "https://", "https://a.example/", "https://*", "null"],
        ),
        (
            values.base_path,
            ["/", "a", "/a/", "a/b.c", "a_b-c~d"],
            ["a b", "a//b", "a/../b", "..", ".a", "a?b", "ä", "%2e"],
        ),
        (
            values.redis_url,
            ["redis://h", "rediss://u:p@h:1/2", "unix:///run/redis.sock"],
            ["h:6379", "http://h", "redis://", "redis:///1", "redis://h:x", "redis://h:0", "unix://", "redis://["],
        ),
    ],
)
def test_each_shape_is_told_from_what_is_not_it(convert: Callable[[str], Any], good: list[str], bad: list[str]) -> None:
    assert [text for text in good if is_refused(convert, text)] == []
    assert [text for text in bad if not is_refused(convert, text)] == []


@given(st.text())
def test_no_text_upsets_a_shape(text: str) -> None:
    for convert in (*(values.network, values.zone, values.host, values.origin, values.base_path, values.redis_url),):
        with suppress(ValueError):
            convert(text)


def test_a_value_may_stand_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "value"
    file.write_text("8123\n")
    monkeypatch.setenv("SOME_PORT_FILE", str(file))
    assert environment.integer("SOME_PORT", 1, 1, 65535) == 8123


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    file = tmp_path / "value"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("SOME_PORT_FILE", str(file))
    with pytest.raises(WrongValue, match=r"SOME_PORT_FILE.*readable text file"):
        environment.integer("SOME_PORT", 1, 1, 65535)


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_any_text_is_a_number_in_bounds_or_refused(text: str) -> None:
    os.environ["SOME_NUMBER"] = text
    line = ""
    try:
        assert 1 <= environment.integer("SOME_NUMBER", 5, 1, 9) <= 9
    except WrongValue as error:
        line = str(error)
    finally:
        del os.environ["SOME_NUMBER"]
    assert not line or "SOME_NUMBER" in line
    assert "\n" not in line


def test_the_product_s_variables_may_stand_in_files(tmp_path: Path) -> None:
    given = {
        "SECRET_KEY": "k" * 50,
        "DATABASE_URL": f"sqlite:///{tmp_path / 'other.db'}",
        "REDIS_URL": "redis://127.0.0.1:6379/9",
        "PORT": "8123",
        "ALLOWED_HOSTS": "nas.lan,other",
        "TMDB_API_KEY": "from-a-file",
        "LOG_LEVEL": "warning",
        "TZ": "Europe/Berlin",
        "DOWNLOAD_WORKERS": "7",
        "HTTPS": "on",
        "LIBRARY_DIR": str(tmp_path / "series"),
    }
    files = {}
    for name, value in given.items():
        (tmp_path / name).write_text(f"{value}\n")
        files[f"{name}_FILE"] = str(tmp_path / name)
    asked = ("SECRET_KEY", "REDIS_URL", "PORT", "ALLOWED_HOSTS", "TMDB_API_KEY", "LOG_LEVEL", "TIME_ZONE", "HTTPS")
    shown = f"[str(getattr(settings, name)) for name in {asked!r}] + [settings.DATABASES['default']['NAME']]"
    code = f"import json; from django.conf import settings; print(json.dumps({shown}))"
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "aniworld.settings", **files}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [
        given["SECRET_KEY"],
        given["REDIS_URL"],
        "8123",
        "['nas.lan', 'other']",
        "from-a-file",
        "WARNING",
        "Europe/Berlin",
        "True",
        str(tmp_path / "other.db"),
    ]
