"""Scans of series that the library knows: each kind of change, and what must never happen."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from django.db.models import Count
from hypothesis import given, settings
from hypothesis import strategies as st

from aniworld.configuration import store
from library.models import Episode, EpisodeFile, Finding, Series
from tests.library.factories import make_episodes, make_series
from tests.library.scanning.conftest import Shelves, findings, known

pytestmark = pytest.mark.django_db


@pytest.fixture
def dark(shelves: Shelves) -> Series:
    """A series with a catalogue, three episodes, and files of two of them."""
    series = make_series(key="dark", name="Dark", folder="Dark (2017)", episodes_loaded=True)
    make_episodes(series, link="x")
    shelves.put("Dark (2017)/Season 01/Dark - S01E01 - (German Dub).mp4", 11)
    shelves.put("Dark (2017)/Season 01/Dark - S01E02 - (German Dub).mp4", 12)
    assert shelves.changes() == {"new": 2}
    return series


def downloaded(series: Series) -> list[int]:
    return list(series.episodes.filter(is_downloaded=True).values_list("number", flat=True))


def test_new_files_make_their_episodes_downloaded(dark: Series, shelves: Shelves) -> None:
    assert downloaded(dark) == [1, 2]
    assert known()["Dark (2017)/Season 01/Dark - S01E01 - (German Dub).mp4"] == "Dark S01E01 German Dub"
    assert shelves.changes() == {}


@pytest.mark.parametrize(
    "name", ["S1E3.mkv", "s01e03.mkv", "1x03.mkv", "Season 1 Episode 3.mkv", "S01E003 [1080p].mkv"]
)
def test_every_spelling_is_the_same_episode(dark: Series, shelves: Shelves, name: str) -> None:
    shelves.put(f"Dark (2017)/Dark {name}")
    shelves.changes()
    assert known()[f"Dark (2017)/Dark {name}"] == "Dark S01E03"
    assert downloaded(dark) == [1, 2, 3]


def test_a_renamed_file_keeps_what_is_known_of_it(dark: Series, shelves: Shelves) -> None:
    old = "Dark (2017)/Season 01/Dark - S01E01 - (German Dub).mp4"
    EpisodeFile.objects.filter(path=old).update(duration_seconds=1400)
    shelves.move(old, "Dark (2017)/first.mp4")
    assert shelves.changes() == {"moved": 1}
    file = EpisodeFile.objects.get(path="Dark (2017)/first.mp4")
    assert (file.episode.number, file.language, file.duration_seconds) == (1, "German Dub", 1400)


def test_a_file_renamed_to_another_episode_belongs_there(dark: Series, shelves: Shelves) -> None:
    shelves.move("Dark (2017)/Season 01/Dark - S01E01 - (German Dub).mp4", "Dark (2017)/Dark S01E03.mp4")
    assert shelves.changes() == {"moved": 1}
    assert known()["Dark (2017)/Dark S01E03.mp4"] == "Dark S01E03 German Dub"
    assert downloaded(dark) == [2, 3]


def test_a_file_moved_to_another_series_changes_hands(dark: Series, shelves: Shelves) -> None:
    other = make_series(key="other", name="Other", folder="Other")
    shelves.move("Dark (2017)/Season 01/Dark - S01E02 - (German Dub).mp4", "Other/Other S02E05.mp4")
    assert shelves.changes() == {"moved": 1}
    assert known()["Other/Other S02E05.mp4"] == "Other S02E05 German Dub"
    assert other.episodes.get().is_downloaded
    assert downloaded(dark) == [1]


def test_a_changed_file_is_taken_as_it_is_now(dark: Series, shelves: Shelves) -> None:
    path = "Dark (2017)/Season 01/Dark - S01E01 - (German Dub).mp4"
    EpisodeFile.objects.filter(path=path).update(duration_seconds=1400)
    shelves.put(path, 999)
    assert shelves.changes() == {"changed": 1}
    file = EpisodeFile.objects.get(path=path)
    assert (file.size, file.duration_seconds) == (999, None)


def test_a_vanished_file_is_missed_and_its_episode_stays(dark: Series, shelves: Shelves) -> None:
    (shelves.root / "Dark (2017)/Season 01/Dark - S01E01 - (German Dub).mp4").unlink()
    assert shelves.changes() == {"vanished": 1}
    assert downloaded(dark) == [2]
    assert dark.episodes.count() == 3


def test_a_folder_that_is_gone_is_told_until_it_is_back(dark: Series, shelves: Shelves) -> None:
    shelves.put("Other/Other S01E01.mkv")
    aside = shelves.root.parent / "aside"
    (shelves.root / "Dark (2017)").rename(aside)
    assert shelves.changes() == {"vanished": 2, "new": 1, "adopted": 1}
    assert findings() == {("vanished_series", "Dark (2017)")}
    aside.rename(shelves.root / "Dark (2017)")
    assert shelves.changes() == {"new": 2}
    assert findings() == set()


def test_a_folder_renamed_by_hand_takes_its_series_along(dark: Series, shelves: Shelves) -> None:
    shelves.move("Dark (2017)", "Dark")
    shelves.put("Dark/Dark S01E03.mkv")
    assert shelves.changes() == {"moved": 2, "followed": 1, "new": 1}
    dark.refresh_from_db()
    assert dark.folder == "Dark"
    assert Series.objects.count() == 1
    assert downloaded(dark) == [1, 2, 3]
    assert findings() == set()


def test_a_folder_in_another_case_is_the_same(dark: Series, shelves: Shelves) -> None:
    shelves.move("Dark (2017)", "DARK (2017)")
    assert shelves.changes() == {"moved": 2, "followed": 1}
    assert Series.objects.get().folder == "DARK (2017)"


def test_files_left_in_the_former_folder_still_belong_to_their_series(dark: Series, shelves: Shelves) -> None:
    dark.change(folder="Elsewhere")
    shelves.put("Dark (2017)/Dark S01E03.mkv")
    assert shelves.changes() == {"new": 1}
    assert Series.objects.count() == 1
    assert downloaded(dark) == [1, 2, 3]


def test_a_folder_that_cannot_be_listed_keeps_its_rows(
    dark: Series, shelves: Shelves, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tests may run as root, who reads everything: the refusal is made here."""
    real = os.open

    def refusing(path: object, *values: object, **options: object) -> int:
        if str(path).endswith("Season 01"):
            raise PermissionError(13, "Permission denied")
        return real(path, *values, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refusing)
    assert shelves.changes() == {}
    assert findings() == {("unreadable", "Dark (2017)/Season 01")}
    monkeypatch.undo()
    store.change({"library": {"directory": str(shelves.root)}})
    assert shelves.changes() == {}
    assert findings() == set()
    assert downloaded(dark) == [1, 2]


