"""Users whom a trusted reverse proxy names: believed from TRUSTED_PROXIES alone, by pages, API and socket."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integrations.people_outside import PROXY, Browser
from tests.running import PASSWORD, Running

pytest.importorskip("websockets", reason="make test installs what this needs")
from websockets.exceptions import ConnectionClosed  # only after the line above
from websockets.sync.client import connect  # as above

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("sign-on")]
NOBODY = {"configured": True, "authenticated": False, "username": None, "is_admin": False}


@pytest.fixture(scope="module")
def up() -> Iterator[Running]:
    environment = {
        "TRUSTED_PROXIES": PROXY,
        "AUTH_PROXY_HEADER": "Remote-User",
        "AUTH_PROXY_GROUPS_HEADER": "Remote-Groups",
        "AUTH_PROXY_ADMIN_GROUPS": "admins",
        "AUTH_PROXY_MEMBER_GROUPS": "family, friends of ours",
        "AUTH_PROXY_LOGOUT_URL": "https://auth.example.org/logout",
        "BASE_PATH": "series",
    }
    with Running("--web-only", environment=environment) as one:
        early = Browser(one, PROXY, **{"Remote-User": "early", "Remote-Groups": "admins"})
        # Nobody is made before there is a first user.
        assert early.page("/").url.endswith("/series/setup")
        assert early.who() == {**NOBODY, "configured": False}
        one.setup()
        yield one


def named(up: Running, name: str, groups: str = "family", address: str = PROXY, **headers: str) -> Browser:
    return Browser(up, address, **{"Remote-User": name, "Remote-Groups": groups, **headers})


def test_the_proxy_signs_in_and_says_the_role_each_time(up: Running) -> None:
    browser = named(up, "anna")
    assert "/series/queue" in browser.page("/queue").url
    assert browser.who() == {"configured": True, "authenticated": True, "username": "anna", "is_admin": False}
    assert named(up, "anna", "cooks,admins").who()["is_admin"] is True
    assert named(up, "anna", "friends of ours").who()["is_admin"] is False
    # There is nothing to keep: without the header the same browser is nobody.
    del browser.headers["Remote-User"]
    assert browser.who() == NOBODY


def test_a_header_of_anybody_else_is_ignored(up: Running) -> None:
    named(up, "victim", "admins").page("/")
    for headers in (
        {},
        {"X-Forwarded-For": PROXY},
        {"X-Real-IP": PROXY, "Forwarded": f"for={PROXY}"},
        {"X-Forwarded-For": f"{PROXY}, {PROXY}"},
    ):
        stranger = named(up, "victim", "admins", address="127.0.0.1", **headers)
        assert stranger.who() == NOBODY
        assert "/login" in stranger.page("/queue").url
        assert stranger.page("/api/queue/status").status_code == 401
    # Another spelling of the same name is no way round, neither for strangers nor past a proxy that replaces one.
    sly = Browser(up, PROXY, Remote_User="victim", Remote_Groups="admins")
    assert sly.who() == NOBODY


def test_somebody_named_twice_or_by_what_is_no_name_is_refused(up: Running) -> None:
    for name in ("anna,admin", "a b", "<script>", "x" * 151):
        answer = named(up, name, "admins").page("/")
        assert answer.status_code == 403
        assert "The proxy names somebody by what can&#x27;t be a user name." in answer.text
    assert named(up, "ünal".encode().decode("latin-1")).who()["username"] == "ünal"


def test_whoever_is_in_no_group_that_is_let_in_is_told_so(up: Running) -> None:
    answer = named(up, "guest", "guests").page("/")
    assert answer.status_code == 403
    assert "None of your groups is let in here." in answer.text
    refused = named(up, "guest", "").page("/api/queue/status")
    assert (refused.status_code, refused.json()["code"]) == (403, "not_let_in")


def test_the_last_administrator_with_a_password_keeps_the_rights(up: Running) -> None:
    assert named(up, "admin", "family").who()["is_admin"] is True
    assert Browser(up).page("/login").ok
    up.login("admin", PASSWORD)


def test_tokens_and_keys_go_on_and_come_first(up: Running) -> None:
    authorization = str(up.http.headers["Authorization"])
    carried = named(up, "guest", "guests", Authorization=authorization)
    assert carried.page("/api/auth/status").json()["username"] == "admin"
    assert carried.page("/api/queue/status").status_code == 200
    key = up.api("POST", "/api/auth/apikeys", {"name": "script", "scope": "read"})["key"]
    assert named(up, "anna", **{"X-Api-Key": key}).page("/api/queue/status").status_code == 200
    assert named(up, "anna", **{"X-Api-Key": key}).page("/api/config").status_code == 403
    assert named(up, "anna", Authorization="Bearer awt_wrong").page("/api/queue/status").status_code == 401


def test_a_form_still_needs_its_token(up: Running) -> None:
    browser = named(up, "anna")
    browser.page("/")
    body = {"theme": "dark"}
    forged = browser.patch(f"{browser.base}/api/auth/preferences", json=body, timeout=30)
    assert (forged.status_code, forged.json()["code"]) == (403, "csrf")
    headers = {"X-CSRFToken": browser.cookies["csrftoken"]}
    own = browser.patch(f"{browser.base}/api/auth/preferences", json=body, headers=headers, timeout=30)
    assert own.json()["theme"] == "dark"


def test_the_proxy_counts_more_than_a_session(up: Running) -> None:
    browser = Browser(up, PROXY)
    browser.sign_in()
    assert browser.who()["username"] == "admin"
    browser.headers.update({"Remote-User": "anna", "Remote-Groups": "family"})
    assert browser.who()["username"] == "anna"


def test_signing_out_names_where_it_can_be_done(up: Running) -> None:
    browser = named(up, "anna")
    browser.page("/")
    answer = browser.fill_in("/logout")
    assert "Your reverse proxy signs you in" in answer.text
    assert 'href="https://auth.example.org/logout"' in answer.text


def test_who_was_deactivated_here_stays_outside(up: Running) -> None:
    assert named(up, "leaver").who()["authenticated"] is True
    administrator = Browser(up)
    administrator.sign_in()
    page = administrator.page("/admin/accounts/user/?q=leaver").text
    number = next(part.partition("/")[0] for part in page.split("/accounts/user/") if part[:1].isdigit())
    chosen = {"action": "deactivate", "_selected_action": number, "confirmed": "yes"}
    assert administrator.fill_in("/admin/accounts/user/", **chosen).ok
    assert named(up, "leaver").page("/").status_code == 403


def greeting(up: Running, address: str, **headers: str) -> dict[str, Any]:
    """What a socket opened by one of our own pages is told first."""
    place = f"ws://127.0.0.1:{up.port}/series/ws/connect"
    origin: Any = up.url
    with connect(place, origin=origin, additional_headers=headers, source_address=(address, 0)) as client:
        found: dict[str, Any] = json.loads(client.recv(timeout=20))["data"]
        return found


def test_the_socket_believes_the_same_and_no_more(up: Running) -> None:
    named(up, "watcher").page("/")
    headers = {"Remote-User": "watcher", "Remote-Groups": "family"}
    assert greeting(up, PROXY, **headers)["authenticated"] is True
    assert greeting(up, "127.0.0.1", **headers)["authenticated"] is False
    assert greeting(up, PROXY, **{**headers, "Remote-Groups": "guests"})["authenticated"] is False
    assert greeting(up, PROXY, Remote_User="watcher", Remote_Groups="family")["authenticated"] is False
    # Somebody whom no page has seen yet is not made by a socket.
    assert greeting(up, PROXY, **{**headers, "Remote-User": "unseen"})["authenticated"] is False
    place = f"ws://127.0.0.1:{up.port}/series/ws/connect"
    foreign: Any = "https://evil.example"
    options: Any = {"additional_headers": headers, "source_address": (PROXY, 0)}
    with connect(place, origin=foreign, **options) as client:
        assert json.loads(client.recv(timeout=20))["data"]["authenticated"] is False
        with pytest.raises(ConnectionClosed):
            client.recv(timeout=20)


def test_whoever_set_it_up_is_told_what_the_header_does(up: Running) -> None:
    page = "/admin/sign_on/openidaccount/"

    def said(browser: Browser) -> str:
        browser.page(page)
        return html.unescape(browser.fill_in(f"{page}test-header/").text)

    text = said(named(up, "root", "admins"))
    assert f"This request came from {PROXY}, which TRUSTED_PROXIES names." in text
    assert "It carried the header Remote-User: “root”." in text
    assert "It signs in root as administrator; groups: admins." in text
    stranger = Browser(up, "127.0.0.1")
    stranger.sign_in()
    assert "It carried no header Remote-User" in said(stranger)
    stranger.headers["Remote-User"] = "root"
    text = said(stranger)
    assert f"This request came from 127.0.0.1, which is none of TRUSTED_PROXIES ({PROXY}/32)" in text
    assert "If 127.0.0.1 is your proxy, add it to TRUSTED_PROXIES." in text
