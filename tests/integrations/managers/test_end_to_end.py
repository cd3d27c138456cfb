"""A real `up`, driven as Sonarr drives it, and by a client of qBittorrent that others wrote."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("qbittorrentapi", reason="make test installs what this needs")
import qbittorrentapi  # only after the line above

from tests.downloads.driving import HOSTS, assert_whole, fault, heal
from tests.integrations.managers.driving import SETTINGS, Item, Sonarr, items_of
from tests.running import Running, eventually

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("managers")]

LIGHTHOUSE = "Der Leuchtturm der Uhrmacherin"
# As Sonarr asks for “The Clockmaker's Lighthouse”.
IN_ENGLISH = "Clockmakers Lighthouse"
FIELDS = {
    "hash", "name", "size", "progress", "eta", "state", "category", "save_path", "content_path", "ratio", "ratio_limit",
    "seeding_time", "seeding_time_limit", "inactive_seeding_time_limit", "last_activity", "added_on", "completion_on",
    "dlspeed", "amount_left",
}  # fmt: skip


@pytest.fixture(scope="module")
def up() -> Iterator[Running]:
    with Running(demo=True, environment={"DEMO_SPEED": "0", "DEMO_CLIP_SECONDS": "4"}) as running:
        running.setup()
        running.api("PUT", "/api/config", SETTINGS)
        yield running


@pytest.fixture(scope="module")
def key(up: Running) -> str:
    made: str = up.api("POST", "/api/auth/apikeys", {"name": "sonarr", "scope": "queue"})["key"]
    return made


@pytest.fixture
def sonarr(up: Running, key: str) -> Sonarr:
    found = Sonarr(up, key)
    found.log_in()
    found.test_client()
    return found


def searched(sonarr: Sonarr, **parameters: Any) -> list[Item]:
    """A search for what nobody has looked for before may have to be repeated: the catalogues are asked behind it."""
    return eventually(lambda: sonarr.search(**parameters), 30, f"releases for {parameters}")


def completed(sonarr: Sonarr, info_hash: str) -> dict[str, Any]:
    def ready() -> dict[str, Any] | None:
        row = sonarr.queue()[info_hash]
        assert row["state"] not in ("error", "missingFiles"), row
        return row if row["state"] == "stoppedUP" else None

    return eventually(ready, 60, "the torrent is complete")  # type: ignore[arg-type]  # true means there


def video_of(up: Running, row: dict[str, Any], code: str) -> Path:
    [file] = [path for path in Path(row["content_path"]).iterdir() if code in path.name]
    assert_whole(file, 5)
    return file


def test_sonarr_s_way_from_the_test_to_the_import(up: Running, sonarr: Sonarr) -> None:
    assert "<caps>" in sonarr.ask(t="caps")
    # The test of an indexer and RSS: no criterion at all.
    newest = eventually(lambda: sonarr.search(cat="5030,5040,5070"), 30, "what is new")
    assert all(item.title.endswith("-ANIWORLD") for item in newest)
    # Nobody has this series in the library; it is searched for under its English name.
    found = searched(sonarr, q=IN_ENGLISH, season=1, ep=3)
    assert {item.title.split(".S01E03.")[0] for item in found} == {"The.Clockmakers.Lighthouse"}
    dub = next(item for item in found if ".German.Dub." in item.title)
    sonarr.grab(dub)
    row = sonarr.queue()[dub.info_hash]
    assert set(row) >= FIELDS
    assert (row["name"], row["category"], row["hash"]) == (dub.title, "tv-sonarr", dub.info_hash)
    row = completed(sonarr, dub.info_hash)
    assert (row["progress"], row["amount_left"], row["ratio_limit"]) == (1.0, 0, 0)
    assert row["ratio"] >= row["ratio_limit"]
    assert row["content_path"] != row["save_path"]
    assert row["content_path"].startswith(row["save_path"])
    [file] = sonarr.call(f"torrents/files?hash={dub.info_hash}").json()
    assert file["progress"] == 1.0
    assert (Path(row["save_path"]) / file["name"]).is_file()
    video = video_of(up, row, "S01E03")
    assert video.stem == dub.title
    # The very file of the library, under another name: importing it by a move takes nothing from the library.
    series = up.api("GET", "/api/anime", q=LIGHTHOUSE)["items"][0]
    assert series["monitored"] is False
    imported = up.data_dir / "sonarr.mp4"
    video.rename(imported)
    assert imported.stat().st_nlink == 2
    sonarr.call("torrents/delete", hashes=dub.info_hash, deleteFiles="true")
    assert dub.info_hash not in sonarr.queue()
    assert not Path(row["content_path"]).exists()
    detail = up.api("GET", f"/api/anime/{series['key']}")
    [episode] = [
        one for season in detail["seasons"] for one in season["episodes"] if (one["season"], one["episode"]) == (1, 3)
    ]
    assert episode["is_downloaded"]
    assert_whole(up.data_dir / "library" / episode["file_path"], 5)


def test_a_season_pack_and_absolute_numbers(up: Running, sonarr: Sonarr) -> None:
    found = searched(sonarr, q=LIGHTHOUSE, season=2)
    packs = [item for item in found if ".S02." in item.title]
    assert packs
    pack = next((item for item in packs if ".German.Dub." in item.title), packs[0])
    sonarr.grab(pack)
    row = completed(sonarr, pack.info_hash)
    files = sonarr.call(f"torrents/files?hash={pack.info_hash}").json()
    assert [f"S02E{number:02d}" in file["name"] for number, file in enumerate(files, 1)] == [True] * 8
    assert row["size"] == sum(file["size"] for file in files)
    for number in range(1, 9):
        video_of(up, row, f"S02E{number:02d}")
    # Season 1 has 12 episodes, so the 14th of all is the second one of season 2.
    by_number = sonarr.search(t="search", q=f"{LIGHTHOUSE} 14", cat="5070")
    assert {item.title.split(".S02E02.")[0] for item in by_number} == {"Der.Leuchtturm.der.Uhrmacherin"}
    # What is in the library already is there at once.
    again = next(item for item in by_number if item.attributes["language"] == pack.attributes["language"])
    sonarr.grab(again)
    row = completed(sonarr, again.info_hash)
    video_of(up, row, "S02E02")
    sonarr.call("torrents/delete", hashes=f"{pack.info_hash}|{again.info_hash}", deleteFiles="true")
    assert sonarr.queue() == {}


def test_a_foreign_client_drives_one_from_login_to_deletion(up: Running, key: str) -> None:
    where = f"{up.url}/integrations/qbittorrent"
    with pytest.raises(qbittorrentapi.LoginFailed):
        qbittorrentapi.Client(host=where, username="apikey", password="wrong").auth_log_in()
    client = qbittorrentapi.Client(host=where, username="apikey", password=key)
    client.auth_log_in()
    assert client.is_logged_in
    assert client.app_version() == "v5.0.2"
    sonarr = Sonarr(up, key)
    for host in HOSTS:
        fault(up, host, "speed", speed=60_000)
    wanted = searched(sonarr, q="Silberfaden", season=1, ep=2)[0]
    client.torrents_create_category("films", save_path="/nowhere")
    assert client.torrents_add(urls=wanted.magnet, category="films", tags=["one", "two"]) == "Ok."

    def state() -> str:
        return str(client.torrents_info(torrent_hashes=wanted.info_hash)[0].state)

    eventually(lambda: state() == "downloading", 30, "it downloads")
    eventually(lambda: client.torrents_info(torrent_hashes=wanted.info_hash)[0].progress > 0, 30, "bytes")
    client.torrents_stop(torrent_hashes=wanted.info_hash)
    eventually(lambda: state() == "stoppedDL", 10, "it stopped")
    heal(up)
    client.torrents_start(torrent_hashes=wanted.info_hash)
    eventually(lambda: state() == "stoppedUP", 60, "it arrived")
    [torrent] = client.torrents_info(category="films", tag="two", status_filter="completed")
    video_of(up, dict(torrent), "S01E02")
    assert [file.name for file in client.torrents_files(wanted.info_hash)]
    assert client.torrents_properties(wanted.info_hash)["save_path"] == torrent.save_path
    assert wanted.info_hash in client.sync_maindata().torrents
    assert client.transfer_info()["dl_info_speed"] == 0
    client.torrents_set_category("", torrent_hashes=wanted.info_hash)
    client.torrents_delete(delete_files=True, torrent_hashes=wanted.info_hash)
    assert not client.torrents_info()
    assert not Path(torrent.content_path).exists()
    client.auth_log_out()
    assert not client.is_logged_in


def test_deleting_what_downloads_cancels_it(up: Running, sonarr: Sonarr) -> None:
    for host in HOSTS:
        fault(up, host, "speed", speed=30_000)
    item = searched(sonarr, q="Silberfaden", season=1, ep=5)[0]
    sonarr.grab(item)
    eventually(lambda: sonarr.queue()[item.info_hash]["state"] == "downloading", 30, "it downloads")
    sonarr.call("torrents/delete", hashes=item.info_hash, deleteFiles="true")
    heal(up)
    states = [row["status"] for row in up.api("GET", "/api/queue/items?status=cancelled")["items"]]
    assert states == ["cancelled"]


def test_all_of_it_is_off_until_it_is_switched_on(up: Running, sonarr: Sonarr) -> None:
    up.api("PUT", "/api/config", {"integrations": {"torznab_enabled": False, "qbittorrent_enabled": False}})
    try:
        eventually(
            lambda: (
                sonarr.http.get(f"{up.url}/integrations/qbittorrent/api/v2/app/version", timeout=5).status_code == 404
            ),
            5,
            "off",
        )
        answer = sonarr.http.get(
            f"{up.url}/integrations/torznab/api", params={"t": "caps", "apikey": sonarr.key}, timeout=5
        )
        assert (answer.status_code, "<error" in answer.text) == (404, True)
    finally:
        up.api("PUT", "/api/config", SETTINGS)
        eventually(lambda: items_of(sonarr.ask(t="search")) is not None, 5)
