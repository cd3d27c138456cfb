"""Media servers: what is told of which event, when, in whose words, and what becomes of a failure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from aniworld.alerts.models import Alert
from aniworld.live.models import LogReader
from aniworld.live.publish import publish
from downloads import removal, renames
from integrations.media_servers import telling
from integrations.media_servers.models import MediaServer, Notice
from library.models import EpisodeFile, Series
from tests.aniworld.people import Api, user
from tests.integrations.conftest import media_server
from tests.integrations.receiving import Receiver, jellyfin, kodi, plex
from tests.library.factories import make_episodes, make_series

pytestmark = pytest.mark.django_db

UPDATED = "/Library/Media/Updated"


def tell() -> None:
    """What `up` and a worker do one after the other."""
    telling.look()
    telling.deliver()


def arrive(folder: str = "Show", **values: Any) -> None:
    publish("download_complete", {"key": "show", "file": f"{folder}/Season 01/a.mp4", **values})


def paths(server: Receiver) -> list[tuple[str, str]]:
    updates = [one.json["Updates"][0] for one in server.of(UPDATED)]
    return [(update["Path"], update["UpdateType"]) for update in updates]


def later(seconds: float) -> None:
    """As if so much time had passed."""
    for row in Notice.objects.all():
        moved = {"next_attempt_at": row.next_attempt_at - timedelta(seconds=seconds)}
        moved |= {"sent_at": row.sent_at - timedelta(seconds=seconds)} if row.sent_at else {}
        Notice.objects.filter(pk=row.pk).update(**moved)
    MediaServer.objects.update(rests_until=None)


def test_nothing_is_read_while_nobody_wants_to_know(db: None) -> None:
    arrive()
    tell()
    assert not Notice.objects.exists()
    assert not LogReader.objects.exists()


def test_what_happened_before_it_was_entered_is_not_told(other: Receiver) -> None:
    arrive("Before")
    media_server(other)
    arrive("After")
    tell()
    assert paths(other) == [("/media/series/After", "Created")]


def test_one_call_for_a_folder_and_minute(other: Receiver) -> None:
    media_server(other)
    arrive("One")
    tell()
    for _ in range(3):
        arrive("One")
    arrive("Two")
    tell()
    assert sorted(paths(other)) == [("/media/series/One", "Created"), ("/media/series/Two", "Created")]
    [waiting] = Notice.objects.filter(state="waiting")
    assert timedelta(seconds=50) < waiting.next_attempt_at - timezone.now() <= timedelta(seconds=60)
    later(61)
    tell()
    assert paths(other).count(("/media/series/One", "Created")) == 2
    later(61)
    tell()
    assert len(paths(other)) == 3


@pytest.fixture
def series(tmp_path: Any, settings: Any) -> Series:
    """Two files in the library, whose names are not the template's."""
    settings.LIBRARY_DIR = tmp_path / "library"
    folder = tmp_path / "library" / "Show"
    folder.mkdir(parents=True)
    series = make_series(key="show", name="Show", folder="Show", year=None)
    for episode in make_episodes(series, count=2):
        (folder / f"{episode.number}.mp4").write_bytes(b"x" * 5000)
        episode.record_file("German Dub", f"Show/{episode.number}.mp4", size=5000, duration=60.0, mtime=1.0)
    return series


def test_renaming_and_deleting_count_as_well(other: Receiver, series: Series) -> None:
    media_server(other)
    renamed = renames.rename(series, apply=True)
    assert len(renamed["moves"]) == 2
    tell()
    assert paths(other) == [("/media/series/Show", "Modified")]
    later(61)
    removal.remove_series(series, delete_files=True)
    assert not EpisodeFile.objects.exists()
    tell()
    assert paths(other)[1:] == [("/media/series/Show", "Deleted")]