def test_two_files_of_one_episode_are_both_kept_and_told(dark: Series, shelves: Shelves) -> None:
    shelves.put("Dark (2017)/copy/Dark - S01E01 - (German Dub).mp4", 50)
    shelves.put("Dark (2017)/Dark - S01E01 - (German Sub).mp4", 50)
    assert shelves.changes() == {"new": 2}
    assert {kind for kind, _path in findings()} == {"duplicate"}
    assert "copy/Dark - S01E01" in Finding.objects.get(kind="duplicate").detail
    (shelves.root / "Dark (2017)/copy/Dark - S01E01 - (German Dub).mp4").unlink()
    assert shelves.changes() == {"vanished": 1}
    assert findings() == set()


def test_what_is_not_understood_or_not_listed_is_told(dark: Series, shelves: Shelves) -> None:
    shelves.put("Dark (2017)/holiday.mkv")
    shelves.put("Dark (2017)/Dark S01E09.mkv")
    shelves.put("Dark (2017)/poster.jpg")
    shelves.put("loose.mkv")
    assert shelves.changes() == {"new": 1}
    assert findings() == {
        ("not_understood", "Dark (2017)/holiday.mkv"),
        ("unknown_episode", "Dark (2017)/Dark S01E09.mkv"),
        ("not_understood", "loose.mkv"),
    }
    assert shelves.changes() == {}
    Episode.objects.filter(number=9).update(link="x")
    (shelves.root / "Dark (2017)/holiday.mkv").unlink()
    (shelves.root / "loose.mkv").unlink()
    shelves.changes()
    assert findings() == set()


def test_an_episode_that_only_its_file_told_of_goes_with_it(dark: Series, shelves: Shelves) -> None:
    shelves.put("Dark (2017)/Dark S01E09.mkv")
    shelves.changes()
    (shelves.root / "Dark (2017)/Dark S01E09.mkv").unlink()
    assert shelves.changes() == {"vanished": 1}
    assert dark.episodes.count() == 3


