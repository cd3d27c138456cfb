"""HLS playlists: what is read from them, and that nothing hostile gets through."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from downloads.fetchers.playlist import media_playlist, variant_of
from providers.exceptions import WrongContent

BASE = "https://host.example/stream/list.m3u8?sig=1"

MASTER = """#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360
low.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=5000000,RESOLUTION=1920x1080
high.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=2500000,RESOLUTION=1280x720
middle.m3u8
"""


def _media(body: str, sequence: int = 0) -> str:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:{sequence}\n{body}\n#EXT-X-ENDLIST\n"


@pytest.mark.parametrize(
    ("quality", "expected"), [("best", "high"), ("1080p", "high"), ("720p", "middle"), ("480p", "low"), ("360p", "low")]
)
def test_the_variant_follows_the_quality(quality: str, expected: str) -> None:
    assert variant_of(MASTER, BASE, quality) == f"https://host.example/stream/{expected}.m3u8"


def test_a_media_playlist_is_no_master() -> None:
    assert variant_of(_media("#EXTINF:4,\na.ts"), BASE, "best") is None


def test_an_implicit_iv_is_the_sequence_number() -> None:
    text = _media('#EXT-X-KEY:METHOD=AES-128,URI="k"\n#EXTINF:4,\na.ts\n#EXTINF:4,\nb.ts', sequence=7)
    segments = media_playlist(text, BASE).segments
    assert [int.from_bytes(segment.iv, "big") for segment in segments] == [7, 8]
    assert segments[0].key_url == "https://host.example/stream/k"


def test_keys_rotate_and_end() -> None:
    text = _media(
        '#EXT-X-KEY:METHOD=AES-128,URI="one",IV=0x0000000000000000000000000000000A\n#EXTINF:4,\na.ts\n'
        '#EXT-X-KEY:METHOD=AES-128,URI="two"\n#EXTINF:4,\nb.ts\n#EXT-X-KEY:METHOD=NONE\n#EXTINF:4,\nc.ts'
    )
    first, second, third = media_playlist(text, BASE).segments
    assert (first.iv[-1], second.iv[-1], third.key_url) == (10, 1, None)
    assert second.key_url == "https://host.example/stream/two"


def test_byte_ranges_continue_where_the_last_ended() -> None:
    text = _media("#EXT-X-BYTERANGE:100@50\n#EXTINF:4,\na.ts\n#EXT-X-BYTERANGE:30\n#EXTINF:4,\na.ts")
    first, second = media_playlist(text, BASE).segments
    assert (first.piece.offset, first.piece.length) == (50, 100)
    assert (second.piece.offset, second.piece.length) == (150, 30)


def test_a_discontinuity_begins_a_group() -> None:
    text = _media("#EXTINF:4,\na.ts\n#EXT-X-DISCONTINUITY\n#EXTINF:4,\nb.ts\n#EXTINF:4,\nc.ts")
    assert [segment.group for segment in media_playlist(text, BASE).segments] == [0, 1, 1]


def test_init_sections_are_kept_per_group() -> None:
    text = _media('#EXT-X-MAP:URI="init.mp4"\n#EXTINF:4,\na.m4s\n#EXTINF:4,\nb.m4s')
    segments = media_playlist(text, BASE).segments
    assert all(segment.init and segment.init.url.endswith("/init.mp4") for segment in segments)


def test_signatures_do_not_change_the_identity() -> None:
    one = media_playlist(_media("#EXTINF:4,\na.ts?sig=1"), BASE)
    other = media_playlist(_media("#EXTINF:4,\n/signed/2/a.ts?sig=2"), BASE)
    changed = media_playlist(_media("#EXTINF:5,\na.ts?sig=2"), BASE)
    assert one.identity == other.identity != changed.identity


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("#EXTM3U\n#EXTINF:4,\na.ts\n", "no end"),
        (_media(""), "0 segments"),
        (_media("#EXTINF:4,\nfile:///etc/passwd"), "neither http nor https"),
        (_media('#EXT-X-KEY:METHOD=AES-128,URI="file:///key"\n#EXTINF:4,\na.ts'), "neither http nor https"),
        (_media('#EXT-X-KEY:METHOD=SAMPLE-AES,URI="k"\n#EXTINF:4,\na.ts'), "protected"),
        ("<html>", "does not begin"),
    ],
)
def test_what_cannot_be_downloaded_says_why(text: str, words: str) -> None:
    with pytest.raises(WrongContent, match=words):
        media_playlist(text, BASE)


@given(st.text())
def test_any_text_is_a_playlist_or_wrong_content(text: str) -> None:
    for candidate in (text, f"#EXTM3U\n{text}", _media(text)):
        with suppress(WrongContent):
            variant_of(candidate, BASE, "best")
            assert media_playlist(candidate, BASE).segments
