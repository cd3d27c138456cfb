"""What a playlist names goes through the same guard: no segment, key or map leads into a private network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from downloads.fetchers import hls
from providers.contracts import StreamKind
from providers.exceptions import ProviderError
from tests.downloads.hosting import Hosting, Resource, hosting, job

pytestmark = pytest.mark.django_db(transaction=True)

SPELLINGS = (
    "http://127.0.0.1:{port}/x",
    "http://localhost:{port}/x",
    "http://2130706433:{port}/x",
    "http://0x7f000001:{port}/x",
    "http://0177.0.0.1:{port}/x",
    "http://127.1:{port}/x",
    "http://0:{port}/x",
    "http://[::1]:{port}/x",
    "http://[::ffff:127.0.0.1]:{port}/x",
    "http://[64:ff9b::7f00:1]:{port}/x",
    "http://[2002:7f00:1::]:{port}/x",
    "http://127.0.0.1.:{port}/x",
    "//127.0.0.1:{port}/x",
    "file:///etc/passwd",
)
PLACES = {
    "segment": "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{target}\n#EXT-X-ENDLIST\n",
    "key": '#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-KEY:METHOD=AES-128,URI="{target}"\n'
    "#EXTINF:4,\na.ts\n#EXT-X-ENDLIST\n",
    "map": '#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MAP:URI="{target}"\n#EXTINF:4,\na.ts\n#EXT-X-ENDLIST\n',
    "variant": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\n{target}\n",
    "audio": '#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",LANGUAGE="deu",URI="{target}"\n'
    '#EXT-X-STREAM-INF:BANDWIDTH=1000,AUDIO="a"\nvideo.m3u8\n',
}


@pytest.fixture
def stranger() -> Iterator[Hosting]:
    """The host that serves the playlist; it may be reached."""
    with hosting() as host:
        yield host


@pytest.fixture
def tripwire() -> Iterator[Hosting]:
    """Something of the house, at the same address and another port; nobody may reach it."""
    with hosting() as host:
        host.resources["/x"] = Resource(b"secret")
        yield host


@pytest.mark.parametrize("place", PLACES)
def test_what_a_playlist_names_is_not_asked_for(
    stranger: Hosting, tripwire: Hosting, tmp_path: Path, place: str
) -> None:
    port = urlsplit(tripwire.address).port
    stranger.resources["/a.ts"] = Resource(b"\x47" * 188 * 10, content_type="video/mp2t")
    good = PLACES["segment"].format(target="a.ts").encode()
    stranger.resources["/video.m3u8"] = Resource(good, content_type="application/x-mpegurl")
    for number, spelling in enumerate(SPELLINGS):
        playlist = PLACES[place].format(target=spelling.format(port=port))
        stranger.resources["/list.m3u8"] = Resource(playlist.encode(), content_type="application/x-mpegurl")
        allowed = stranger.address.removeprefix("http://")
        folder = tmp_path / str(number)
        folder.mkdir()
        with job(f"{stranger.address}/list.m3u8", StreamKind.HLS, folder, allowed=allowed, audio="deu") as one:
            with pytest.raises(ProviderError):
                hls.fetch(one)
    assert tripwire.asked == []
