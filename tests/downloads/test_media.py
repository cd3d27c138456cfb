"""Remuxing and the truth check, on real media made on this machine."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
from django.conf import settings

from downloads import truth
from downloads.interruptions import Untrue
from downloads.media import remux
from providers.demo.clips import Clips
from providers.exceptions import WrongContent
from tests.clips import clips_there

SECONDS = 24


@pytest.fixture(scope="module")
def clips() -> Clips:
    return clips_there(Path(settings.DEMO_DIR), SECONDS)


@pytest.fixture
def movie(clips: Clips) -> Path:
    return clips.file(0, "deu")


def _segments(clips: Clips) -> list[Path]:
    return [clips.segment(0, "deu", "360p", number) for number in range(6)]


def test_a_whole_file_is_true(movie: Path) -> None:
    facts = truth.check(movie, declared=SECONDS, median=None)
    assert facts.size == movie.stat().st_size
    assert facts.duration == pytest.approx(SECONDS, abs=0.5)
    assert (facts.quality, facts.extension) == ("360p", ".mp4")


def test_segments_become_an_mp4_with_its_index_in_front(clips: Clips, tmp_path: Path) -> None:
    target = tmp_path / "whole.mp4"
    signs: list[int] = []
    remux.to_mp4(remux.Aim(target, SECONDS), [_segments(clips)], alive=lambda: signs.append(1))
    assert signs
    facts = truth.check(target, declared=SECONDS, median=None)
    assert facts.duration == pytest.approx(SECONDS, abs=0.5)
    assert target.read_bytes()[:4096].find(b"moov") > 0


def test_a_discontinuity_does_not_shorten_the_film(clips: Clips, tmp_path: Path) -> None:
    target = tmp_path / "whole.mp4"
    segments = _segments(clips)
    remux.to_mp4(remux.Aim(target), [segments[:3], segments[:3], segments[3:]])
    assert truth.check(target, declared=SECONDS * 1.5, median=None).duration == pytest.approx(SECONDS * 1.5, abs=1)


@pytest.mark.parametrize("breaks", [1, 3], ids=["in both", "in the picture alone"])
def test_separate_sound_stays_in_step_over_discontinuities(clips: Clips, tmp_path: Path, breaks: int) -> None:
    """Both tracks begin anew in the middle; where only one is told to, each goes on at its own end."""
    target = tmp_path / "whole.mp4"
    picture = [clips.segment(0, "silent", "360p", number) for number in range(6)]
    sound = [clips.segment(0, "deu", "sound", number) for number in range(6)]
    pictures = [picture[:3], picture[:3]] if breaks == 1 else [picture[:2], picture[2:4], picture[4:]]
    sounds = [sound[:3], sound[:3]] if breaks == 1 else [sound]
    remux.to_mp4(remux.Aim(target, SECONDS, language="deu"), pictures, sounds)
    truth.check(target, declared=SECONDS, median=None)
    with av.open(str(target)) as file:
        ends = {stream.type: float((stream.duration or 0) * (stream.time_base or 0)) for stream in file.streams}
        assert str(file.streams.audio[0].language) == "deu"
    assert ends["video"] == pytest.approx(SECONDS, abs=0.3)
    assert ends["audio"] == pytest.approx(SECONDS, abs=0.5)


def test_an_index_larger_than_its_room_is_said_so(
    clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remux, "_PER_FILE", 100)
    with pytest.raises(remux.IndexTooLarge):
        remux.to_mp4(remux.Aim(tmp_path / "whole.mp4", seconds=0.1), [_segments(clips)])


def test_what_is_no_media_is_wrong_content(tmp_path: Path) -> None:
    page = tmp_path / "0"
    page.write_text("<html>" * 1000)
    with pytest.raises(WrongContent):
        remux.to_mp4(remux.Aim(tmp_path / "out.mp4"), [[page]])


@pytest.mark.parametrize("share", [0.3, 0.7, 0.98])
def test_a_file_that_breaks_off_is_untrue(movie: Path, tmp_path: Path, share: float) -> None:
    cut = tmp_path / "cut.mp4"
    whole = movie.read_bytes()
    cut.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(Untrue):
        truth.check(cut, declared=None, median=None)


def test_a_cut_file_with_its_index_in_front_is_untrue(clips: Clips, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.mp4", tmp_path / "cut.mp4"
    remux.to_mp4(remux.Aim(whole), [_segments(clips)])
    cut.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * 0.6)])
    with pytest.raises(Untrue, match=r"breaks off|can't be read|damaged|picture"):
        truth.check(cut, declared=SECONDS, median=None)


def test_the_wrong_length_is_untrue(movie: Path) -> None:
    with pytest.raises(Untrue, match="the playlist lists 60"):
        truth.check(movie, declared=60, median=None)
    with pytest.raises(Untrue, match="other episodes"):
        truth.check(movie, declared=None, median=1400)


@pytest.mark.parametrize(
    "content", [b"", b"<html></html>", b"\x00" * 100_000, b"#EXTM3U\n#EXTINF:4,\nhttp://127.0.0.1:1/a.ts\n"]
)
def test_what_is_no_video_is_untrue(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "data"
    file.write_bytes(content)
    with pytest.raises(Untrue):
        truth.check(file, declared=None, median=None)


def test_a_list_of_files_is_never_opened(movie: Path, tmp_path: Path) -> None:
    """FFmpeg would follow it to any address past every guard."""
    listing = tmp_path / "data"
    listing.write_text(f"ffconcat version 1.0\nfile {movie}\n")
    with pytest.raises(Untrue):
        truth.check(listing, declared=None, median=None)


def test_sound_without_picture_is_untrue(movie: Path, tmp_path: Path) -> None:
    silent = tmp_path / "silent.mp4"
    with av.open(str(movie)) as source, av.open(str(silent), "w") as target:
        track = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(source.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = track
                target.mux(packet)
    with pytest.raises(Untrue, match="no video"):
        truth.check(silent, declared=None, median=None)


@pytest.mark.parametrize("step", [65536, 262144])
def test_flipped_bytes_are_untrue(movie: Path, tmp_path: Path, step: int) -> None:
    spoiled = bytearray(movie.read_bytes())
    for position in range(len(spoiled) // 3, len(spoiled) - 4096, step):
        spoiled[position : position + 2048] = bytes(value ^ 0xA5 for value in spoiled[position : position + 2048])
    file = tmp_path / "spoiled.mp4"
    file.write_bytes(spoiled)
    with pytest.raises(Untrue):
        truth.check(file, declared=None, median=None)
