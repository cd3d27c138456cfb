"""A real `up` with its demo, and real servers that it tells: an arrival reaches each of them, as each wants it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.downloads.driving import add_series, arrived, episodes, item, queue
from tests.integrations.receiving import Receiver, jellyfin, kodi, plain, plex, receiver
from tests.running import Running, eventually

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("integrations")]

SECRET = "a secret of both"
NAMES = ("jellyfin", "emby", "plex", "kodi", "hook", "discord", "dead")
THERE = "/media/series"
KEY = "k3y-of-the-server"


@pytest.fixture(scope="module")
def others() -> Iterator[dict[str, Receiver]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(receiver()) for name in NAMES}


@pytest.fixture(scope="module")
def up(others: dict[str, Receiver]) -> Iterator[Running]:
    allowed = ",".join(one.host for one in others.values())
    with Running(demo=True, environment={"DEMO_SPEED": "0", "ALLOWED_PRIVATE_HOSTS": allowed}) as running:
        running.setup()
        yield running


@pytest.fixture(scope="module")
def configured(up: Running, others: dict[str, Receiver]) -> dict[str, Any]:
    """Everybody is entered and tested before anything happens."""
    others["jellyfin"].answer = others["emby"].answer = jellyfin
    others["plex"].answer, others["kodi"].answer = plex(THERE), kodi
    made: dict[str, Any] = {}
    for kind in ("jellyfin", "emby", "plex", "kodi"):
        body = {"name": kind, "kind": kind, "address": f"{others[kind].url}/", "secret": KEY, "library_folder": THERE}
        body |= {"username": "kodi"} if kind == "kodi" else {}
        made[kind] = up.api("POST", "/api/integrations/media-servers", body, status=201)
    hooks: list[dict[str, Any]] = [
        {"name": "hook", "address": f"{others['hook'].url}/in?token=t", "secret": SECRET},
        {"name": "discord", "address": f"{others['discord'].url}/api/webhooks/1/t", "format": "discord"},
        {"name": "dead", "address": f"{others['dead'].url}/never"},
    ]
    others["dead"].fault = "silent"
    for body in hooks:
        events = ["download_complete", "series_added"]
        made[body["name"]] = up.api("POST", "/api/integrations/webhooks", {**body, "events": events}, status=201)
    return made


@pytest.fixture(scope="module")
def arrival(up: Running, configured: dict[str, Any]) -> dict[str, Any]:
    """Two episodes of a series arrived, while one receiver never answers."""
    key = add_series(up)
    ids = queue(up, key, episodes(up, key)[:2])
    arrived(up, ids)
    return {"key": key, "items": [item(up, pk) for pk in ids]}


def folder_of(arrival: dict[str, Any]) -> str:
    return str(arrival["items"][0]["file_destination"].partition("/")[0])


def test_a_test_says_who_it_is_and_nothing_is_told_of_its_key(
    up: Running, configured: dict[str, Any], others: dict[str, Receiver]
) -> None:
    for kind, about in (("jellyfin", "Living Room 10.10.3"), ("plex", "Series"), ("kodi", "Kodi 21")):
        tested = up.api("POST", f"/api/integrations/media-servers/{configured[kind]['id']}/test")
        assert (tested["ok"], tested["about"], tested["reason"]) == (True, about, "")
    listed = up.api("GET", "/api/integrations/media-servers")
    assert [row["secret"] for row in listed] == [True] * 4
    assert KEY not in str(listed)
    webhooks = up.api("GET", "/api/integrations/webhooks")
    assert SECRET not in str(webhooks)
    assert "token=t" not in str(webhooks)


def test_an_arrival_reaches_each_media_server_in_its_own_words(
    arrival: dict[str, Any], others: dict[str, Receiver]
) -> None:
    folder = f"{THERE}/{folder_of(arrival)}"
    calls = {
        "jellyfin": lambda: others["jellyfin"].of("/Library/Media/Updated"),
        "emby": lambda: others["emby"].of("/Library/Media/Updated"),
        "plex": lambda: others["plex"].of("/library/sections/2/refresh"),
        "kodi": lambda: [one for one in others["kodi"].of("/jsonrpc") if one.json["method"] == "VideoLibrary.Scan"],
    }
    first = {kind: eventually(ask, 30, f"{kind} is told")[0] for kind, ask in calls.items()}
    for kind in ("jellyfin", "emby"):
        assert first[kind].method == "POST"
        assert first[kind].headers["Content-Type"] == "application/json"
        assert first[kind].json == {"Updates": [{"Path": folder, "UpdateType": "Created"}]}
    assert first["jellyfin"].headers["Authorization"] == f'MediaBrowser Token="{KEY}"'
    assert first["emby"].headers["X-Emby-Token"] == KEY
    assert (first["plex"].method, first["plex"].query) == ("GET", {"path": folder})
    assert first["plex"].headers["X-Plex-Token"] == KEY
    assert not others["plex"].of("/library/sections/1/refresh")
    assert first["kodi"].method == "POST"
    assert first["kodi"].headers["Authorization"] == f"Basic {base64.b64encode(f'kodi:{KEY}'.encode()).decode()}"
    assert first["kodi"].json["params"] == {"directory": f"{folder}/", "showdialogs": False}


def test_a_folder_is_told_of_once_a_minute(up: Running, configured: dict[str, Any], arrival: dict[str, Any]) -> None:
    """Two episodes arrived: what came after the first call waits for its minute, as one."""
    address = f"/api/integrations/media-servers/{configured['jellyfin']['id']}/calls"

    def calls() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = up.api("GET", address)["items"]
        return found if any(call["state"] == "sent" for call in found) else []

    found = eventually(calls, 30)
    assert {call["folder"] for call in found} == {folder_of(arrival)}
    assert sum(call["state"] == "sent" for call in found) == 1
    assert len(found) <= 2


def test_the_receiver_of_a_webhook_can_prove_who_sent_it(arrival: dict[str, Any], others: dict[str, Receiver]) -> None:
    def complete() -> list[Any]:
        return [one for one in others["hook"].received if one.json["event"] == "download_complete"]

    messages = eventually(lambda: complete() if len(complete()) == 2 else [], 30)
    for message in messages:
        stamp = message.headers["X-Aniworld-Timestamp"]
        expected = hmac.new(SECRET.encode(), f"{stamp}.".encode() + message.body, hashlib.sha256).hexdigest()
        assert message.headers["X-Aniworld-Signature"] == f"sha256={expected}"
        assert abs(int(stamp) - time.time()) < 120
        assert message.headers["X-Aniworld-Event"] == "download_complete"
        assert message.headers["X-Aniworld-Delivery"] == message.json["delivery"]
        assert (message.method, message.target) == ("POST", "/in?token=t")
    told = {message.json["episode"]["episode"]: message.json for message in messages}
    for state in arrival["items"]:
        body = told[state["episode"]]
        assert body["series"]["key"] == arrival["key"]
        assert body["file"] == {
            "path": state["file_destination"],
            "language": state["language"],
            "size": state["total_bytes"],
        }
        assert (body["id"] > 0, body["time"][-1], body["data"]["item_id"]) == (True, "Z", state["id"])
    assert others["hook"].received[0].json["event"] == "series_added"


def test_discord_gets_an_embed(arrival: dict[str, Any], others: dict[str, Receiver]) -> None:
    def embeds() -> list[dict[str, Any]]:
        found = [one.json for one in others["discord"].received]
        return [body for body in found if "arrived" in str(body)]

    body = eventually(embeds, 30)[0]
    assert body["allowed_mentions"] == {"parse": []}
    assert len(body["embeds"]) == 1


def test_one_that_never_answers_disturbed_nobody_and_is_told_of(
    up: Running, configured: dict[str, Any], arrival: dict[str, Any], others: dict[str, Receiver]
) -> None:
    def failing() -> Any:
        row = up.api("GET", f"/api/integrations/webhooks/{configured['dead']['id']}")
        return row if row["failing_since"] else None

    row = eventually(failing, 40, "the silent one is given up")
    assert "did not answer in time" in row["last_error"]
    waiting = up.api("GET", f"/api/integrations/webhooks/{configured['dead']['id']}/deliveries")["items"]
    assert {one["state"] for one in waiting} == {"waiting"}
    assert sum(one["attempts"] for one in waiting) == 1
    others["dead"].fault, others["dead"].answer = "", plain
    assert up.api("POST", f"/api/integrations/webhooks/{configured['dead']['id']}/test")["ok"]

    def all_sent() -> bool:
        rows = up.api("GET", f"/api/integrations/webhooks/{configured['dead']['id']}/deliveries")["items"]
        return all(one["state"] == "sent" for one in rows)

    eventually(all_sent, 40, "what waited was sent once it was there again")


def test_a_power_cut_between_event_and_delivery_loses_nothing(
    up: Running, configured: dict[str, Any], arrival: dict[str, Any], others: dict[str, Receiver]
) -> None:
    """`up`, which reads the events, stands still while the series is removed, and is then killed with all the rest."""
    hook = configured["hook"]["id"]
    up.api("PATCH", f"/api/integrations/webhooks/{hook}", {"events": ["series_removed"]})
    key = add_series(up, 1)
    up.send(signal.SIGSTOP)
    up.api("DELETE", f"/api/anime/{key}", status=204)
    up.kill_everything()
    up.start()
    up.login()

    def removed() -> list[Any]:
        return [one for one in others["hook"].received if one.json["event"] == "series_removed"]

    [message] = eventually(removed, 120, "the webhook is told of what happened before the kill")
    assert message.json["series"]["key"] == key


def test_the_widget_tells_what_is_there(up: Running, arrival: dict[str, Any]) -> None:
    made = up.manage("apikey", "create", "dashboard")
    assert made.returncode == 0, made.stderr
    key = next(word for word in made.stdout.split() if word.startswith("awk_"))
    answer = up.http.get(f"{up.url}/api/widget", headers={"Authorization": "", "X-Api-Key": key}, timeout=10)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["status"], found["episodes"], found["arrived_today"], found["series"]) == ("idle", 2, 2, 1)
    assert found["free_bytes"] > 0
    assert up.http.get(f"{up.url}/api/widget", headers={"Authorization": ""}, timeout=10).status_code == 401
