"""The socket as clients see it: the real web server, somebody who publishes, on SQLite and on PostgreSQL with Redis."""

from __future__ import annotations

import json
import random
import socket as sockets
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.sync.client import connect

from aniworld.supervisor.socket_frames import frame_of
from tests.aniworld.live_server import ROOMS, Client, LiveServer, live_server

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module", params=["sqlite", "postgresql+redis"])
def server(request: pytest.FixtureRequest) -> Iterator[LiveServer]:
    with live_server(request.param, BASE_PATH="below", ALLOWED_HOSTS="127.0.0.1") as running:
        yield running


class Silence(threading.Thread):
    """A client that reads and never acknowledges; it waits beside the other tests."""

    def __init__(self, server: LiveServer) -> None:
        super().__init__(daemon=True)
        self.client = server.connect("downloads")
        self.client.until_id(server.driver("send", type="queue_status"))
        self.client.say(action="leave", room="downloads")
        self.began = time.monotonic()
        self.code: int | None = None
        self.seconds = 0.0
        self.start()

    def run(self) -> None:
        self.code, self.seconds = close_code(self.client, 60), time.monotonic() - self.began

    def ended(self) -> tuple[int | None, float]:
        """With what it was closed, after how many seconds."""
        self.join(60)
        return self.code, self.seconds


@pytest.fixture(scope="module", autouse=True)
def silence(server: LiveServer) -> Silence | None:
    """On one database: the clock is the same on every other."""
    return None if server.environment.get("DATABASE_URL") else Silence(server)


def close_code(client: Client, seconds: float = 10.0) -> int | None:
    """With what the server ends the connection."""
    deadline = time.monotonic() + seconds
    try:
        while True:
            client.next(max(0.01, deadline - time.monotonic()))
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


# Greeting and rooms


def test_a_signed_in_client_gets_what_its_rooms_carry(server: LiveServer) -> None:
    with Client(server.url) as client:
        hello = client.next()
        assert hello["id"] is None
        assert hello["type"] == "connected"
        assert hello["timestamp"].endswith("Z")
        assert hello["data"]["connection_id"]
        assert hello["data"]["rooms"] == []
        client.say(action="authenticate", token=server.token)
        assert client.next()["type"] == "authenticated"
        client.say(action="ping")
        assert client.next()["type"] == "pong"
        client.say(action="join", room="downloads")
        client.say(action="join", room="series")
        client.say(action="leave", room="series")
        assert [client.next()["data"]["rooms"] for _ in range(3)] == [
            ["downloads"],
            ["downloads", "series"],
            ["downloads"],
        ]
        server.driver("send", type="series_added", name="unseen")
        id_ = server.driver("send", type="queue_status", action="items_added", title="Ä\u0000☃")
        event = client.next()
        assert (event["id"], event["type"], event["data"]["title"]) == (id_, "queue_status", "Ä�☃")
        assert set(event) == {"id", "type", "timestamp", "data"}
        assert client.quiet(0.3)


def test_what_is_not_understood_leaves_the_socket_open(server: LiveServer) -> None:
    with server.connect() as client:
        for text in ("", "x", "[]", "{}", '{"action": "dance"}', '{"action": "join", "room": "kitchen"}', "\x00"):
            client.socket.send(text)
            assert client.next()["type"] == "error"
        client.socket.send(b"\xff\x00")
        assert client.next()["type"] == "error"
        client.say(action="resume", after=1)
        assert client.next()["type"] == "error"
        client.say(action="authenticate", token="awt_wrong")
        assert client.next()["type"] == "error"
        client.say(action="ping")
        assert client.next()["type"] == "pong"


def test_a_late_event_is_soon_there(server: LiveServer) -> None:
    with server.connect("downloads") as client:
        client.until_id(server.driver("send", type="queue_status"))
        for _ in range(10):
            client.until_id(server.driver("send", type="queue_status"))
        delays = [event["received"] - event["data"]["sent"] for event in client.events[1:]]
        assert sorted(delays)[5] < 0.3


# Who may


def test_strangers_are_sent_away(server: LiveServer) -> None:
    for first in (
        '{"action": "join", "room": "downloads"}',
        '{"action": "authenticate", "token": "awt_x\\u0000"}',
        "x",
    ):
        with Client(server.url) as client:
            client.socket.send(first)
            assert close_code(client) == 4401
    with Client(server.url) as silent:
        began = time.monotonic()
        assert close_code(silent) == 4401
        assert 4 < time.monotonic() - began < 8


def test_an_api_key_signs_in(server: LiveServer) -> None:
    server.driver("user", name="keeper")
    with server.connect("downloads", token=server.driver("key", name="keeper")) as client:
        client.until_id(server.driver("send", type="queue_status"))


