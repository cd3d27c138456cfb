"""Log lines: what they carry, what never stands in them, what nobody can forge, and how long they are kept."""

from __future__ import annotations

import json
import logging
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from aniworld import log_level
from aniworld.configuration import store
from aniworld.logs import ContextFilter, LineFormatter, PrivateFile, about, hide, one_line, without_secrets
from aniworld.supervisor.logfiles import KEPT_FILES, rotate

TOKEN = "awt_" + "s3cr3tT0k3n" * 3


@pytest.fixture
def log_file(tmp_path: Path) -> Any:
    """A logger that writes as the product does; answers it and its file."""
    path = tmp_path / "app.log"
    handler = PrivateFile(str(path), encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(LineFormatter())
    handler.addFilter(ContextFilter())
    logger = logging.getLogger("tests.logs")
    logger.addHandler(handler)
    logger.setLevel("DEBUG")
    yield logger, path
    logger.removeHandler(handler)
    handler.close()


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {TOKEN}",
        f"headers {{'X-Api-Key': '{TOKEN}', 'Referer': 'x'}}",
        f'{{"access_token": "{TOKEN}"}}',
        f"GET https://cdn.example.org/{TOKEN}/video.mp4 failed",
        f"GET https://cdn.example.org/video.mp4?expires=1&sig={TOKEN} failed",
        f"https://somebody:{TOKEN}@example.org/",
        f"postgres://aniworld:{TOKEN}@database/aniworld",
        f"Max retries exceeded with url: /{TOKEN}.m3u8 (Caused by nothing)",
        f"Cookie: sessionid={TOKEN}; csrftoken={TOKEN}",
        f"password='{TOKEN} with a space {TOKEN}'",
        f"download_url={TOKEN}",
        f"tgram://{TOKEN}/42",
        f"the key {TOKEN} was used",
        f"secret_key = {TOKEN}",
        f"Set-Cookie: sessionid={TOKEN}; HttpOnly",
        f"token={TOKEN[:10]}\n{TOKEN[10:]}"[:14],
    ],
)
def test_secrets_never_stand_in_a_line(text: str, log_file: Any) -> None:
    logger, path = log_file
    with about(item=7, told=text):
        logger.warning(text)
        logger.error("It failed", exc_info=ValueError(text))
    logger.warning("%s", {"said": text})
    assert "s3cr3t" not in path.read_text()


def test_a_real_error_of_a_request_does_not_tell_its_address(log_file: Any) -> None:
    logger, path = log_file
    try:
        requests.get(f"http://127.0.0.1:9/{TOKEN}/video.mp4?sig={TOKEN}", timeout=2)
    except requests.RequestException:
        logger.exception("The download failed")
    text = path.read_text()
    assert "127.0.0.1" in text
    assert "s3cr3t" not in text


def test_configured_secrets_are_hidden_wherever_they_appear(log_file: Any) -> None:
    logger, path = log_file
    hide("correcthorse", "short")
    logger.warning("It said correcthorse, in short")
    assert "It said ***, in short" in path.read_text()


def test_innocent_text_stays() -> None:
    for text in (
        "Aniworld is ready on http://127.0.0.1:8000",
        "The monkey is 4",
        "1:30 of 24:00",
        "S01E05 – Déjà vu 進撃",
    ):
        assert one_line(without_secrets(text)) == text


@pytest.mark.parametrize("as_json", [False, True])
def test_foreign_text_cannot_forge_a_line(as_json: bool) -> None:
    foreign = "a\n2026-01-01T00:00:00Z ERROR b\r\x1b[2K\u202eevil\u2028\x85\x00\ufeff\ud800"
    record = logging.LogRecord("x", logging.INFO, "", 0, "%s", (foreign,), None)
    with about(item="5 level=ERROR", series=foreign):
        ContextFilter().filter(record)
    line = LineFormatter(as_json).format(record)
    assert len(line.splitlines()) == 1
    assert all(sign not in line for sign in ("\x1b", "\u202e", "\x00", "\ufeff", "\ud800"))
    if as_json:
        assert json.loads(line)["level"] == "INFO"
    else:
        assert ' item="5 level=ERROR" ' in line


def test_each_line_of_a_download_names_item_and_provider(log_file: Any) -> None:
    logger, path = log_file
    with about(item=42, series="x"), about(provider="voe"):
        logger.info("It goes on")
    assert " item=42 series=x provider=voe It goes on" in path.read_text()
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.django_db
def test_the_configured_level_is_in_force_once_it_is_read() -> None:
    root = logging.getLogger()
    before = root.level
    try:
        store.change({"logging": {"level": "ERROR"}})
        log_level.refresh()
        assert not logging.getLogger("downloads.engine").isEnabledFor(logging.WARNING)
        store.change({"logging": {"level": "DEBUG"}})
        log_level.refresh()
        assert logging.getLogger("downloads.engine").isEnabledFor(logging.DEBUG)
        assert not logging.getLogger("urllib3.connectionpool").isEnabledFor(logging.DEBUG)
    finally:
        root.setLevel(before)


@pytest.mark.django_db
def test_the_environment_s_level_is_the_first_one(settings: Any) -> None:
    settings.LOG_LEVEL = "WARNING"
    assert store.current().logging.level == "WARNING"
    store.change({"logging": {"level": "ERROR"}})
    assert store.current().logging.level == "ERROR"


def test_files_are_moved_when_they_are_large(tmp_path: Path) -> None:
    for number in range(KEPT_FILES + 3):
        (tmp_path / "app.log").write_text(f"{number}" * 100)
        rotate(tmp_path, 99, 14)
    assert not (tmp_path / "app.log").exists()
    assert (tmp_path / "app.log.1").read_text().startswith("11")
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"app.log.{n}" for n in range(1, KEPT_FILES + 1)]


@pytest.mark.parametrize("line", ["{} INFO x y\n", '{{"time": "{}", "level": "INFO"}}\n'])
def test_files_are_moved_when_they_are_old(tmp_path: Path, line: str) -> None:
    path = tmp_path / "error.log"
    path.write_text(line.format((datetime.now(UTC) - timedelta(hours=20)).isoformat(timespec="milliseconds")))
    rotate(tmp_path, 10**9, 9)
    assert path.exists()
    path.write_text(line.format((datetime.now(UTC) - timedelta(hours=30)).isoformat(timespec="milliseconds")))
    rotate(tmp_path, 10**9, 9)
    assert not path.exists()


def test_what_is_too_old_is_deleted(tmp_path: Path) -> None:
    (tmp_path / "app.log.3").touch()
    os.utime(tmp_path / "app.log.3", (time.time() - 15 * 86400,) * 2)
    (tmp_path / "app.log.2").touch()
    rotate(tmp_path, 10**9, 14)
    assert [path.name for path in tmp_path.iterdir()] == ["app.log.2"]
