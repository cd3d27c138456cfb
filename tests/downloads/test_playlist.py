"""HLS playlists: what is read from them, and that nothing hostile gets through."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from downloads.fetchers.playlist import MOST_SEGMENTS, media_playlist
from downloads.fetchers.playlist_lines import LONGEST_LINE
from downloads.fetchers.playlist_master import MOST_ENTRIES, Choice, choose
from providers.exceptions import WrongContent
from providers.http import PLAYLIST_LIMIT

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
    assert _chosen(MASTER, quality).video == f"https://host.example/stream/{expected}.m3u8"


def _chosen(text: str, quality: str = "best", audio: str = "") -> Choice:
    found = choose(text, BASE, quality, audio)
    assert found
    return found


def _master(*variants: str) -> str:
    lines = [f"#EXT-X-STREAM-INF:{given}\n{number}.m3u8" for number, given in enumerate(variants)]
    return "\n".join(["#EXTM3U", *lines])


@pytest.mark.parametrize(
    ("variants", "quality", "expected"),
    [
        # Above all that fit the smallest; of one height the best.
        (
            ("RESOLUTION=1x2160,BANDWIDTH=9", "BANDWIDTH=8,RESOLUTION=1x1080", "BANDWIDTH=9,RESOLUTION=1x1080"),
            "720p",
            2,
        ),
        (("BANDWIDTH=7,RESOLUTION=1x720", "BANDWIDTH=9,RESOLUTION=1x720", "BANDWIDTH=8,RESOLUTION=1x720"), "best", 1),
        # Sound alone is never the film, whatever it fits.
        (('CODECS="mp4a.40.2",BANDWIDTH=64000', 'CODECS="avc1.4d,mp4a.40.2",BANDWIDTH=9,RESOLUTION=1x1080'), "720p", 1),
        # Without heights the bandwidth tells.
        (("BANDWIDTH=900000", "BANDWIDTH=3500000", "BANDWIDTH=7000000"), "720p", 1),
        (("BANDWIDTH=900000", "BANDWIDTH=3500000", "BANDWIDTH=7000000"), "best", 2),
        (("BANDWIDTH=6000000", "BANDWIDTH=9000000"), "360p", 0),
        (('NAME="480p",BANDWIDTH=1', 'NAME="1080p",BANDWIDTH=2'), "480p", 0),
        # What can't be read is not taken at its word.
        (("BANDWIDTH=9e99,RESOLUTION=x", "BANDWIDTH=5,RESOLUTION=640x360", "RESOLUTION=99999999x9"), "best", 1),
    ],
)
def test_variants_of_many_kinds(variants: tuple[str, ...], quality: str, expected: int) -> None:
    assert _chosen(_master(*variants), quality).video == f"https://host.example/stream/{expected}.m3u8"


SEPARATE = """#EXTM3U
#EXT-X-MEDIA:NAME="English, told",CHARACTERISTICS="public.accessibility.describes-video",LANGUAGE="en",TYPE=AUDIO,\
GROUP-ID="a",DEFAULT=YES,URI="told.m3u8"
#EXT-X-MEDIA:URI="ja.m3u8",TYPE=AUDIO,GROUP-ID="a",LANGUAGE="ja-JP",DEFAULT=YES
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",LANGUAGE="ger",URI="de.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",LANGUAGE="en",URI="en.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="other",LANGUAGE="de",URI="other.m3u8",DEFAULT=YES
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="a",LANGUAGE="de",URI="text.m3u8",DEFAULT=YES
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=99999999,RESOLUTION=9999x9999,URI="pictures.m3u8"
#EXT-X-UNKNOWN:URI="file:///etc/passwd"
#EXT-X-STREAM-INF:SUBTITLES="a",AUDIO="a",BANDWIDTH=1
video.m3u8
""".replace("\\\n", "")


@pytest.mark.parametrize(
    ("audio", "name", "code"),
    [("deu", "de", "deu"), ("jpn", "ja", "jpn"), ("eng", "en", "eng"), ("", "ja", "jpn"), ("fra", "ja", "jpn")],
)
def test_the_sound_follows_the_language(audio: str, name: str, code: str) -> None:
    found = _chosen(SEPARATE, audio=audio)
    assert (found.audio, found.language) == (f"https://host.example/stream/{name}.m3u8", code)
    assert found.video == "https://host.example/stream/video.m3u8"


def test_sound_without_an_address_is_in_the_video() -> None:
    text = SEPARATE.replace(',URI="de.m3u8"', "")
    assert (_chosen(text, audio="deu").audio, _chosen(text, audio="deu").language) == (None, "deu")


def test_a_media_playlist_is_no_master() -> None:
    assert choose(_media("#EXTINF:4,\na.ts"), BASE, "best") is None


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
    assert all(segment.init and segment.init.piece.url.endswith("/init.mp4") for segment in segments)


def test_signatures_do_not_change_the_identity() -> None:
    one = media_playlist(_media("#EXTINF:4,\na.ts?sig=1"), BASE)
    other = media_playlist(_media("#EXTINF:4,\n/signed/2/a.ts?sig=2"), BASE)
    changed = media_playlist(_media("#EXTINF:5,\na.ts?sig=2"), BASE)
    assert one.identity == other.identity != changed.identity


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("#EXTINF:4,\n/360p/a.ts", "#EXTINF:4,\n/720p/a.ts"),
        ("#EXTINF:4,\n/x/640x360-h264/a.ts", "#EXTINF:4,\n/x/1280x720-h264/a.ts"),
        ('#EXT-X-MAP:URI="one.mp4"\n#EXTINF:4,\na.m4s', '#EXT-X-MAP:URI="two.mp4"\n#EXTINF:4,\na.m4s'),
    ],
    ids=["height", "size", "init"],
)
def test_what_tells_streams_apart_changes_the_identity(one: str, other: str) -> None:
    assert media_playlist(_media(one), BASE).identity != media_playlist(_media(other), BASE).identity


def test_what_the_master_says_of_a_variant_changes_the_identity_and_its_address_does_not() -> None:
    text = _media("#EXTINF:4,\na.ts")

    def identity(master: str, quality: str) -> str:
        return media_playlist(text, BASE, _chosen(master, quality).variant).identity

    assert len({identity(MASTER, quality) for quality in ("1080p", "720p", "360p")}) == 3
    assert identity(MASTER, "720p") == identity(MASTER.replace("middle", "/signed/2/middle"), "720p")
    renditions = [_chosen(SEPARATE, audio=code).rendition for code in ("deu", "jpn", "eng")]
    assert len(set(renditions)) == 3
    assert all(renditions)


def test_keys_for_other_systems_stand_beside_a_plain_one() -> None:
    text = _media(
        '#EXT-X-KEY:METHOD=AES-128,URI="k"\n#EXT-X-KEY:METHOD=SAMPLE-AES,KEYFORMAT="com.example",URI="skd://x"\n'
        "#EXTINF:4,\na.ts"
    )
    assert media_playlist(text, BASE).segments[0].key_url == "https://host.example/stream/k"


def test_a_list_that_never_changes_needs_no_end() -> None:
    text = "#EXTM3U\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:4,\na.ts\n"
    assert len(media_playlist(text, BASE).segments) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("#EXTM3U\n#EXTINF:4,\na.ts\n", "no end"),
        (_media(""), "0 segments"),
        (_media("#EXTINF:4,\nfile:///etc/passwd"), "neither http nor https"),
        (_media("#EXTINF:4,\nhttp:///a.ts"), "neither http nor https"),
        (_media("#EXTINF:4,\nhttp://[a.ts"), "can't be read"),
        (_media('#EXT-X-KEY:METHOD=AES-128,URI="file:///key"\n#EXTINF:4,\na.ts'), "neither http nor https"),
        (_media('#EXT-X-MAP:URI="data:,x"\n#EXTINF:4,\na.ts'), "neither http nor https"),
        (_media("#EXT-X-MAP:BYTERANGE=5\n#EXTINF:4,\na.ts"), "leaves out an address"),
        (_media('#EXT-X-KEY:METHOD=SAMPLE-AES,URI="k"\n#EXTINF:4,\na.ts'), "protected"),
        (_media("#EXT-X-KEY:METHOD=\n#EXTINF:4,\na.ts"), "protected"),
        (_media(f'#EXT-X-KEY:METHOD=AES-128,URI="k",IV=0x{"f" * 33}\n#EXTINF:4,\na.ts'), "vector"),
        (_media('#EXT-X-KEY:METHOD=AES-128,URI="k",IV=12\n#EXTINF:4,\na.ts'), "vector"),
        (_media(f"#EXTINF:{'9' * 400},\na.ts"), "duration"),
        (_media("#EXTINF:nan,\na.ts"), "duration"),
        (_media("#EXTINF:-1,\na.ts"), "duration"),
        (_media("#EXTINF:80000,\na.ts\n" * 3), "67 hours"),
        (_media(f"#EXT-X-BYTERANGE:{'9' * 13}\n#EXTINF:4,\na.ts"), "range of bytes"),
        (_media("#EXT-X-BYTERANGE:0@5\n#EXTINF:4,\na.ts"), "range of bytes"),
        (_media("#EXT-X-BYTERANGE:5@-5\n#EXTINF:4,\na.ts"), "range of bytes"),
        (_media("#EXTINF:4,\na.ts").replace(":0", ":" + "9" * 5000), "number that can't be"),
        (_media("#EXTINF:4,\na.ts\n#EXTINF:4,\n#EXT-X-GAP\nb.ts"), "gaps"),
        (_media("#EXT-X-I-FRAMES-ONLY\n#EXTINF:4,\na.ts"), "pictures only"),
        (_media("#EXTINF:0,\na\n" * (MOST_SEGMENTS + 1)), f"more than {MOST_SEGMENTS}"),
        (_media("#EXTINF:4,\n" + "a" * 20_000), "20000 characters"),
        ("#EXTM3U\n" + "#" * PLAYLIST_LIMIT, "longer than"),
        ("<html>", "does not begin"),
    ],
)
def test_what_cannot_be_downloaded_says_why(text: str, words: str) -> None:
    with pytest.raises(WrongContent, match=words):
        media_playlist(text, BASE)


def test_an_endless_list_of_variants_is_refused() -> None:
    with pytest.raises(WrongContent, match="more than"):
        choose(_master(*["BANDWIDTH=1"] * (MOST_ENTRIES + 1)), BASE, "best")


def test_long_comments_and_unknown_tags_are_passed_over() -> None:
    text = _media(f"# {'x' * 100_000}\n#EXT-X-PROGRAM-DATE-TIME:yesterday\n#EXT-X-DATERANGE:=,=,\n#EXTINF:4,\na.ts")
    assert len(media_playlist(text, BASE).segments) == 1


# Of each kind as much as a playlist may hold: whoever reads it more than once would not come to an end.
_PATTERNS = (
    "a",
    '"',
    ",",
    "=",
    "A=",
    'A="',
    " ",
    "\r",
    "\n",
    "#EXT",
    "#EXTINF:1,\n",
    "0x",
    "9",
    "@",
    "[",
    "\x00",
    "../",
)


@pytest.mark.parametrize("pattern", _PATTERNS)
@pytest.mark.parametrize("tag", ["", "#EXT-X-KEY:", "#EXT-X-MEDIA:", "#EXT-X-STREAM-INF:", "#EXTINF:"])
def test_the_time_grows_with_the_length_alone(tag: str, pattern: str) -> None:
    line = tag + pattern * ((LONGEST_LINE - 100) // len(pattern))
    text = "#EXTM3U\n" + f"{line}\n" * ((PLAYLIST_LIMIT - 100) // len(line) - 1)
    began = time.process_time()
    for read in (lambda: choose(text, BASE, "best", "deu"), lambda: media_playlist(text, BASE)):
        with suppress(WrongContent):
            read()
    assert time.process_time() - began < 10


_NUMBERS = st.one_of(
    st.integers(-5, 10**30).map(str), st.floats().map(str), st.sampled_from(["", "0x", "1@2", "9" * 99])
)
_ADDRESSES = st.sampled_from(
    ["a.ts", "../b.ts", "http://127.0.0.1/x", "http://[::1]/x", "http://169.254.169.254/", "file:///etc/passwd",
     "//h/x", "list.m3u8", "concat:a|b", "http://a:b@c/", "http://[", "\\\\host\\x", "javascript:1", "x" * 300, "a?b#c"]
)  # fmt: skip
_NAMES = [
    "METHOD",
    "URI",
    "IV",
    "KEYFORMAT",
    "BYTERANGE",
    "TYPE",
    "GROUP-ID",
    "AUDIO",
    "BANDWIDTH",
    "RESOLUTION",
    "LANGUAGE",
]
_VALUES = st.one_of(_NUMBERS, _ADDRESSES, st.sampled_from(["AES-128", "NONE", "AUDIO", "YES", "1x2", "de"]), st.text())
_ATTRIBUTES = st.lists(st.tuples(st.sampled_from(_NAMES), st.sampled_from(['"', ""]), _VALUES), max_size=6).map(
    lambda given: ",".join(f"{name}={quote}{value}{quote}" for name, quote, value in given)
)
_LINES = st.one_of(
    st.builds("#EXTINF:{},{}".format, _NUMBERS, st.text(max_size=5)),
    st.builds("#EXT-X-BYTERANGE:{}".format, _NUMBERS),
    st.builds("#EXT-X-MEDIA-SEQUENCE:{}".format, _NUMBERS),
    st.builds(
        "#EXT-X-{}:{}".format, st.sampled_from(["KEY", "MAP", "MEDIA", "STREAM-INF", "I-FRAME-STREAM-INF"]), _ATTRIBUTES
    ),
    st.sampled_from(["#EXT-X-DISCONTINUITY", "#EXT-X-ENDLIST", "#EXT-X-PLAYLIST-TYPE:VOD", "#EXTINF:4,", ""]),
    _ADDRESSES,
    st.text(),
)


@given(st.lists(_LINES, max_size=30), st.sampled_from(["best", "720p"]), st.sampled_from(["", "deu"]))
def test_hostile_playlists_are_refused_or_kept_within_limits(lines: list[str], quality: str, audio: str) -> None:
    text = "\n".join(["#EXTM3U", *lines])
    with suppress(WrongContent):
        choice = choose(text, BASE, quality, audio)
        assert choice is None or all(
            url.startswith(("http://", "https://")) for url in (choice.video, choice.audio or BASE)
        )
    with suppress(WrongContent):
        for segment in media_playlist(text, BASE).segments:
            assert segment.piece.url.startswith(("http://", "https://"))
            assert not segment.key_url or (segment.key_url.startswith("http") and len(segment.iv) == 16)
            assert not segment.init or segment.init.piece.url.startswith("http")
            assert 0 <= segment.duration <= 86_400
            assert segment.piece.offset >= 0
            assert segment.piece.length is None or segment.piece.length > 0


@given(st.text())
def test_any_text_is_a_playlist_or_wrong_content(text: str) -> None:
    for candidate in (text, f"#EXTM3U\n{text}", _media(text)):
        with suppress(WrongContent):
            choose(candidate, BASE, "best")
        with suppress(WrongContent):
            assert media_playlist(candidate, BASE).segments
