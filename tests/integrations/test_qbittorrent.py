"""The download client without workers: who may call it, what it answers, and what becomes of a grab, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from aniworld.accounts import tokens
from aniworld.accounts.models import ApiKey, Token, User
from aniworld.configuration import store
from downloads import queue
from downloads.models import QueueItem
from integrations.qbittorrent import grabbing, handing, upkeep, views
from integrations.qbittorrent.models import Category, ClientSession, ClientTorrent
from integrations.releases import Release
from library.models import Episode, EpisodeFile, Series
from providers import registry
from providers.contracts import Language
from providers.models import Provider
from tests.aniworld.people import PASSWORD, user
from tests.integrations import driving
from tests.integrations.driving import SETTINGS
from tests.library.factories import make_series, queries_of

pytestmark = pytest.mark.django_db

BASE = "/integrations/qbittorrent/api/v2/"
DUB, SUB = Language.GERMAN_DUB, Language.GERMAN_SUB
Stage = ClientTorrent.Stage


@pytest.fixture(autouse=True)
def library(settings: Any, tmp_path: Path) -> Path:
    settings.LIBRARY_DIR = tmp_path / "library"
    settings.LIBRARY_DIR.mkdir()
    settings.DEMO = True
    registry.sync()
    store.change(SETTINGS)
    return settings.LIBRARY_DIR  # type: ignore[no-any-return]  # set above


@pytest.fixture
def person() -> User:
    return user()


class Caller:
    """A client with credentials in its headers, or the cookie of a login."""

    def __init__(self, key: str = "") -> None:
        self.http = driving.caller()
        self.headers = {"X-Api-Key": key} if key else {}

    def get(self, name: str, **values: Any) -> Any:
        return self.http.get(BASE + name, values, headers=self.headers)

    def post(self, name: str, headers: dict[str, str] | None = None, **form: Any) -> Any:
        return self.http.post(BASE + name, form, headers={**self.headers, **(headers or {})})

    def torrents(self, **values: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("torrents/info", **values).json()
        return found


@pytest.fixture
def key(person: User) -> str:
    return tokens.create_key(person, "sonarr", "queue")[1]


@pytest.fixture
def caller(key: str) -> Caller:
    return Caller(key)


def series_of(count: int = 3, *languages: str, **values: Any) -> Series:
    """A loaded series of the demo with a season in these languages."""
    done = {"episodes_loaded": True, "loading_status": "completed", "loading_completed_at": timezone.now()}
    made = make_series(**{**done, **values})
    seen = dict.fromkeys(languages or (DUB.value,), "x")
    Episode.objects.bulk_create(
        Episode(series=made, season=1, number=number, languages=seen) for number in range(1, count + 1)
    )
    return made


def release_of(series: Series, episode: int | None = 1, language: Language = DUB) -> Release:
    return Release("demo", series.slug, 1, episode, language, series.name)


def file_of(library: Path, episode: Episode, language: Language = DUB, size: int = 1000) -> EpisodeFile:
    """A file on disk, as the engine leaves it."""
    name = f"Series/{episode.code} {language}.mp4"
    (library / "Series").mkdir(exist_ok=True)
    (library / name).write_bytes(b"x" * size)
    return episode.record_file(language.value, name, size=size, duration=60, mtime=1)


def arrive(library: Path, item: QueueItem) -> None:
    """As the engine ends an item."""
    file = file_of(library, item.episode, Language(item.language))
    QueueItem.objects.filter(pk=item.pk).update(
        status="completed", file_destination=file.path, total_bytes=file.size, downloaded_bytes=file.size
    )


# Who may call


def test_it_is_off_until_it_is_switched_on(caller: Caller) -> None:
    store.change({"integrations": {"qbittorrent_enabled": False}})
    for name in (*views.READING, *views.CHANGING, *views.OPEN):
        assert caller.get(name).status_code == caller.post(name).status_code == 404


def test_nobody_gets_anything_without_a_login(person: User) -> None:
    nobody = Caller()
    for name in views.READING:
        assert nobody.get(name).status_code == nobody.post(name).status_code == 403, name
    for name in views.CHANGING:
        assert nobody.post(name, hashes="all").status_code == 403, name
        assert nobody.get(name).status_code == 405, name
    page = Caller()
    page.http.force_login(person)
    assert page.get("app/version").status_code == 403
    assert Caller("awk_wrong").get("app/version").status_code == 403


def test_a_reading_key_looks_and_changes_nothing(person: User) -> None:
    reader = Caller(tokens.create_key(person, "dashboard", "read")[1])
    for name in views.READING:
        assert reader.get(name).status_code in (200, 404), name
    for name in views.CHANGING:
        assert reader.post(name, hashes="all").status_code == 403, name
    text = reader.headers["X-Api-Key"]
    assert reader.post("auth/login", username="apikey", password=text).content == b"Fails."


def test_a_login_by_key_lasts_as_long_as_the_key(key: str) -> None:
    client = Caller()
    assert client.get("app/webapiVersion").status_code == 403
    answer = client.post("auth/login", username="apikey", password=key)
    assert (answer.status_code, answer.content) == (200, b"Ok.")
    cookie = answer.cookies["SID"]
    assert cookie["httponly"]
    assert (cookie["samesite"], cookie["path"]) == ("Strict", "/integrations/qbittorrent")
    assert key not in cookie.value
    assert client.get("app/webapiVersion").content == b"2.11.2"
    assert ClientSession.objects.get().hash != cookie.value
    ApiKey.objects.all().delete()
    assert client.get("app/webapiVersion").status_code == 403


def test_a_login_by_password_is_a_session_that_can_be_ended(person: User) -> None:
    client = Caller()
    assert client.post("auth/login", username="admin", password="wrong").content == b"Fails."
    assert client.post("auth/login", username="admin", password=PASSWORD).content == b"Ok."
    assert client.get("app/version").content == b"v5.0.2"
    token = Token.objects.get(user=person)
    assert client.post("auth/logout").status_code == 200
    token.refresh_from_db()
    assert not token.is_active
    assert client.get("app/version").status_code == 403


@pytest.mark.parametrize("name", ["apikey", "admin"])
def test_guessing_is_refused_after_five_tries_the_right_one_as_well(person: User, key: str, name: str) -> None:
    answers = [Caller().post("auth/login", username=name, password=f"awk_wrong{number}") for number in range(5)]
    assert {(one.status_code, one.content) for one in answers} == {(200, b"Fails.")}
    right = key if name == "apikey" else PASSWORD
    assert Caller().post("auth/login", username=name, password=right).status_code == 403


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Referer": "https://evil.example/page"},
    {"Sec-Fetch-Site": "cross-site"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_page_of_another_origin_acts_for_nobody(key: str, headers: dict[str, str]) -> None:
    client = Caller()
    assert client.post("auth/login", headers, username="apikey", password=key).status_code == 401
    client.post("auth/login", username="apikey", password=key)
    assert client.post("torrents/createCategory", headers, category="x").status_code == 401
    assert not Category.objects.exists()
    own = {"Origin": "http://testserver", "Referer": "http://testserver/integrations/qbittorrent/"}
    assert client.post("torrents/createCategory", own, category="x").status_code == 200


# A grab, step by step


def test_a_grab_of_a_known_series_is_in_the_queue_at_once(caller: Caller, person: User) -> None:
    series = series_of()
    release = release_of(series, 2)
    answer = caller.post("torrents/add", urls=release.magnet(5000), category="tv", tags="a, b", stopped="false")
    assert answer.content == b"Ok."
    item = QueueItem.objects.get()
    assert (item.episode.number, item.language, item.language_fixed, item.requested_by) == (2, DUB, True, person)
    [row] = caller.torrents(category="tv")
    assert (row["hash"], row["name"], row["state"]) == (release.info_hash, release.title, "queuedDL")
    assert (row["size"], row["amount_left"], row["progress"], row["eta"]) == (5000, 5000, 0, 8640000)
    assert row["tags"] == "a, b"
    assert caller.get("torrents/properties", hash=release.info_hash.upper()).json()["save_path"] == row["save_path"]
    assert caller.get("torrents/files", hash=release.info_hash).json()[0]["name"].endswith(f"{release.title}.mp4")
    # Once more is no second one, and no error.
    assert caller.post("torrents/add", urls=release.magnet(5000)).content == b"Ok."
    assert QueueItem.objects.count() == 1


def test_a_series_that_is_not_there_is_added_and_waited_for(caller: Caller) -> None:
    release = Release("demo", "silberfaden", 1, 2, DUB, "Silver Thread")
    assert caller.post("torrents/add", urls=release.magnet()).content == b"Ok."
    series = Series.objects.get()
    assert (series.name, series.monitored, series.download_when_loaded) == ("Silver Thread", False, False)
    assert [row["state"] for row in caller.torrents()] == ["metaDL"]
    Episode.objects.create(series=series, season=1, number=2, languages={DUB.value: "x"})
    ClientTorrent.objects.update(lease_until=None)
    grabbing.watch()
    assert [row["state"] for row in caller.torrents()] == ["queuedDL"]
    assert QueueItem.objects.count() == 1


def test_what_its_catalogue_does_not_have_fails_with_the_reason(caller: Caller) -> None:
    series = series_of(2, SUB.value, loading_completed_at=timezone.now() + timedelta(minutes=1))
    caller.post("torrents/add", urls=release_of(series).magnet())
    [row] = caller.torrents(filter="errored")
    assert row["state"] == "error"
    assert DUB.value in row["comment"]
    # What has come meanwhile is there when it is started again.
    series.episodes.update(languages={DUB.value: "x"})
    caller.post("torrents/start", hashes="all")
    assert caller.torrents()[0]["state"] == "queuedDL"


def test_states_of_the_queue_in_the_words_of_a_client(caller: Caller) -> None:
    series = series_of()
    caller.post("torrents/add", urls=release_of(series).magnet(1000))
    token = {"token": "t", "lease_until": timezone.now() + timedelta(minutes=1)}
    loose: dict[str, Any] = {"token": "", "lease_until": None, "pause_reason": ""}
    busy = {**loose, **token, "status": "downloading", "total_bytes": 1000, "downloaded_bytes": 400}
    failed = {**loose, "status": "failed", "error_message": "No host had it."}
    soon = timezone.now() + timedelta(minutes=1)
    for values, state in (
        ({**busy, "download_speed": 100}, "downloading"),
        ({**busy, "download_speed": 0}, "downloading"),
        ({**busy, "downloaded_bytes": 1000}, "checkingUP"),
        ({**loose, "status": "pending", "next_attempt_at": soon}, "queuedDL"),
        ({**loose, "status": "paused", "pause_reason": "user"}, "stoppedDL"),
        ({**loose, "status": "paused", "pause_reason": "window"}, "queuedDL"),
        ({**loose, "status": "paused", "pause_reason": "blocked"}, "stalledDL"),
        ({**loose, "status": "paused", "pause_reason": "disk"}, "stalledDL"),
        (failed, "error"),
        ({**loose, "status": "cancelled"}, "error"),
        ({**loose, "status": "completed"}, "moving"),
    ):
        QueueItem.objects.update(**values)
        assert caller.torrents()[0]["state"] == state, values
    QueueItem.objects.update(**{**busy, "download_speed": 100})
    [row] = caller.torrents()
    assert (row["dlspeed"], row["eta"], row["amount_left"], row["progress"]) == (100, 6, 600, 0.4)
    QueueItem.objects.update(**failed)
    assert caller.torrents()[0]["comment"] == "No host had it."
    # A change of host is no stall; silence for minutes is one.
    ClientTorrent.objects.update(moved_at=timezone.now() - timedelta(minutes=3))
    QueueItem.objects.update(**{**busy, "download_speed": 0})
    assert caller.torrents()[0]["state"] == "stalledDL"
    grabbing.watch()
    assert caller.torrents()[0]["state"] == "downloading"


def test_what_arrived_is_handed_over_and_imported_without_loss(caller: Caller, library: Path) -> None:
    series = series_of()
    release = release_of(series, 2)
    caller.post("torrents/add", urls=release.magnet(), category="tv/anime")
    arrive(library, QueueItem.objects.get())
    assert caller.torrents()[0]["state"] == "moving"
    grabbing.watch()
    assert handing.run_due() == 1
    [row] = caller.torrents()
    assert (row["state"], row["progress"], row["size"], row["amount_left"]) == ("stoppedUP", 1.0, 1000, 0)
    assert (row["ratio_limit"], row["eta"]) == (0, 0)
    assert row["completion_on"] >= row["added_on"]
    place = Path(row["content_path"])
    assert place.parent == Path(row["save_path"]) == library / ".handover" / "tv" / "anime"
    [video] = place.iterdir()
    assert video.stem == release.title
    assert video.samefile(library / EpisodeFile.objects.get().path)
    # An import by a move, then the deletion with files: the library keeps its own.
    video.rename(library.parent / "imported.mp4")
    assert upkeep.sweep().startswith("0 ")
    caller.post("torrents/delete", hashes=release.info_hash, deleteFiles="true")
    assert not (library / ".handover" / "tv").exists()
    assert (library / EpisodeFile.objects.get().path).is_file()
    assert Episode.objects.get(number=2).is_downloaded


def test_a_pack_is_one_torrent_of_all_its_episodes(caller: Caller, library: Path) -> None:
    series = series_of(4)
    file_of(library, series.episodes.get(number=1))
    pack = release_of(series, None)
    caller.post("torrents/add", urls=pack.magnet(4000))
    first, *others = QueueItem.objects.order_by("episode__number")
    assert [item.episode.number for item in (first, *others)] == [2, 3, 4]
    QueueItem.objects.filter(pk=first.pk).update(total_bytes=1000, downloaded_bytes=500)
    assert caller.torrents()[0]["progress"] == pytest.approx(1500 / 4000)
    for item in (first, *others):
        arrive(library, item)
    grabbing.watch()
    handing.run_due()
    [row] = caller.torrents()
    assert (row["state"], row["size"]) == ("stoppedUP", 4000)
    names = [file["name"] for file in caller.get("torrents/files", hash=pack.info_hash).json()]
    assert [f"S01E0{number}." in name for number, name in enumerate(names, 1)] == [True] * 4
    assert all((Path(row["save_path"]) / name).is_file() for name in names)


def test_stop_and_start_reach_the_queue(caller: Caller) -> None:
    series = series_of()
    caller.post("torrents/add", urls=release_of(series).magnet(), paused="true")
    assert [row["state"] for row in caller.torrents()] == ["stoppedDL"]
    caller.post("torrents/start", hashes="all")
    assert QueueItem.objects.get().status == "pending"
    caller.post("torrents/pause", hashes="all")
    assert QueueItem.objects.get().pause_reason == "user"
    caller.post("torrents/setForceStart", hashes="all", value="true")
    item = QueueItem.objects.get()
    assert (item.status, item.priority) == ("pending", 2)


def test_deleting_cancels_only_what_was_queued_for_it(caller: Caller, person: User) -> None:
    series = series_of()
    mine = queue.enqueue(series, [series.episodes.get(number=1)], language=DUB.value, by=person).added[0]
    for number in (1, 2):
        caller.post("torrents/add", urls=release_of(series, number).magnet())
    caller.post("torrents/delete", hashes="all", deleteFiles="true")
    assert caller.torrents() == []
    assert {item.pk: item.status for item in QueueItem.objects.all()}[mine] == "pending"
    assert QueueItem.objects.exclude(pk=mine).get().status == "cancelled"
    assert Episode.objects.get(number=2).left_alone == Episode.LeftAlone.REMOVED


def test_the_library_s_own_file_goes_where_that_is_wished(caller: Caller, library: Path) -> None:
    store.change({"integrations": {"qbittorrent_keep_files": False}})
    series = series_of()
    before = file_of(library, series.episodes.get(number=1))
    for number in (1, 2):
        caller.post("torrents/add", urls=release_of(series, number).magnet())
    arrive(library, QueueItem.objects.get())
    grabbing.watch()
    handing.run_due()
    caller.post("torrents/delete", hashes="all", deleteFiles="false")
    assert EpisodeFile.objects.count() == 2
    for number in (1, 2):
        caller.post("torrents/add", urls=release_of(series, number).magnet())
    QueueItem.objects.all().delete()
    grabbing.watch()
    handing.run_due()
    # Both were there before these grabs, so neither goes with them.
    caller.post("torrents/delete", hashes="all", deleteFiles="true")
    assert EpisodeFile.objects.count() == 2
    EpisodeFile.objects.exclude(pk=before.pk).delete()
    second = series.episodes.get(number=2)
    second.settle_files()
    caller.post("torrents/add", urls=release_of(series, 2).magnet())
    arrive(library, QueueItem.objects.get())
    grabbing.watch()
    handing.run_due()
    caller.post("torrents/delete", hashes="all", deleteFiles="true")
    second.refresh_from_db()
    assert (second.is_downloaded, second.left_alone) == (False, Episode.LeftAlone.REMOVED)
    assert list(EpisodeFile.objects.all()) == [before]
    assert [path.name for path in (library / "Series").iterdir()] == ["S01E01 German Dub.mp4"]


def test_what_is_nowhere_any_more_is_missing_and_comes_anew(caller: Caller, library: Path) -> None:
    series = series_of()
    file_of(library, series.episodes.get(number=1))
    (library / "other.txt").write_text("not empty")
    caller.post("torrents/add", urls=release_of(series).magnet())
    grabbing.watch()
    handing.run_due()
    place = Path(caller.torrents()[0]["content_path"])
    next(place.iterdir()).unlink()
    EpisodeFile.objects.all().delete()
    series.episodes.get(number=1).settle_files()
    assert upkeep.sweep().startswith("1 ")
    assert caller.torrents()[0]["state"] == "missingFiles"
    caller.post("torrents/recheck", hashes="all")
    assert caller.torrents()[0]["state"] == "queuedDL"


def test_a_file_that_can_t_be_handed_over_waits_with_the_reason(caller: Caller, library: Path) -> None:
    series = series_of()
    file_of(library, series.episodes.get(number=1))
    (library / ".handover").write_text("a file where the folder should be")
    caller.post("torrents/add", urls=release_of(series).magnet())
    grabbing.watch()
    handing.run_due()
    [row] = caller.torrents()
    assert row["state"] == "moving"
    assert row["comment"]
    (library / ".handover").unlink()
    ClientTorrent.objects.update(lease_until=None)
    handing.run_due()
    assert caller.torrents()[0]["state"] == "stoppedUP"


def test_another_disk_gets_a_copy(caller: Caller, library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_names: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("os.link", refused)
    series = series_of()
    file = file_of(library, series.episodes.get(number=1))
    caller.post("torrents/add", urls=release_of(series).magnet())
    grabbing.watch()
    handing.run_due()
    [video] = Path(caller.torrents()[0]["content_path"]).iterdir()
    assert not video.samefile(library / file.path)
    assert video.read_bytes() == (library / file.path).read_bytes()


def test_paths_are_told_as_the_other_side_sees_them(caller: Caller, library: Path) -> None:
    store.change({"integrations": {"qbittorrent_seen_as": "D:\\Downloads"}})
    series = series_of()
    caller.post("torrents/add", urls=release_of(series).magnet(), category="tv")
    [row] = caller.torrents()
    assert row["save_path"] == "D:\\Downloads\\tv"
    assert row["content_path"] == f"D:\\Downloads\\tv\\{row['name']}"
    assert caller.get("app/preferences").json()["save_path"] == "D:\\Downloads"
    store.change({"integrations": {"qbittorrent_seen_as": "/downloads/"}})
    assert caller.torrents()[0]["save_path"] == "/downloads/tv"
    assert caller.get("torrents/categories").json() == {"tv": {"name": "tv", "savePath": "/downloads/tv"}}


def test_a_torrent_that_goes_while_it_is_handed_over_leaves_nothing(caller: Caller, library: Path) -> None:
    series = series_of()
    file_of(library, series.episodes.get(number=1))
    caller.post("torrents/add", urls=release_of(series).magnet())
    grabbing.watch()
    held = ClientTorrent.objects.claim_next()
    assert held
    caller.post("torrents/delete", hashes="all", deleteFiles="true")
    handing.hand_over(held)
    assert not list((library / ".handover").glob("**/*.mp4"))


# Categories, tags, lists


def test_categories_and_tags(caller: Caller) -> None:
    series = series_of()
    caller.post("torrents/add", urls=release_of(series).magnet())
    assert caller.post("torrents/createCategory", category="tv").status_code == 200
    assert caller.post("torrents/createCategory", category="tv").status_code == 409
    assert caller.post("torrents/createCategory", category="").status_code == 400
    assert caller.post("torrents/createCategory", category="a//b").status_code == 400
    assert caller.post("torrents/editCategory", category="tv", savePath="/x").status_code == 200
    assert caller.post("torrents/editCategory", category="no").status_code == 409
    assert caller.post("torrents/setCategory", hashes="all", category="no").status_code == 409
    caller.post("torrents/setCategory", hashes="all", category="tv")
    assert len(caller.torrents(category="tv")) == 1
    assert caller.torrents(category="") == []
    caller.post("torrents/removeCategories", categories="tv\nother")
    assert len(caller.torrents(category="")) == 1
    caller.post("torrents/addTags", hashes="all", tags="x,y,x")
    assert caller.torrents(tag="y")[0]["tags"] == "x, y"
    assert caller.get("torrents/tags").json() == ["x", "y"]
    caller.post("torrents/removeTags", hashes="all", tags="x")
    caller.post("torrents/deleteTags", tags="y")
    assert caller.get("torrents/tags").json() == []


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
    many = queries_of(lambda: caller.torrents())
    caller.post("torrents/delete", hashes="|".join(hashes[2:]))
    assert queries_of(lambda: caller.torrents()) == many
    data = caller.get("sync/maindata", rid=0).json()
    assert set(data["torrents"]) == set(hashes[:2])
    assert caller.get("transfer/info").json()["dl_info_speed"] == 0


# Whatever comes

ODD = [
    b"", b"\0", b"\xed\xa0\xbd\xff", "ä".encode() * 3000, b"-1", b"9" * 40, b"../../etc", b"true", b"[]", b"%00",
    b"all|all", b"all|x", "\u202e".encode(), b"a\nb",
]  # fmt: skip
NAMES = (
    "hash", "urls", "category", "categories", "tags", "tag", "limit", "offset", "sort", "filter", "value", "stopped",
    "savepath", "rid",
)  # fmt: skip


@pytest.mark.parametrize("name", [*views.READING, *views.CHANGING])
def test_no_parameter_breaks_a_call(caller: Caller, name: str) -> None:
    caller.post("torrents/add", urls=release_of(series_of(1)).magnet())
    for text in ODD:
        answer = caller.post(name, **dict.fromkeys(NAMES, text), hashes=text)
        assert answer.status_code in (200, 400, 404, 409), (text, answer.content)
    answer = caller.post(name, **dict.fromkeys(NAMES, "x,y|z\n-1"), hashes="all")
    assert answer.status_code in (200, 400, 404, 409), answer.content


def test_an_endless_list_of_hashes_is_answered(caller: Caller) -> None:
    hashes = "|".join(f"{number:040x}" for number in range(100_000))
    for name in ("torrents/info", "torrents/delete", "torrents/stop"):
        assert caller.post(name, hashes=hashes).status_code == 200


WRONG_LINKS = [
    "http://example.org/x.torrent", "magnet:?xt=urn:btih:" + "0" * 40, "magnet:", "", "x" * 100_000,
    "magnet:?x.cat=demo&x.key=a/b&x.season=1&x.ep=1&x.lang=German%20Dub", "magnet:?" + "&".join(["a=b"] * 900),
]  # fmt: skip


def test_foreign_links_are_refused(caller: Caller) -> None:
    series = series_of()
    good = release_of(series).magnet()
    forged = good.replace("x.ep=1", "x.ep=2")
    unknown = Release("nobody", "x", 1, 1, DUB, "X").magnet()
    for link in (*WRONG_LINKS, forged, unknown):
        assert caller.post("torrents/add", urls=link).content == b"Fails.", link[:80]
    Provider.objects.filter(name="demo").update(enabled=False)
    Provider.forget()
    assert caller.post("torrents/add", urls=good).content == b"Fails."
    assert not ClientTorrent.objects.exists()


@pytest.fixture(autouse=True)
def _clean_providers() -> Iterator[None]:
    yield
    Provider.forget()