def test_the_cookie_counts_for_our_own_pages_only(server: LiveServer) -> None:
    server.driver("user", name="browser")
    key = server.driver("session", name="browser")
    cookie = {"Cookie": f"other=1; sessionid={key}"}
    with Client(server.url, origin=f"http://127.0.0.1:{server.port}", additional_headers=cookie) as own:
        assert own.next()["data"]["authenticated"] is True
        own.say(action="join", room="downloads")
        own.until("joined")
        for origin in ("https://evil.example", f"http://127.0.0.1:{server.port + 1}", "null", None):
            with Client(server.url, origin=origin, additional_headers=cookie) as foreign:
                assert foreign.next()["data"]["authenticated"] is False
                foreign.say(action="join", room="downloads")
                assert close_code(foreign) == 4401
        with Client(server.url, origin="https://evil.example", additional_headers=cookie) as with_token:
            with_token.say(action="authenticate", token=server.token)
            with_token.until("authenticated")
        server.driver("end_session", key=key)
        assert close_code(own) == 4401


def test_a_revoked_token_and_an_inactive_user_lose_their_sockets(server: LiveServer) -> None:
    revoked, inactive = server.driver("user", name="revoked"), server.driver("user", name="inactive")
    with server.connect("downloads", token=revoked) as one, server.connect(token=inactive) as two:
        server.driver("revoke", token=revoked)
        server.driver("deactivate", name="inactive")
        assert close_code(one) == 4401
        assert close_code(two) == 4401
    with server.connect() as still_there:
        still_there.say(action="ping")
        still_there.until("pong")


# Limits


def test_too_large_and_too_many_messages_end_it(server: LiveServer) -> None:
    with server.connect() as client:
        client.socket.send("x" * 8192)
        client.until("error")
        client.socket.send("x" * 8193)
        assert close_code(client) == 4408
    with server.connect() as client:
        with suppress(ConnectionClosed):
            for _ in range(30):
                client.say(action="ping")
        assert close_code(client) == 4429


def test_there_is_a_socket_at_one_address_only(server: LiveServer) -> None:
    with connect(server.url.replace("/ws/", "/below/ws/")) as below:
        assert json.loads(below.recv(5))["type"] == "connected"
    for path in ("/", "/ws/", "/ws/connect/x", "/above/ws/connect"):
        with pytest.raises(InvalidStatus) as refused:
            connect(server.url.replace("/ws/connect", path))
        assert refused.value.response.status_code == 403


ODD_FRAMES = [
    *(
        "[" * 8000,
        '{"a":' * 1600,
        '{"action": {"action": "ping"}}',
        '{"action": "join", "room": ["queue"]}',
        "\x00" * 99,
    ),
    *('{"action": "ack", "id": 1e999}', '{"action": "ack", "id": -1}', '{"action": "ack", "id": true}', "9" * 8000),
    *('{"action": "resume", "after": 99999999999999999999}', '{"action": "resume", "after": NaN}', '"\\ud800"'),
    *(
        '{"action": "authenticate", "token": "\\u0000\\ud800"}',
        '{"action": "authenticate", "token": null}',
        b"\xff" * 8000,
    ),
]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    frames=st.lists(
        st.one_of(
            *(st.text(), st.binary(), st.from_regex(r'\{"action": ?"\w+", ?"\w+": ?.*\}')),
            st.sampled_from(ODD_FRAMES),
        ),
        max_size=12,
    )
)
def test_no_frame_breaks_a_connection(server: LiveServer, frames: list[str | bytes]) -> None:
    with server.connect() as client:
        for frame in frames:
            client.socket.send(frame.encode("utf-8", "replace").decode() if isinstance(frame, str) else frame)
            assert client.next()["id"] is None
        client.say(action="ping")
        client.until("pong")


# Nothing lost, nothing twice


def test_reconnecting_at_random_loses_and_repeats_nothing(server: LiveServer) -> None:
    random.seed(7)
    first = server.driver("send", type="queue_status")
    server.driver.begin("burst", count=400, pause=0.005)
    got: list[int] = []
    seen, connections, deadline = first, 0, time.monotonic() + 30
    while len(got) < 400 and time.monotonic() < deadline:
        with Client(server.url) as client:
            connections += 1
            client.say(action="authenticate", token=server.token)
            for room in ROOMS:
                client.say(action="join", room=room)
            client.say(action="resume", after=seen)
            until = time.monotonic() + random.uniform(0, 0.5)
            with suppress(TimeoutError):
                while time.monotonic() < until:
                    client.next(0.05)
        got += client.ids
        seen = got[-1] if got else seen
    assert connections > 3
    assert got == server.driver.answer()


def test_a_late_resume_repeats_nothing(server: LiveServer) -> None:
    with server.connect(*ROOMS) as earlier:
        before = server.driver("burst", count=30)
        earlier.until_id(before[-1])
    with server.connect(*ROOMS) as client:
        live = server.driver("burst", count=20)
        client.until_id(live[-1])
        client.say(action="resume", after=before[9])
        client.until_exactly(before[-1])
        after = server.driver("send", type="queue_status")
        client.until_exactly(after)
        assert client.ids == [*live, *before[10:], after]


