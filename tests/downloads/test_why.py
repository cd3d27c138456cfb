"""Why an episode is where it is: through the API, the command and the pages, and what a dry run promises."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from aniworld.configuration import store
from downloads import dry_run, engine, queue, tasks, why
from downloads.models import Attempt, QuarantinedFile, QueueItem
from library.models import Episode, Series
from providers.models import Provider
from tests.aniworld.people import Api, signed_in, user
from tests.downloads.conftest import Demo
from tests.downloads.driving import HOSTS, MP4
from tests.library.factories import make_episodes, make_series, queries_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def library_folder(tmp_path: Path, db: None) -> Path:
    folder = tmp_path / "library"
    folder.mkdir()
    store.change({"library": {"directory": str(folder)}})
    return folder


@pytest.fixture
def known(library_folder: Path) -> Episode:
    return make_episodes(make_series(), count=2)[0]


@pytest.fixture
def api(db: None) -> Api:
    return signed_in(user("member", staff=False))


def _queued(episode: Episode, **values: Any) -> QueueItem:
    facts = {"language": "German Dub", **values}
    return QueueItem.objects.create(series=episode.series, episode=episode, season=episode.season, **facts)


def _tried(item: QueueItem, provider: str, outcome: str, error: str = "", **values: Any) -> Attempt:
    facts = {"ended_at": timezone.now(), "outcome": outcome, "error": error, "language": "German Dub", **values}
    return Attempt.objects.create(item=item, provider=provider, **facts)


def _asked(api: Api, episode: Episode, **query: str) -> Any:
    address = f"/api/anime/{episode.series.key}/episodes/{episode.season}/{episode.number}/why"
    answer = api.call("get", address + ("?" + "&".join(f"{k}={v}" for k, v in query.items()) if query else ""))
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_nobody_asked_for_it(api: Api, known: Episode) -> None:
    told = _asked(api, known)
    assert (told["state"], told["item_id"], told["tried"], told["dry_run"]) == ("missing", None, [], None)
    assert "queue it" in told["next_step"]


def test_it_is_in_the_library(api: Api, known: Episode) -> None:
    known.record_file("German Dub", "Show/film.mp4", size=1, duration=1, mtime=0)
    told = _asked(api, known)
    assert (told["state"], told["reason"]) == ("downloaded", "It is in the library: Show/film.mp4")


def test_what_was_tried_and_refused_is_told_with_the_next_step(api: Api, known: Episode) -> None:
    due = timezone.now() + timedelta(minutes=5)
    item = _queued(known, next_attempt_at=due, error_message="voe: gone")
    _tried(item, "voe", "stalled", "Not one byte came.", next_step="Tries vidoza next.")
    _tried(item, "vidoza", "truth_failed", "It breaks off.")
    _tried(item, "voe", "blocked", "A captcha.")
    QuarantinedFile.objects.create(
        item=item, provider="vidoza", language="German Dub", path="1/a.mp4", size=7, reason="It breaks off."
    )
    told = _asked(api, known)
    assert (told["state"], told["reason"], told["item_id"]) == ("pending", "voe: gone", item.pk)
    assert [(row["provider"], row["outcome"]) for row in told["tried"]] == [
        *(("voe", "stalled"), ("vidoza", "truth_failed"), ("voe", "blocked"))
    ]
    refused = [(row["provider"], row["times"], row["outcome"], row["reason"]) for row in told["refused"]]
    assert refused == [("voe", 2, "blocked", "A captcha."), ("vidoza", 1, "truth_failed", "It breaks off.")]
    assert [(row["provider"], row["reason"], row["size"]) for row in told["quarantined"]] == [
        ("vidoza", "It breaks off.", 7)
    ]
    assert told["next_at"] == due.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert told["obstacles"] == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"status": "paused", "pause_reason": "user"}, "until somebody resumes it"),
        ({"status": "paused", "pause_reason": "disk"}, "by itself"),
        ({"status": "failed", "error_message": "voe: gone"}, "retry it"),
        ({"status": "pending"}, "a worker is free"),
        ({"status": "downloading", "token": "t", "provider": "voe"}, "moves into the library"),
    ],
)
def test_each_state_says_what_comes_next(api: Api, known: Episode, values: dict[str, Any], words: str) -> None:
    item = _queued(known, **values)
    told = _asked(api, known)
    assert (told["state"], told["item_id"]) == (values["status"], item.pk)
    assert words in told["next_step"]
    assert told["reason"]


def test_what_is_in_the_way_is_told(api: Api, known: Episode, library_folder: Path) -> None:
    _queued(known)
    queue.stop()
    hour = timezone.localtime() + timedelta(hours=2)
    window = {"window_start": f"{hour:%H}:00", "window_end": f"{hour + timedelta(hours=1):%H}:00"}
    store.change({"downloads": window})
    library_folder.rename(library_folder.with_name("away"))
    told = _asked(api, known)
    assert [entry["code"] for entry in told["obstacles"]] == ["queue_stopped", "window_closed", "library_unavailable"]
    assert told["obstacles"][1]["until"] == told["next_at"] is not None
    queue.start()
    store.change({"downloads": {"window_start": None, "window_end": None, "max_concurrent_downloads": 1}})
    library_folder.with_name("away").rename(library_folder)
    other = known.series.episodes.get(number=2)
    _queued(other, status="downloading", token="t", lease_until=timezone.now() + timedelta(hours=1))
    assert [entry["code"] for entry in _asked(api, known)["obstacles"]] == ["no_free_place"]


def test_an_item_tells_why_in_its_detail(api: Api, known: Episode) -> None:
    item = _queued(known, status="completed", note="Accepted by boss.", completed_at=timezone.now())
    told = api.call("get", f"/api/queue/{item.pk}").json()
    assert told["note"] == "Accepted by boss."
    assert (told["why"]["state"], told["why"]["reason"]) == ("completed", "Accepted by boss.")


@pytest.mark.parametrize("path", ["episodes/1/99/why", "episodes/9/1/why", "episodes/1/1/why?language=Klingon"])
def test_what_does_not_exist_is_refused(api: Api, known: Episode, path: str) -> None:
    answer = api.call("get", f"/api/anime/{known.series.key}/{path}")
    assert answer.status_code in (404, 422)


def test_the_answer_costs_the_same_for_many_attempts(known: Episode) -> None:
    item = _queued(known)
    _tried(item, "voe", "failed", "x")
    why.of_episode(known)
    before = queries_of(lambda: why.of_episode(known))
    for number in range(30):
        _tried(item, f"host-{number}", "failed", "x")
    assert queries_of(lambda: why.of_episode(known)) <= before <= 10


def test_a_dry_run_promises_what_a_download_then_does(
    demo: Demo, series: Series, episode: Episode, library: Path
) -> None:
    for name in HOSTS:
        row = Provider.objects.get(name=name)
        (row.enable if name != "demo-aes" else row.disable)()
    store.change({"downloads": {"free_space_floor_gb": 0}, "providers": {"explore_percent": 0}})
    plan = dry_run.of_episode(episode)
    assert (plan.error, list(plan.prevented_by), plan.target_exists) == ("", [], False)
    assert [source.place for source in plan.sources] == list(range(1, len(plan.sources) + 1))
    assert {source.provider for source in plan.dropped if "not enabled" in source.reason} == {"demo-aes"}
    assert all(source.reason for source in (*plan.sources, *plan.dropped))
    assert demo.requests("media") == demo.requests("embed") == []
    assert not QueueItem.objects.exists()
    queue.enqueue(series, [episode])
    item = tasks.claim()
    assert item
    engine.run(item)
    item.refresh_from_db()
    assert item.status == "completed", item.error_message
    assert (item.provider, item.file_destination) == (plan.sources[0].provider, plan.target)
    again = dry_run.of_episode(episode)
    assert again.target_exists
    assert [entry.code for entry in again.prevented_by] == ["downloaded"]


def test_a_dry_run_is_part_of_the_answer(demo: Demo, episode: Episode, api: Api) -> None:
    told = _asked(api, episode, dry_run="true", language="German%20Dub")
    assert told["dry_run"]["sources"]
    assert {source["language"] for source in told["dry_run"]["sources"]} == {"German Dub"}
    assert told["dry_run"]["target"].endswith("(German Dub).mp4")


def test_a_dry_run_waits_for_a_catalogue_only_so_long(
    demo: Demo, episode: Episode, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dry_run, "PATIENCE_SECONDS", 1)
    demo.fault("demo", "timeout", stage="page")
    told = _asked(api, episode, dry_run="true")["dry_run"]
    assert "did not answer" in told["error"]
    assert told["sources"] == []
    assert told["target"]


def test_what_was_paused_by_hand_waits_for_nothing_else(known: Episode) -> None:
    item = _queued(known)
    queue.pause()
    assert [one.code for one in why.of_item(item).obstacles] == ["queue_paused"]
    assert item.pause()
    told = why.of_item(QueueItem.objects.get(pk=item.pk))
    assert (told.reason, told.obstacles) == ("It was paused by hand.", ())
    browser = Client()
    browser.force_login(user("boss"))
    shown = browser.get(f"/anime/{known.series.key}").content.decode()
    assert "Paused by hand." in shown
    assert "by a user" not in shown


def test_the_command_tells_an_item_as_text_and_as_json(known: Episode, capsys: pytest.CaptureFixture[str]) -> None:
    item = _queued(known, status="failed", error_message="[bold]voe[/bold]: gone")
    _tried(item, "voe", "failed", "gone")
    call_command("queue", "why", str(item.pk))
    shown = capsys.readouterr().out
    assert "[bold]voe[/bold]: gone" in shown
    assert "Nothing happens by itself" in shown
    out = io.StringIO()
    call_command("queue", "why", str(item.pk), "--json", stdout=out)
    [told] = json.loads(out.getvalue())
    assert (told["id"], told["state"], told["tried"][0]["provider"]) == (item.pk, "failed", "voe")
    with pytest.raises(CommandError, match="no queue item 4711"):
        call_command("queue", "why", "4711")
    with pytest.raises(CommandError, match="needs the id"):
        call_command("queue", "why")


def test_the_commands_say_what_they_take_and_when_nothing_is_queued(
    known: Episode, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("queue")
    assert "The queue is empty." in capsys.readouterr().out
    _queued(known, status="failed")
    call_command("queue")
    shown = capsys.readouterr().out
    assert known.code in shown
    assert "empty" not in shown
    with pytest.raises(CommandError, match=r"required: key$"):
        call_command("download")
    Series.objects.filter(pk=known.series_id).update(provider="")
    with pytest.raises(CommandError, match="no catalogue"):
        call_command("download", known.series.key)


def test_the_queue_is_a_line_an_item_at_any_width(
    library_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    series = make_series(name="Die Uhrmacherin von der langen Brücke")
    reason = "voe: the page of the link was [404] gone; vidoza: HTTP 404 for the link;\nfilemoon: not one byte came."
    failed = [_queued(episode, status="failed", error_message=reason) for episode in make_episodes(series, count=17)]
    for columns in (80, 200):
        monkeypatch.setenv("COLUMNS", str(columns))
        call_command("queue")
        head, _headings, *rows = capsys.readouterr().out.splitlines()
        assert "0 pending, 17 failed, 0 done" in head
        assert len(rows) == len(failed)
        for item in failed:
            [row] = [row for row in rows if row.split()[0] == str(item.pk)]
            assert f" {item.episode.code} " in row
            assert "German Dub" in row
            assert "voe: the page" in row or columns == 80
            assert len(row) <= columns
        assert all("…" in row for row in rows) or columns == 200


def test_the_pages_show_the_way_and_the_plan(demo: Demo, series: Series, episode: Episode) -> None:
    browser = Client()
    browser.force_login(user("boss"))
    item = _queued(episode, status="failed", error_message="Every source was tried.")
    _tried(item, MP4, "stalled", "<b>Not</b> one byte came.")
    page = browser.get(f"/queue/{item.pk}").content.decode()
    assert "Every source was tried." in page
    assert "&lt;b&gt;Not&lt;/b&gt; one byte came." in page
    address = f"/anime/{series.key}/episodes/{episode.season}/{episode.number}"
    plan = browser.get(f"{address}?plan=1").content.decode()
    assert "It would arrive as" in plan
    assert "(German Dub).mp4" in plan
    part = browser.get(f"/parts{address}/plan").content.decode()
    assert "<html" not in part
    assert "It would arrive as" in part
    assert f"/queue/{item.pk}" in browser.get("/queue").content.decode()
    assert address in browser.get(f"/anime/{series.key}").content.decode()
    for wrong in (
        "/queue/999999",
        f"/queue/{2**70}",
        f"/anime/{series.key}/episodes/1/{2**40}",
        "/anime/x/episodes/1/1",
    ):
        assert browser.get(wrong).status_code == 404
