"""Scans over HTTP, by command, on the library's page and in the admin; and the folder that is watched."""

from __future__ import annotations

import signal
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from aniworld.configuration import store
from aniworld.environment import ROOT
from library import scanning, watching
from library.models import Finding, Scan, Series
from tests.aniworld.people import signed_in, user
from tests.library.factories import make_series
from tests.library.scanning.conftest import Shelves, shelved
from tests.running import eventually

pytestmark = pytest.mark.django_db


def work() -> Scan:
    """What a worker does, in this thread."""
    scan = Scan.objects.claim()
    assert scan
    scanning.work(scan)
    return scan


def command(*words: str) -> str:
    out = StringIO()
    call_command("scan", *words, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_over_http(shelves: Shelves) -> None:
    api = signed_in(user("member", staff=False))
    shelves.put("Dark/S01E01.mkv")
    answer = api.call("post", "/api/anime/rescan", {})
    assert (answer.status_code, answer.json()) == (202, {"progress_id": "library_scan"})
    assert api.call("post", "/api/anime/rescan", {}).json()["code"] == "scan_running"
    assert api.call("get", "/api/progress/library_scan").json()["status"] == "started"
    assert work().status == "completed"
    assert api.call("get", "/api/progress/library_scan").json()["status"] == "completed"
    assert api.generic("POST", "/api/anime/rescan", headers=api.credentials).status_code == 202
    scanning.cancel()
    assert api.call("post", "/api/anime/rescan", {"key": "nobody"}).status_code == 404
    assert api.call("post", "/api/anime/rescan", {"key": "dark"}).status_code == 202
    assert api.call("post", "/api/anime/rescan/cancel", {}).json()["cancelled"] is True
    assert api.call("post", "/api/anime/rescan/cancel", {}).status_code == 202
    assert Client().post("/api/anime/rescan").status_code == 401


def test_without_the_folder_it_is_unavailable(shelves: Shelves) -> None:
    shelves.root.rmdir()
    answer = signed_in(user()).call("post", "/api/anime/rescan", {})
    assert (answer.status_code, answer.json()["code"]) == (503, "library_unavailable")
    assert not Scan.objects.exists()


def test_by_command(shelves: Shelves) -> None:
    shelves.put("Dark/S01E01.mkv")
    assert "1 new, 1 series adopted" in command()
    shelves.put("Dark/S01E02.mkv")
    assert "1 new" in command("dark")
    shelves.put("Holidays/beach.mp4")
    shelves.put("Dark/trailer.mp4")
    assert "3 findings wait for somebody to look: the page /findings lists them." in command()
    # The series without a catalogue, and its trailer.
    assert "2 findings wait in “Dark” for somebody" in command("dark")
    with pytest.raises(CommandError, match="no series"):
        command("nobody")
    scanning.start()
    with pytest.raises(CommandError, match="already"):
        command()
    scanning.cancel()
    shelves.root.rename(shelves.root.parent / "gone")
    with pytest.raises(CommandError, match="is not there"):
        command()


@pytest.mark.processes
def test_an_interrupted_command_leaves_no_scan_behind(tmp_path: Path) -> None:
    with shelved("sqlite", tmp_path) as environment:
        fifo_free = Shelves(tmp_path / "library")
        for number in range(3000):
            (fifo_free.root / f"Series {number}").mkdir()
            (fifo_free.root / f"Series {number}" / "S01E01.mkv").touch()
        process = subprocess.Popen(
            [sys.executable, "manage.py", "scan"],
            env=environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr
        assert process.stderr.read(1)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        assert process.returncode in (0, 130)
        again = subprocess.run(
            [sys.executable, "manage.py", "scan"],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert again.returncode == 0, again.stderr


def test_on_the_library_page(shelves: Shelves, client: Client) -> None:
    client.force_login(user("member", staff=False))
    page = client.get("/").content.decode()
    assert 'action="/scan"' in page
    shelves.put("Holidays/beach.mp4")
    answer = client.post("/scan", follow=True)
    assert "The library is being scanned." in answer.content.decode()
    assert 'action="/scan/cancel"' in client.get("/parts/scan").content.decode()
    assert "already" in client.post("/scan", follow=True).content.decode()
    work()
    assert "1 finding" not in client.get("/parts/scan").content.decode()
    client.force_login(user())
    assert "1 finding" in client.get("/parts/scan").content.decode()
    client.post("/scan")
    client.post("/scan/cancel")
    assert not Scan.objects.live().exists()
    assert client.get("/scan").status_code == 302


def test_in_the_admin(shelves: Shelves, client: Client) -> None:
    client.force_login(user())
    series = make_series(provider="", slug="", folder="Dark")
    candidate = {"provider": "demo", "slug": "dark", "link": "dark", "name": "Dark", "year": 2017, "score": 0.7}
    finding = Finding.objects.create(kind="unmatched", path="Dark", series=series, candidates=[candidate])
    other = Finding.objects.create(kind="not_understood", path="Dark/x.mkv")
    changes = reverse("admin:library_finding_changelist")

    def act(name: str, *rows: Finding, query: str = "") -> str:
        values: dict[str, Any] = {"action": name, "_selected_action": [row.pk for row in rows]}
        return client.post(changes + query, values, follow=True).content.decode()

    assert "Dark (2017) · demo · 70%" in client.get(changes).content.decode()
    act("ignore", other)
    assert "x.mkv" not in client.get(changes).content.decode()
    assert "x.mkv" in client.get(f"{changes}?state=ignored").content.decode()
    act("stop_ignoring", other, query="?state=ignored")
    assert "no candidate" in act("link_to_first", other)
    change = reverse("admin:library_finding_change", args=[finding.pk])
    assert "Dark (2017) · demo" in client.get(change).content.decode()
    client.post(change, {"candidate": "0"})
    series.refresh_from_db()
    finding.refresh_from_db()
    assert (series.provider, finding.resolved_at is None) == ("demo", False)
    act("search_again", finding, query="?state=resolved")
    act("scan_again", other)
    scan = Scan.objects.live().get()
    assert scan.folders == ["Dark"]
    scans = reverse("admin:library_scan_changelist")
    client.post(scans, {"action": "end_them", "_selected_action": [scan.pk]})
    assert not Scan.objects.live().exists()


def watched() -> watching.Watcher | None:
    return watching._watch.watcher


def test_a_watched_folder_is_scanned_where_it_changed(shelves: Shelves, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "QUIET", 0.2)
    monkeypatch.setattr(watching, "_watch", watching._Watch())
    watching.look()
    assert watched() is None
    store.change({"library": {"watch_folder": True}})
    watching.look()
    watcher = watched()
    assert watcher

    def noticed() -> bool:
        # Until the thread is at it, changes go unnoticed.
        shelves.put("Dark/Season 01/S01E01.mkv")
        return bool(watcher and watcher._changed)

    def asked() -> Scan | None:
        watching.look()
        return Scan.objects.live().first()

    try:
        eventually(noticed)
        scan = eventually(asked)
        assert scan
        assert "Dark" in scan.folders
        assert work().status == "completed"
        assert Series.objects.get().folder == "Dark"
    finally:
        store.change({"library": {"watch_folder": False}})
        watching.look()
    assert watched() is None
    eventually(lambda: not watcher._thread.is_alive())


def test_what_changed_waits_until_it_is_quiet_and_a_scan_is_free(
    shelves: Shelves, monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher = watching.Watcher(shelves.root)
    names = ("Dark/a.mkv", "Dark/.hidden/b.mkv", "Dark/tvshow.nfo", "loose.mkv", "Other/x", "Dark/.aniworld-1.part")
    watcher.note(str(shelves.root / name) for name in names)
    watcher.note(["/elsewhere/x.mkv"])
    assert watcher.settled() == []
    monkeypatch.setattr(watching, "QUIET", 0.0)
    assert watcher.settled() == ["Dark", "Other"]
    scanning.start()
    watching._ask_for_scan(watcher)
    assert watcher.settled() == ["Dark", "Other"]
    scanning.cancel()
    watching._ask_for_scan(watcher)
    assert watcher.settled() == []
