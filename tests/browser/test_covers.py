"""Covers are fetched once, through the guarded client, and only what is a raster picture leaves this server again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import BoundedSemaphore, Thread
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client

from aniworld.pages import cover_files, covers
from library.models import Series

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64


class Pictures(BaseHTTPRequestHandler):
    """Serves what a hostile or a decent site might call a cover."""

    bodies = {"/good": PNG, "/svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "/page": b"<html>"}
    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        body = self.bodies.get(self.path)
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "image/png")
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def pictures(settings: Any) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pictures)
    Thread(target=server.serve_forever, daemon=True).start()
    Pictures.asked.clear()
    settings.ALLOWED_PRIVATE_HOSTS = [f"127.0.0.1:{server.server_port}"]
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def first() -> Series:
    return Series.objects.earliest("id")


def test_a_cover_is_fetched_once_and_served_from_here(browser: Client, pictures: str) -> None:
    Series.objects.filter(pk=first().pk).update(cover_url=f"{pictures}/good")
    for _ in range(2):
        response = browser.get(f"/anime/{first().key}/cover")
        assert (response.status_code, response["Content-Type"], response.content) == (200, "image/png", PNG)
    assert Pictures.asked == ["/good"]
    assert "sandbox" in response["Content-Security-Policy"]
    assert "max-age" in response["Cache-Control"]


@pytest.mark.parametrize("path", ["/svg", "/page", "/gone"])
def test_what_is_no_raster_picture_is_not_served_nor_asked_for_again(browser: Client, pictures: str, path: str) -> None:
    address = covers.address("demo", pictures + path)
    assert [browser.get(address).status_code for _ in range(2)] == [404, 404]
    assert len(Pictures.asked) == 1


def test_only_signed_addresses_are_fetched(browser: Client, pictures: str) -> None:
    signed = covers.address("demo", f"{pictures}/good")
    assert browser.get(f"{signed}x").status_code == 404
    assert browser.get(f"/covers/{pictures.replace('/', '')}").status_code == 404
    assert browser.get(signed).status_code == 200


def test_private_addresses_are_not_reached_for_a_cover(browser: Client, pictures: str, settings: Any) -> None:
    settings.ALLOWED_PRIVATE_HOSTS = []
    assert browser.get(covers.address("demo", f"{pictures}/good")).status_code == 404
    assert Pictures.asked == []
    assert not list((Path(django_settings.DATA_DIR) / "covers").glob(".*"))


def test_when_all_places_are_taken_a_page_goes_without_and_asks_again_soon(
    browser: Client, pictures: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = BoundedSemaphore(1)
    monkeypatch.setattr(covers, "_places", places)
    monkeypatch.setattr(covers, "_PATIENCE", 0.05)
    address = covers.address("demo", f"{pictures}/good")
    places.acquire()
    answer = browser.get(address)
    assert (answer.status_code, answer["Cache-Control"]) == (404, "private, max-age=10")
    places.release()
    assert browser.get(address).status_code == 200
    assert places.acquire(timeout=0)


def test_the_folder_of_covers_is_bounded_and_the_oldest_go_first(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DATA_DIR = tmp_path
    folder = tmp_path / "covers"
    monkeypatch.setattr(cover_files, "MOST_FILES", 10)
    monkeypatch.setattr(cover_files, "LOOK_EVERY", 5)
    for number in range(40):
        cover_files.write(f"http://site/{number}", b"x" * 100)
        for file in folder.iterdir():
            os.utime(file, (file.stat().st_mtime - 10,) * 2)
    assert len(list(folder.iterdir())) < 10 + 5
    assert cover_files.read("http://site/0") is None
    assert cover_files.read("http://site/39") == b"x" * 100
    monkeypatch.setattr(cover_files, "MOST_BYTES", 300)
    cover_files.prune(folder)
    assert len(list(folder.iterdir())) == 3
