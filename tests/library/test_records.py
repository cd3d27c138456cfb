"""Files of episodes, plans of languages, folders, favourites."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from aniworld.accounts.models import User
from aniworld.configuration import store
from aniworld.live.models import Event
from aniworld.refusals import Conflict, Invalid, NotThere
from library.models import Episode, EpisodeFile, Favorite, Series, checked_language_plan
from library.models.series import free_folder
from providers.contracts import Language
from tests.library.factories import make_episodes, make_series

pytestmark = pytest.mark.django_db


def record(episode: Episode, language: Language = Language.GERMAN_DUB, path: str = "a/b.mp4") -> EpisodeFile:
    return episode.record_file(language, path, size=10, duration=1.5, mtime=1.0, quality="1080p")


def test_a_recorded_file_makes_its_episode_downloaded() -> None:
    one, other, _third = make_episodes(make_series())
    assert Episode.objects.missing().count() == 3
    record(one)
    record(one, Language.GERMAN_SUB, "a/c.mp4")
    assert record(one).pk == record(one).pk
    one.refresh_from_db()
    assert one.is_downloaded
    assert one.download_date is not None
    assert one.files.count() == 2
    record(other)
    one.refresh_from_db()
    assert (one.is_downloaded, one.files.count(), other.is_downloaded) == (True, 1, True)
    record(other, path="a/c.mp4")
    assert Episode.objects.filter(pk=one.pk, is_downloaded=False, download_date=None).exists()


def test_wanted_languages_follow_the_configuration_until_the_series_has_its_own() -> None:
    series = make_series()
    assert series.wanted_languages() == (Language.GERMAN_DUB, Language.GERMAN_SUB, Language.ENGLISH_SUB)
    store.change({"downloads": {"language_plan": {"order": ["English Dub", "English Sub"], "fallback": False}}})
    assert series.wanted_languages() == (Language.ENGLISH_DUB,)
    series.change(language_plan={"order": ["German Sub", "German Dub"]})
    assert Series.objects.get().wanted_languages() == (Language.GERMAN_SUB, Language.GERMAN_DUB)
    series.change(language_plan={"order": ["German Sub", "German Dub"], "fallback": False})
    assert series.wanted_languages() == (Language.GERMAN_SUB,)
    series.change(language_plan={"order": []})
    assert series.wanted_languages() == (Language.ENGLISH_DUB,)


@pytest.mark.parametrize(
    "plan", [{"order": ["Klingon"]}, {"order": ["German Dub"] * 2}, {"order": 3}, {"fallback": "perhaps"}, {"x": 1}]
)
def test_wrong_plans_are_refused(plan: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        checked_language_plan(plan)


def test_changes_are_told() -> None:
    series = make_series(key="k", name="Old")
    series.change(name="  New \n name ", monitored=False, folder="New folder")
    stored = Series.objects.get()
    assert (stored.name, stored.name_fixed, stored.monitored, stored.folder) == ("New name", True, False, "New folder")
    event = Event.objects.get()
    assert (event.type, event.data["key"], event.data["name"]) == ("series_updated", "k", "New name")


@pytest.mark.parametrize("folder", ["../up", "a/b", "CON", ".hidden", "end.", "x" * 256, "", "a\0", "q?"])
def test_unsafe_folders_are_refused(folder: str) -> None:
    with pytest.raises(Invalid):
        make_series().change(folder=folder)


def test_no_two_series_share_a_folder_on_any_file_system() -> None:
    make_series(folder="Übel")
    removed = make_series(folder="Gone")
    removed.remove()
    assert free_folder("ÜBEL") == "ÜBEL (2)"
    assert free_folder("gone") == "gone (2)"
    assert free_folder("Dr. Stone (2019)") == "Dr. Stone (2019)"
    with pytest.raises(Conflict):
        make_series().change(folder="übel")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_series(folder="Übel")


def test_a_restored_series_gets_a_folder_of_its_own() -> None:
    old = make_series(folder="Same", slug="")
    old.remove()
    make_series(folder="Same")
    old.restore()
    assert Series.objects.get(pk=old.pk).folder == "Same (2)"


def test_a_series_added_anew_is_not_restored_beside_it() -> None:
    old = make_series(slug="same")
    old.remove()
    make_series(slug="same")
    with pytest.raises(Conflict):
        old.restore()


def test_favourites() -> None:
    user = User.objects.create_user("ann", password="long enough 1")
    other = User.objects.create_user("bob", password="long enough 1")
    one, two = make_series(key="one"), make_series(key="two")
    favorite, is_new = Favorite.objects.put(user, one)
    assert is_new
    assert Favorite.objects.put(user, one) == (favorite, False)
    favorite.change(rating=4.5, notes="good")
    assert float(Favorite.objects.get().rating or 0) == 4.5
    for wrong in (5.5, -1, 0.3, float("nan"), float("inf"), 1e300):
        with pytest.raises(Invalid):
            favorite.change(rating=wrong)
    with pytest.raises(NotThere):
        Favorite.objects.put_all(user, ["two", "three"], is_favorite=True)
    assert list(Favorite.objects.of(user)) == [favorite]
    assert Favorite.objects.put_all(user, ["one", "two"], is_favorite=True) == 1
    assert not Favorite.objects.of(other).exists()
    two.remove()
    assert list(Favorite.objects.of(user)) == [favorite]
    assert Favorite.objects.put_all(user, ["one"], is_favorite=False) == 1
    assert not Favorite.objects.drop(user, one)
