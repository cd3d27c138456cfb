"""The page of one series: its episodes by language, those chosen, its plan, its loading part by part, its pictures."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from downloads.models import QueueItem
from library.models import EpisodeFile, Scan, Series
from tests.browser import seed
from tests.browser.test_pages import HTMX, Markup, _forget_caches, series, text_of

pytestmark = pytest.mark.django_db


def cells(text: str, code: str) -> list[tuple[str, str]]:
    """The signs of an episode with the word that a screen reader says."""
    row = text.split(f">{code}</span>")[1].split("episode__state")[0]
    return re.findall(r'cell--(disk|queued|site|absent)".*?(?:class="unseen"> ([^<]+)<|>–)', row)


def picture(width: int, height: int) -> bytes:
    stored = io.BytesIO()
    Image.new("RGB", (width, height), "#204060").save(stored, "JPEG")
    return stored.getvalue()


def test_each_language_of_each_episode_has_its_sign_and_word(browser: Client) -> None:
    text = text_of(browser.get("/anime/the-clockmaker-s-garden?season=2"))
    assert cells(text, "S02E01") == [("disk", "on disk"), ("site", "at the catalogue"), ("absent", "")]
    assert cells(text, "S02E03")[0] == ("queued", "queued")
    assert "2 of 5" in text  # German dub: on disk, of those that have it
    assert 'title="German dub: on disk"' in text


def test_where_a_failed_one_can_be_had_is_no_longer_queued(browser: Client) -> None:
    failed = QueueItem.objects.get(status="failed")
    text = text_of(browser.get(f"/anime/{failed.series.key}?season={failed.season}"))
    assert all(state != "queued" for state, _word in cells(text, failed.episode.code))
    assert "Try again" in text


def test_chosen_episodes_are_queued_in_a_language_and_taken_back(browser: Client) -> None:
    row = series("Silent Orbit")
    one, two = row.episodes.filter(season=2).order_by("number")[:2]
    said = {"chosen": "on", "ids": [one.pk, two.pk], "language": seed.SUB}
    answer = browser.post(f"/anime/{row.key}/download", said, headers=HTMX)
    assert "2 episodes added" in answer["HX-Trigger"]
    assert set(QueueItem.objects.filter(series=row).values_list("episode", "language")) == {
        (one.pk, seed.SUB),
        (two.pk, seed.SUB),
    }
    undo = re.search(r'"undo": "(/undo/[^"]+)"', answer["HX-Trigger"])
    assert undo
    browser.post(undo[1])
    assert not QueueItem.objects.live().filter(series=row).exists()


def test_a_whole_season_is_queued_without_script(browser: Client) -> None:
    row = series("Silent Orbit")
    answer = browser.post(f"/anime/{row.key}/download", {"chosen": "on", "everything": "2", "language": ""})
    assert answer["Location"] == f"/anime/{row.key}?season=2"
    assert QueueItem.objects.filter(series=row, season=2).count() == row.episodes.filter(season=2).count()
    assert not QueueItem.objects.filter(series=row, season=1).exists()


def test_choosing_nothing_or_nonsense_queues_nothing(browser: Client) -> None:
    row, before = series("Silent Orbit"), QueueItem.objects.count()
    stranger = series("Nine Tides").episodes.first()
    assert stranger is not None
    nonsense: list[dict[str, Any]] = [
        {},
        {"ids": [stranger.pk]},
        {"ids": ["\x00", "-1", "9" * 300]},
        {"everything": "x"},
    ]
    for wrong in nonsense:
        answer = browser.post(f"/anime/{row.key}/download", {"chosen": "on", **wrong}, headers=HTMX)
        assert "No episode is chosen" in answer["HX-Trigger"]
    some = row.episodes.filter(is_downloaded=False).first()
    assert some is not None
    said = {"chosen": "on", "ids": [some.pk], "language": "Klingon"}
    assert '"error"' in browser.post(f"/anime/{row.key}/download", said, headers=HTMX)["HX-Trigger"]
    assert QueueItem.objects.count() == before


def test_the_plan_of_languages_is_changed_and_given_up(browser: Client) -> None:
    row = series()
    assert "like the default" in text_of(browser.get(f"/anime/{row.key}"))
    order = [seed.ENGLISH, seed.DUB, "", seed.DUB]
    browser.post(f"/anime/{row.key}/languages", {"order": order, "upgrade": "on"})
    row.refresh_from_db()
    assert row.language_plan == {"order": [seed.ENGLISH, seed.DUB], "fallback": False, "upgrade": True}
    text = text_of(browser.get(f"/anime/{row.key}"))
    assert "1. EN sub" in text
    assert "like the default" not in text
    browser.post(f"/anime/{row.key}/languages", {"as_default": "on"})
    row.refresh_from_db()
    assert row.language_plan["order"] == []
    for order in ([], ["Klingon"], [""]):
        answer = browser.post(f"/anime/{row.key}/languages", {"order": order}, headers=HTMX)
        assert '"error"' in answer["HX-Trigger"]


def test_a_part_that_failed_is_loaded_alone(browser: Client) -> None:
    row = series("Fox in the Server Room")
    text = text_of(browser.get(f"/anime/{row.key}"))
    assert re.findall(r"loading__part--(\w+)", text) == ["done", "done", "done", "failed"]
    assert "Not everything could be loaded." in text
    browser.post(f"/anime/{row.key}/reload", {"part": "images"})
    row.refresh_from_db()
    assert (row.loading_status, row.missing_parts) == ("pending", ("images",))
    assert '"error"' in browser.post(f"/anime/{row.key}/reload", {"part": "x"}, headers=HTMX)["HX-Trigger"]
    working = text_of(browser.get("/anime/nine-tides"))
    assert re.findall(r"loading__part--(\w+)", working) == ["done", "working", "waiting", "waiting"]


def test_its_folder_alone_is_scanned(browser: Client) -> None:
    row = series()
    browser.post(f"/anime/{row.key}/scan")
    assert Scan.objects.live().get().folders == [row.folder]


def test_a_slip_with_star_or_monitor_is_taken_back(browser: Client) -> None:
    row = series()
    for verb in ("monitor", "favorite"):
        answer = browser.post(f"/anime/{row.key}/{verb}", {"wanted": ""}, headers=HTMX)
        assert '"undo": "/undo/' in answer["HX-Trigger"]


def test_what_only_administrators_may(browser: Client) -> None:
    member, row = Client(), series()
    member.force_login(seed.user("member", staff=False))
    text = text_of(member.get(f"/anime/{row.key}"))
    assert Markup(text).refused == []
    for verb in ("/rename", "/languages", "/metadata", "/remove", "/monitor"):
        assert f"/anime/{row.key}{verb}" not in text
    assert member.post(f"/anime/{row.key}/languages", {"as_default": "on"}).status_code == 403
    assert f'action="/anime/{row.key}/scan"' in text


def test_pictures_come_from_the_folder_checked_and_no_wider_than_needed(browser: Client, settings: Any) -> None:
    row = series()
    folder = Path(settings.LIBRARY_DIR) / row.folder
    folder.mkdir()
    address = f"/anime/{row.key}/fanart"
    assert browser.get(address).status_code == 404
    (folder / "fanart.jpg").write_bytes(picture(3000, 1500))
    answer = browser.get(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
    assert Image.open(io.BytesIO(answer.content)).size == (1600, 800)
    assert "sandbox" in answer["Content-Security-Policy"]
    Series.objects.filter(pk=row.pk).update(cover_url="")
    (folder / "poster.jpg").write_bytes(picture(200, 300))
    assert browser.get(f"/anime/{row.key}/cover").content == picture(200, 300)
    assert Client().get(address).status_code == 302


@pytest.mark.parametrize("kind", ["page", "link", "folder", "cut"])
def test_what_is_no_picture_is_not_served(browser: Client, settings: Any, tmp_path: Path, kind: str) -> None:
    row = series()
    folder = Path(settings.LIBRARY_DIR) / row.folder
    folder.mkdir()
    fanart = folder / "fanart.jpg"
    if kind == "page":
        fanart.write_text("<html><script>alert(1)</script>")
    elif kind == "cut":
        fanart.write_bytes(picture(400, 300)[:300])
    elif kind == "folder":
        fanart.mkdir()
    else:
        (tmp_path / "secret.jpg").write_bytes(picture(100, 100))
        fanart.symlink_to(tmp_path / "secret.jpg")
    assert browser.get(f"/anime/{row.key}/fanart").status_code == 404


def test_a_long_season_costs_no_more_queries(browser: Client, django_assert_max_num_queries: Any) -> None:
    row = series("Nine Tides")
    address = f"/anime/{row.key}?season=1"
    browser.get(address)
    _forget_caches()
    with django_assert_max_num_queries(60) as few:
        browser.get(address)
    for number in range(10, 90):
        episode = row.episodes.create(season=1, number=number, languages={seed.DUB: ""}, is_downloaded=number % 2 == 0)
        if number % 2 == 0:
            EpisodeFile.objects.create(episode=episode, language=seed.DUB, path=f"{number}.mp4", size=1, mtime=0)
        else:
            seed.item(episode, "pending")
    _forget_caches()
    with django_assert_max_num_queries(len(few.captured_queries)):
        browser.get(address)
