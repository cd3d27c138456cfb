"""Long lists of the download client: what they cost, and what is done to all of them at once."""

from __future__ import annotations

from downloads import queue
from downloads.models import Priority, QueueItem
from integrations.qbittorrent import grabbing
from integrations.qbittorrent.models import Category, ClientPart, ClientTorrent
from tests.aniworld.people import user
from tests.integrations.managers import driving
from tests.integrations.managers.grabs import DUB, Caller, release_of, series_of

Stage = ClientTorrent.Stage


def _sort(caller: Caller, hashes: str) -> None:
    assert caller.post("torrents/setCategory", hashes=hashes, category="other").status_code == 200


def test_thousands_are_listed_and_worked(caller: Caller) -> None:
    """More than SQLite takes of alternatives in one query."""
    count = 1200
    series = series_of(count)
    episodes = list(series.episodes.order_by("number"))
    queue.enqueue(series, episodes, language=DUB.value)
    items = {item.episode_id: item for item in QueueItem.objects.all()}
    ClientTorrent.objects.bulk_create(
        [
            ClientTorrent(info_hash=f"{one.number:040x}", name=str(one), provider="demo", slug=series.slug, season=1,
                          number=one.number, language=DUB.value, category="tv", stage=Stage.QUEUED)
            for one in episodes
        ],
        batch_size=200,
    )  # fmt: skip
    by_number = {torrent.number: torrent for torrent in ClientTorrent.objects.all()}
    ClientPart.objects.bulk_create(
        [ClientPart(torrent=by_number[one.number], episode=one, item=items[one.pk], is_own=True) for one in episodes],
        batch_size=200,
    )
    assert {row["state"] for row in caller.torrents(category="tv")} == {"queuedDL"}
    assert len(caller.get("sync/maindata").json()["torrents"]) == count
    assert caller.post("torrents/setShareLimits", hashes="all").status_code == 200
    assert driving.fewest(caller.torrents) == driving.fewest(lambda: caller.torrents(hashes=f"{1:040x}"))
    Category.objects.put("other")
    assert driving.fewest(lambda: _sort(caller, f"{1:040x}")) == driving.fewest(lambda: _sort(caller, "all"))
    assert {row["category"] for row in caller.torrents()} == {"other"}
    for verb, state in (("stop", "stoppedDL"), ("start", "queuedDL"), ("topPrio", "queuedDL")):
        caller.post(f"torrents/{verb}", hashes="all")
        assert {row["state"] for row in caller.torrents()} == {state}
    assert set(QueueItem.objects.values_list("priority", flat=True)) == {Priority.HIGH}
    grabbing.watch()
    # All of them as one of fifty in a list.
    first = ClientTorrent.objects.first()
    ClientPart.objects.update(torrent=first)
    browser = driving.caller()
    browser.force_login(user("boss"))
    assert browser.get("/admin/qbittorrent/clienttorrent/").status_code == 200


def test_lists_are_narrowed_ordered_and_cut_at_a_constant_cost(caller: Caller) -> None:
    series = series_of(12)
    hashes = []
    for number in range(1, 13):
        hashes.append(release_of(series, number).info_hash)
        caller.post("torrents/add", urls=release_of(series, number).magnet())
    names = [row["name"] for row in caller.torrents(sort="name", reverse="true", limit=3, offset=1)]
    assert [name.split(".")[2] for name in names] == ["S01E11", "S01E10", "S01E09"]
    assert len(caller.torrents(hashes="|".join(hashes[:2]))) == 2
    assert len(caller.torrents(filter="running")) == 12
    assert caller.torrents(filter="completed") == []
    many = driving.fewest(caller.torrents)
    caller.post("torrents/delete", hashes="|".join(hashes[2:]))
    assert driving.fewest(caller.torrents) == many
    data = caller.get("sync/maindata", rid=0).json()
    assert set(data["torrents"]) == set(hashes[:2])
    assert caller.get("transfer/info").json()["dl_info_speed"] == 0