def test_a_file_with_several_episodes_counts_for_each(dark: Series, shelves: Shelves) -> None:
    shelves.put("Dark (2017)/Dark S02E01-E03.mkv")
    shelves.changes()
    assert list(dark.episodes.filter(season=2, is_downloaded=True).values_list("number", flat=True)) == [1, 2, 3]
    second = dark.episodes.get(season=2, number=2)
    second.settle_files()
    assert second.is_downloaded
    EpisodeFile.objects.filter(path__contains="S02").delete()
    dark.episodes.get(season=2, number=1).settle_files()
    assert not dark.episodes.filter(season=2, is_downloaded=True).exists()


def test_absolute_numbers_count_over_the_seasons(shelves: Shelves) -> None:
    series = make_series(name="Long", folder="Long")
    make_episodes(series, 1, 12)
    make_episodes(series, 2, 12)
    make_episodes(series, 0, 2)
    shelves.put("Long/Long - 05.mkv")
    shelves.put("Long/Long - 14.mkv")
    shelves.changes()
    assert set(known().values()) == {"Long S01E05", "Long S02E02"}


def test_a_removed_series_is_left_alone(dark: Series, shelves: Shelves) -> None:
    dark.remove()
    shelves.put("Dark (2017)/Dark S01E03.mkv")
    (shelves.root / "Dark (2017)/Season 01/Dark - S01E01 - (German Dub).mp4").unlink()
    assert shelves.changes() == {}
    assert len(known()) == 2


def test_a_targeted_scan_looks_at_one_series_only(dark: Series, shelves: Shelves) -> None:
    shelves.put("Unknown/Unknown S01E01.mkv")
    shelves.put("Dark (2017)/Dark S01E03.mkv")
    assert shelves.changes("dark") == {"new": 1}
    shutil.rmtree(shelves.root / "Dark (2017)")
    assert shelves.changes("dark") == {"vanished": 3}
    assert findings() == {("vanished_series", "Dark (2017)")}


def test_an_emptied_or_missing_library_touches_no_row(dark: Series, shelves: Shelves) -> None:
    before = known()
    shelves.root.rename(shelves.root.parent / "unplugged")
    shelves.root.mkdir()
    scan = shelves.scan()
    assert (scan.status, "Mount its disk" in scan.error) == ("failed", True)
    shelves.root.rmdir()
    scan = shelves.scan()
    assert (scan.status, "is not there" in scan.error) == ("failed", True)
    assert known() == before
    assert downloaded(dark) == [1, 2]


def test_odd_names_end_as_findings(dark: Series, shelves: Shelves) -> None:
    odd = os.fsencode(shelves.root) + b"/Dark (2017)/Dark S01E03 \xff.mkv"
    Path(os.fsdecode(odd)).write_bytes(b"x")
    (Path(os.fsdecode(os.fsencode(shelves.root) + b"/Odd \xfe"))).mkdir()
    assert shelves.changes() == {}
    assert {kind for kind, _path in findings()} == {"not_understood"}
    assert len(findings()) == 2


FOLDERS = ("Dark (2017)", "Dark (2017)/x", "New")
FILES = ("Dark S01E01.mkv", "Dark S01E02.mkv", "S02E01-E02.mkv", "odd.mkv", "Dark - S01E01 - (German Dub).mp4")
NAMES = st.builds("{}/{}".format, st.sampled_from(FOLDERS), st.sampled_from(FILES))


@settings(max_examples=20)
@given(st.lists(st.dictionaries(NAMES, st.integers(1, 4), max_size=6), min_size=2, max_size=4))
def test_property_rows_agree_with_the_disk_whatever_happens(
    tmp_path_factory: pytest.TempPathFactory, states: list[dict[str, int]]
) -> None:
    root = tmp_path_factory.mktemp("library")
    store.change({"library": {"directory": str(root)}})
    Series.objects.all().delete()
    Finding.objects.all().delete()
    make_series(key="dark", name="Dark", folder="Dark (2017)")
    shelves = Shelves(root)
    (root / "Always").mkdir()
    for state in states:
        for folder in ("Dark (2017)", "New"):
            shutil.rmtree(root / folder, ignore_errors=True)
        for path, size in state.items():
            shelves.put(path, size, mtime=1_700_000_000 + size)
        shelves.changes()
        assert shelves.changes() == {}
        rows = {file.path: file.size for file in EpisodeFile.objects.all()}
        # A name that says nothing has a row only where it was moved from one that did.
        assert {path: size for path, size in state.items() if "odd" not in path} == {
            path: size for path, size in rows.items() if "odd" not in path
        }
        assert rows.items() <= state.items()
        held = Episode.objects.annotate(count=Count("files"))
        assert not held.filter(is_downloaded=False, count__gt=0).exists()
        assert not any(not episode.shared_files().exists() for episode in held.filter(is_downloaded=True, count=0))