def test_a_long_replay_keeps_to_the_window_and_goes_on_into_live_events(server: LiveServer) -> None:
    missed = server.driver("burst", count=2600)
    with server.connect(*ROOMS) as client:
        client.say(action="resume", after=missed[0] - 1)
        client.until_id(missed[1999])
        assert client.quiet(0.5)
        live = server.driver("burst", count=50)
        client.say(action="ack", id=missed[1999])
        client.until_id(live[-1])
        assert client.ids == [*missed, *live]


def test_what_was_pruned_or_never_was_means_reload(server: LiveServer) -> None:
    # More than the server keeps in memory, which would know it still.
    ids = server.driver("burst", count=1100)
    with server.connect(*ROOMS) as client:
        client.until_id(server.driver("send", type="queue_status"))
    server.driver("prune", rows=10)
    for after in (ids[20], ids[-1] + 1_000_000):
        with server.connect(*ROOMS) as client:
            client.say(action="resume", after=after)
            assert client.until("resync")["data"]["last_id"] == server.driver("newest")
            assert client.ids == []
            client.until_id(server.driver("send", type="queue_status"))
            assert len(client.ids) == 1
    with server.connect(*ROOMS) as client:
        client.say(action="resume", after=ids[-10])
        client.until_id(ids[-1])
        assert client.ids[:9] == ids[-9:]


def test_listeners_hear_after_the_commit_and_fail_alone(server: LiveServer) -> None:
    assert server.driver("listeners") == [[], ["queue_started"]]


def test_messages_of_every_length_arrive_whole(server: LiveServer) -> None:
    sizes = [*range(0, 130, 13), *range(65_300, 65_600, 13), 200_000]
    with server.connect("series") as client:
        for size in sizes:
            server.driver("burst", count=1, types=["series_added"], size=size)
        client.until_id(server.driver("send", type="series_added"))
        assert [len(event["data"]["fill"]) for event in client.events[:-1]] == sizes
        client.say(action="ping")
        client.until("pong")


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 200_000])
def test_a_frame_says_how_long_its_text_is(size: int) -> None:
    """As another implementation of the protocol makes it."""
    text = "x" * size
    assert frame_of(text) == Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


def test_what_does_not_fit_at_once_arrives_whole_and_in_order(server: LiveServer) -> None:
    narrow = sockets.socket()
    narrow.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 8192)
    narrow.connect(("127.0.0.1", server.port))
    with Client(server.url, sock=narrow) as client:
        client.say(action="authenticate", token=server.token)
        client.say(action="join", room="series")
        client.until("joined")
        # More than the client's side takes in before it is read.
        ids = server.driver("burst", count=36, types=["series_added"], size=100_000)
        client.until_id(ids[-1])
        assert client.ids == ids
        assert {len(event["data"]["fill"]) for event in client.events} == {100_000}


# Readers who do not read


def test_a_reader_who_stopped_is_closed(server: LiveServer) -> None:
    with server.connect("downloads") as client:
        client.until_id(server.driver("send", type="queue_status"))
        server.driver("burst", count=3200, types=["queue_status"])
        # The code stands behind everything sent before; who reads too late finds the connection cut.
        assert close_code(client, 20) in (4413, None)
        assert len(client.ids) <= 2000


def test_a_slow_reader_misses_progress_and_nothing_else(server: LiveServer) -> None:
    with server.connect("downloads", "download_progress") as client:
        first = server.driver("send", type="queue_status")
        client.until_id(first)
        client.say(action="ack", id=first)
        ids = server.driver("burst", count=2000, types=["download_progress"])
        server.driver("burst", count=1500, types=["download_progress"])
        important = server.driver("burst", count=300, types=["queue_status"])
        with server.connect("downloads") as witness:
            witness.say(action="resume", after=ids[-1])
            witness.until_id(important[-1])
        client.until_id(ids[-1])
        client.say(action="ack", id=ids[-1])
        client.until_id(important[-1])
        assert client.ids == sorted(client.ids)
        assert set(important) <= set(client.ids)
        # What the window and the outbox hold, and the few that left while they filled.
        assert 3001 <= len(client.ids) < 3100


def test_a_socket_cut_off_leaves_nothing_behind(server: LiveServer) -> None:
    clients = [server.connect("downloads") for _ in range(5)]
    for client in clients:
        client.socket.socket.shutdown(sockets.SHUT_RDWR)
    with server.connect("downloads") as client:
        client.until_id(server.driver("send", type="queue_status"))


def test_a_silent_reader_is_closed_after_thirty_seconds(silence: Silence | None) -> None:
    if silence is None:
        pytest.skip("the clock is the same on every database")
    code, seconds = silence.ended()
    assert code == 4413
    assert 28 < seconds < 40