def test_an_upgrade_and_a_scan_are_told(other: Receiver, series: Series) -> None:
    media_server(other)
    series.tell_of_files("upgrade", season=1, episode=1)
    tell()
    make_series(folder="Other").tell_of_files("scan")
    publish("scan_complete", {"statistics": {"new": 2, "moved": 0, "changed": 0, "vanished": 0}})
    tell()
    assert paths(other) == [("/media/series/Show", "Modified"), ("/media/series/Other", "Modified")]
    publish("scan_complete", {"statistics": {"new": 400, "moved": 0, "changed": 0, "vanished": 0}})
    tell()
    assert [one.method for one in other.of("/Library/Refresh")] == ["POST"]


def test_a_jellyfin_that_does_not_know_the_call_looks_at_everything(other: Receiver) -> None:
    media_server(other)
    other.answer = lambda request: (404 if request.path == UPDATED else 204, {}, b"")
    arrive()
    tell()
    assert [one.path for one in other.received] == [UPDATED, "/Library/Refresh"]


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ("/media/series/", "/media/series/Show"),
        ("smb://nas/series", "smb://nas/series/Show"),
        (r"\\nas\series", r"\\nas\series\Show"),
        ("D:\\Series\\", "D:\\Series\\Show"),
        ("D:/Series", "D:/Series/Show"),
        ("/", "/Show"),
    ],
)
def test_folders_are_named_as_the_server_knows_them(there: str, expected: str) -> None:
    assert MediaServer(library_folder=there).path_of("Show") == expected


def test_without_a_mapping_the_path_is_ours(settings: Any, tmp_path: Any) -> None:
    settings.LIBRARY_DIR = tmp_path
    assert MediaServer().path_of("Show") == f"{tmp_path}/Show"


def test_plex_is_asked_only_for_the_library_that_holds_the_folder(other: Receiver) -> None:
    media_server(other, "plex")
    other.answer = plex("/media/series")
    arrive("Ä & Ö?")
    tell()
    [call] = other.of("/library/sections/2/refresh")
    assert call.query == {"path": "/media/series/Ä & Ö?"}
    assert not other.of("/library/sections/1/refresh")


def test_kodi_forgets_what_went(other: Receiver, series: Series) -> None:
    media_server(other, "kodi", username="kodi")
    other.answer = kodi
    series.tell_of_files("delete")
    tell()
    calls = [(one.json["method"], one.json["params"]) for one in other.of("/jsonrpc")]
    where = {"directory": "/media/series/Show/", "showdialogs": False}
    assert calls == [("VideoLibrary.Scan", where), ("VideoLibrary.Clean", where)]


FAULTS: list[tuple[str, Callable[[Any], Any], str]] = [
    ("jellyfin", lambda _request: (401, {}, b""), "It refuses the key or password (HTTP status 401)."),
    ("jellyfin", lambda _request: (302, {"Location": "http://127.0.0.1:1/"}, b""), "leads elsewhere"),
    ("jellyfin", lambda _request: (200, {}, b"<html>"), "something else"),
    ("emby", lambda _request: (404, {}, b""), "does not know this address"),
    ("plex", plex("/elsewhere"), "No library of Plex holds /media/series. Its folders: /elsewhere, /films."),
    ("plex", lambda _request: (200, {}, b"[1]"), "something else"),
    ("kodi", lambda _request: (200, {}, b'{"error": {"code": -32601, "message": "Method not found."}}'), "Method not"),
    ("kodi", lambda _request: (500, {}, b""), "It answered with HTTP status 500."),
]


@pytest.mark.parametrize(("kind", "answer", "reason"), FAULTS)
def test_a_test_says_plainly_what_is_wrong(other: Receiver, kind: str, answer: Any, reason: str) -> None:
    other.answer = answer
    outcome = telling.try_out(media_server(other, kind))
    assert not outcome.ok
    assert reason in outcome.reason
    assert MediaServer.objects.get().last_error == outcome.reason
    assert not [one for one in other.received if one.path == "/"]


