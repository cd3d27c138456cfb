"""What the truth check says against a file that can be read: its language, its length, its size."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
from django.conf import settings

from downloads import truth
from downloads.interruptions import Untrue
from downloads.spoken import contradiction
from providers.contracts import Language
from tests.clips import clips_there

SECONDS = 24
DUB, SUB = Language.GERMAN_DUB, Language.GERMAN_SUB


@pytest.fixture(scope="module")
def movie() -> Path:
    return clips_there(Path(settings.DEMO_DIR), SECONDS).file(0, "deu")


def tagged(movie: Path, target: Path, *languages: str) -> Path:
    """The film with one audio track for each tag; an empty one is left out."""
    with av.open(str(movie)) as source, av.open(str(target), "w") as file:
        picture, sound = source.streams.video[0], source.streams.audio[0]
        tracks = [file.add_stream_from_template(sound) for _language in languages]
        shown = file.add_stream_from_template(picture)
        for track, language in zip(tracks, languages, strict=True):
            track.metadata.pop("language", None)
            if language:
                track.metadata["language"] = language
        for packet in source.demux(picture, sound):
            if packet.dts is None:
                continue
            if packet.stream is picture:
                packet.stream = shown
                file.mux(packet)
                continue
            for track in tracks:
                packet.stream = track
                file.mux(packet)
    return target


@pytest.mark.parametrize("tag", ["deu", "ger", "", "und"])
def test_a_file_in_the_wanted_language_or_without_a_tag_is_true(movie: Path, tmp_path: Path, tag: str) -> None:
    file = tagged(movie, tmp_path / "film.mkv", tag)
    assert truth.check(file, declared=SECONDS, median=None, wanted=DUB).extension == ".mkv"


@pytest.mark.parametrize(("tag", "wanted"), [("jpn", DUB), ("eng", DUB), ("ger", SUB)])
def test_a_file_that_says_it_speaks_another_language_is_untrue(
    movie: Path, tmp_path: Path, tag: str, wanted: Language
) -> None:
    file = tagged(movie, tmp_path / "film.mkv", tag)
    with pytest.raises(Untrue, match="tagged as speaking") as told:
        truth.check(file, declared=SECONDS, median=None, wanted=wanted)
    assert told.value.facts["height"] == 360
    assert told.value.facts["extension"] == ".mkv"


def test_one_of_several_languages_will_do(movie: Path, tmp_path: Path) -> None:
    file = tagged(movie, tmp_path / "film.mkv", "jpn", "ger")
    truth.check(file, declared=SECONDS, median=None, wanted=DUB)
    with pytest.raises(Untrue, match="Japanese, German"):
        truth.check(file, declared=SECONDS, median=None, wanted=Language.ENGLISH_DUB)


@pytest.mark.parametrize(
    ("tags", "wanted", "is_refused"),
    [
        (["de-DE"], DUB, False),
        (["GER"], DUB, False),
        (["jpn", "und"], DUB, False),
        (["mul"], DUB, False),
        ([], DUB, False),
        (["fra"], DUB, True),
        (["jpn"], SUB, False),
        # Not everything with subtitles comes from Japan.
        (["zho"], SUB, False),
        (["eng"], Language.ENGLISH_SUB, True),
        (["deu", "eng"], SUB, True),
        (["deu", "jpn"], SUB, False),
        (["en"], Language.ENGLISH_DUB, False),
    ],
)
def test_what_contradicts(tags: list[str], wanted: Language, is_refused: bool) -> None:
    assert bool(contradiction(tags, wanted)) == is_refused


def test_a_placeholder_is_untrue_although_its_playlist_agrees(movie: Path) -> None:
    with pytest.raises(Untrue, match="other episodes of the season about 1420"):
        truth.check(movie, declared=SECONDS, median=1420)


def test_a_film_in_the_place_of_an_episode_is_untrue(movie: Path) -> None:
    with pytest.raises(Untrue, match="other episodes of the season about 5"):
        truth.check(movie, declared=None, median=5)


def test_a_file_far_too_small_for_its_time_is_untrue(movie: Path, tmp_path: Path) -> None:
    """One key picture and the sound's first second, stretched over hours."""
    file = tmp_path / "small.mkv"
    with av.open(str(movie)) as source, av.open(str(file), "w") as target:
        tracks = {stream: target.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.dts is None or packet.pts is None or packet.time_base is None:
                continue
            if packet.pts * packet.time_base > 1:
                break
            packet.pts, packet.dts = packet.pts * 3600, packet.dts * 3600
            packet.stream = tracks[packet.stream]
            target.mux(packet)
    with pytest.raises(Untrue, match="far too little"):
        truth.check(file, declared=None, median=None)