def test_a_private_address_is_said_to_be_one(settings: Any) -> None:
    settings.ALLOWED_PRIVATE_HOSTS = []
    server = MediaServer.objects.create(name="x", kind="jellyfin", address="http://192.168.1.5:8096")
    outcome = telling.try_out(server)
    assert outcome.reason == "192.168.1.5:8096 is a private address; add it to ALLOWED_PRIVATE_HOSTS"


def test_it_is_tried_again_with_growing_delay_and_then_complained_of_once(other: Receiver) -> None:
    server = media_server(other)
    other.answer = lambda _request: (500, {}, b"")
    arrive()
    waits = []
    for _ in Notice.PAUSES:
        tell()
        row = Notice.objects.get()
        waits.append(round((row.next_attempt_at - timezone.now()).total_seconds() / 60))
        later(100_000)
    assert waits == [round(pause.total_seconds() / 60) for pause in Notice.PAUSES]
    assert waits == sorted(waits)
    tell()
    assert Notice.objects.get().state == "failed"
    arrive("Another")
    for _ in range(8):
        tell()
        later(100_000)
    assert [alert.kind for alert in Alert.objects.all()] == ["integration_failed"]
    assert "jellyfin" in Alert.objects.get().title
    other.answer = jellyfin
    assert telling.try_out(server).ok
    assert MediaServer.objects.get().failing_since is None


def test_one_that_is_away_does_not_hold_up_another(receivers: Callable[[], Receiver]) -> None:
    away, there = receivers(), receivers()
    away.go_away()
    media_server(away)
    media_server(there, "emby")
    for folder in ("One", "Two", "Three"):
        arrive(folder)
    tell()
    assert len(paths(there)) == 3
    failed = Notice.objects.filter(receiver__name="jellyfin")
    # One was tried, the others were put back untried, and it is left alone for a while.
    assert sorted(row.attempts for row in failed) == [0, 0, 1]
    tell()
    assert sum(row.attempts for row in failed.all()) == 1


def test_a_key_is_kept_and_goes_to_no_other_server(admin: Api, other: Receiver, client: Any) -> None:
    address = "/api/integrations/media-servers"
    body = {"name": "TV", "kind": "plex", "address": f"{other.url}/", "secret": "k3y"}
    made = admin.call("post", address, body)
    assert made.status_code == 201, made.content
    assert "k3y" not in made.content.decode()
    pk = made.json()["id"]
    assert admin.call("patch", f"{address}/{pk}", {"library_folder": "/tv"}).json()["library_folder"] == "/tv"
    assert MediaServer.objects.get().secret == "k3y"
    refused = admin.call("patch", f"{address}/{pk}", {"address": "http://127.0.0.1:1"})
    assert (refused.status_code, refused.json()["code"]) == (422, "secret_needed")
    client.force_login(user("boss"))
    form = {**body, "address": "http://127.0.0.1:1", "secret": "", "username": "", "library_folder": "/tv"}
    page = client.post(f"/admin/media_servers/mediaserver/{pk}/change/", form)
    assert "was entered for another server" in page.content.decode()
    assert MediaServer.objects.get().address.startswith(other.url)
    assert admin.call("patch", f"{address}/{pk}", {"secret": ""}).json()["secret"] is False
    again = admin.call("post", address, body)
    assert (again.status_code, again.json()["code"]) == (409, "name_taken")
    for wrong in ({"address": "ftp://x"}, {"address": "http://user:pw@x"}, {"kind": "vlc"}, {"name": ""}):
        answer = admin.call("post", address, {**body, "name": "other", **wrong})
        assert answer.status_code == 422, answer.content
        assert answer.json()["code"]
    assert admin.call("get", f"{address}/{pk}/calls").json()["total"] == 0
    assert admin.call("delete", f"{address}/{pk}").status_code == 204
    assert admin.call("get", f"{address}/{pk}").status_code == 404
