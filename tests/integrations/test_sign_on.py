"""Single sign-on against a small, real OpenID provider: who is let in, as what, and what proves nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

pytest.importorskip("allauth", reason="make test installs what this needs")
pytest.importorskip("jwt", reason="make test installs what this needs")
import jwt  # only after the line above

from tests.integrations.openid_provider import CLIENT, SECRET, OpenIdProvider, new_key, openid_provider
from tests.integrations.people_outside import Browser, told
from tests.running import PASSWORD, Running

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("sign-on")]
UNPROVED = "The provider&#x27;s answer could not be proved."


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIdProvider]:
    with openid_provider() as one:
        yield one


@pytest.fixture(scope="module")
def up(provider: OpenIdProvider) -> Iterator[Running]:
    environment = {
        "OIDC_ISSUER": provider.issuer,
        "OIDC_CLIENT_ID": CLIENT,
        "OIDC_CLIENT_SECRET": SECRET,
        "OIDC_NAME": "The House",
        "OIDC_ROLE_CLAIM": "realm_access.roles",
        "OIDC_ADMIN_VALUES": "series admins, root",
        "OIDC_MEMBER_VALUES": "family",
        "ALLOWED_PRIVATE_HOSTS": provider.issuer.removeprefix("http://"),
        "BASE_PATH": "series",
    }
    with Running("--web-only", environment=environment) as one:
        # Whoever comes first, even as an administrator, does not take the setup's place.
        provider.be("early", preferred_username="early", **roles("series admins"))
        early = Browser(one)
        answer = early.sign_on()
        assert (answer.status_code, told(answer)[:26]) == (403, "Nothing is set up here yet")
        assert early.who()["configured"] is False
        one.setup()
        yield one


def roles(*names: str) -> dict[str, Any]:
    return {"realm_access": {"roles": list(names)}}


def arrives(up: Running, provider: OpenIdProvider, subject: str, *names: str, **claims: Any) -> Browser:
    provider.be(subject, **{"preferred_username": subject, **roles(*names), **claims})
    browser = Browser(up)
    assert browser.sign_on().ok
    assert browser.who()["authenticated"]
    return browser


def user_row(up: Running, name: str) -> dict[str, Any]:
    asked = f"SELECT id, is_superuser, password, email FROM accounts_user WHERE username = '{name}'"
    number, superuser, password, email = up.rows(asked)[0]
    return {"pk": number, "superuser": superuser, "password": not password.startswith("!"), "email": email}


def test_the_login_page_leads_to_the_provider_and_back_to_the_wanted_page(
    up: Running, provider: OpenIdProvider
) -> None:
    provider.be("1001", preferred_username="anna", email="admin@example.org", email_verified=True, **roles("family"))
    browser = Browser(up)
    page = browser.page("/queue")
    assert "Sign in with The House" in page.text
    assert "The House" in browser.page("/login", headers={"Accept-Language": "de"}).text
    assert "/series/integrations/sign-on/login?next=/series/queue" in page.text
    answer = browser.sign_on("/series/queue")
    assert (answer.status_code, urlsplit(answer.url).path) == (200, "/series/queue")
    assert browser.who() == {"configured": True, "authenticated": True, "username": "anna", "is_admin": False}
    sent = provider.authorized[-1]
    assert urlsplit(sent["redirect_uri"]).path == "/series/integrations/sign-on/callback"
    assert set(sent["scope"].split()) == {"openid", "profile", "email"}
    assert len(sent["nonce"]) > 20
    assert len(sent["state"]) >= 16
    assert "realm_access" not in answer.text


def test_the_session_is_one_of_ours(up: Running, provider: OpenIdProvider) -> None:
    browser = arrives(up, provider, "lister", "family")
    assert "127.0.1." in browser.page("/settings/account").text
    ends = next(cookie.expires for cookie in browser.cookies if cookie.name == "sessionid") or 0
    hours = up.api("GET", "/api/config")["general"]["session_timeout_hours"]
    assert abs(ends - time.time() - hours * 3600) < 600


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:x"])
def test_nobody_is_led_to_another_site(up: Running, provider: OpenIdProvider, elsewhere: str) -> None:
    provider.be("wanderer", preferred_username="wanderer", **roles("family"))
    answer = Browser(up).sign_on(elsewhere)
    assert answer.url == f"{up.url}/series/"


def test_the_role_is_looked_at_again_at_each_sign_in(up: Running, provider: OpenIdProvider) -> None:
    assert arrives(up, provider, "riser", "family").who()["is_admin"] is False
    assert arrives(up, provider, "riser", "family", "series admins").who()["is_admin"] is True
    fallen = arrives(up, provider, "riser", "family")
    assert fallen.who()["is_admin"] is False
    provider.be("riser", preferred_username="riser", **roles("guests"))
    refused = Browser(up).sign_on()
    assert (refused.status_code, told(refused)[:30]) == (403, "None of your groups is let in ")
    # What the provider said yes to before has ended as well.
    assert fallen.who()["authenticated"] is False


def test_the_role_may_come_with_userinfo_and_as_one_text(up: Running, provider: OpenIdProvider) -> None:
    provider.be("teller", preferred_username="teller", **{"realm_access.roles": "root"})
    browser = Browser(up)
    browser.sign_on()
    assert browser.who()["is_admin"] is True


def test_an_account_is_never_taken_for_a_user_that_exists(up: Running, provider: OpenIdProvider) -> None:
    browser = arrives(up, provider, "s-777", "family", preferred_username="admin", email="admin@example.org")
    assert browser.who()["username"] == "admin-2"
    made = user_row(up, "admin-2")
    assert (made["superuser"], made["password"], made["email"]) == (False, False, "")
    # Its name may change: it stays the same user.
    assert arrives(up, provider, "s-777", "family", preferred_username="other").who()["username"] == "admin-2"


def test_an_administrator_joins_an_account_with_a_user_and_that_one_keeps_the_last_rights(
    up: Running, provider: OpenIdProvider
) -> None:
    arrives(up, provider, "chief", "family")
    administrator = Browser(up)
    administrator.sign_in()
    number = up.rows("SELECT id FROM sign_on_openidaccount WHERE subject = 'chief'")[0][0]
    user = str(user_row(up, "admin")["pk"])
    answer = administrator.fill_in(
        f"/admin/sign_on/openidaccount/{number}/change/", issuer=provider.issuer, subject="chief", user=user
    )
    assert answer.ok
    joined = arrives(up, provider, "chief", "family")
    # The claim says member; the only user with a password who administers stays what they are.
    assert joined.who() == {"configured": True, "authenticated": True, "username": "admin", "is_admin": True}
    assert user_row(up, "admin")["superuser"] == 1


def test_who_was_deactivated_here_stays_outside(up: Running, provider: OpenIdProvider) -> None:
    browser = arrives(up, provider, "leaver", "family")
    administrator = Browser(up)
    administrator.sign_in()
    chosen = {"action": "deactivate", "_selected_action": str(user_row(up, "leaver")["pk"]), "confirmed": "yes"}
    assert administrator.fill_in("/admin/accounts/user/", **chosen).ok
    assert browser.who()["authenticated"] is False
    refused = browser.sign_on()
    assert (refused.status_code, told(refused)[:36]) == (403, "This account is deactivated here. An")


def _forged(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, SECRET * 2, algorithm="HS256", headers={"kid": "first"})


def _unsigned(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, "", algorithm="none", headers={"kid": "first"})


WRONG: dict[str, dict[str, Any]] = {
    "nonce of another sign-in": {"claims": {"nonce": "of another one"}},
    "no nonce": {"claims": {"nonce": None}},
    "another issuer": {"claims": {"iss": "https://evil.example"}},
    "another client": {"claims": {"aud": "another"}},
    "several clients, for another": {"claims": {"aud": [CLIENT, "another"], "azp": "another"}},
    "expired": {"claims": {"exp": int(time.time()) - 3600, "iat": int(time.time()) - 7200}},
    "never expires": {"claims": {"exp": None}},
    "nobody": {"claims": {"sub": ""}},
    "signed by another key": {"key": new_key()},
    "signed with the shared secret": {"encode": _forged},
    "not signed": {"encode": _unsigned},
    "not a token": {"encode": lambda _claims: "x.y.z"},
    "no ID token": {"without_id_token": True},
    "userinfo about another user": {"userinfo": {"sub": "somebody else"}},
}


@pytest.mark.parametrize("fault", WRONG)
def test_an_answer_that_proves_nothing_is_refused(up: Running, provider: OpenIdProvider, fault: str) -> None:
    provider.be("prover", preferred_username="prover", **roles("series admins"))
    for name, value in WRONG[fault].items():
        setattr(provider.faults, name, value)
    browser = Browser(up)
    answer = browser.sign_on()
    assert (answer.status_code, UNPROVED in answer.text) == (403, True), answer.text
    assert browser.who()["authenticated"] is False


BROKEN: dict[str, dict[str, Any]] = {
    "calls itself otherwise": {"description": {"issuer": "https://evil.example"}},
    "has no token endpoint": {"description": {"token_endpoint": None}},
    "has its keys inside our network": {"description": {"jwks_uri": "http://127.0.0.1:1/keys"}},
    "has endless keys": {"huge_keys": True},
    "answers with a list": {"token_answer": b'["access_token"]'},
    "answers with no JSON": {"token_answer": b"{"},
    "counts time in words": {"token_answer": b'{"access_token": "x", "id_token": "y", "expires_in": "soon"}'},
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_provider_that_does_wrong_is_told_of_in_plain_words(
    up: Running, provider: OpenIdProvider, fault: str
) -> None:
    provider.be("breaker", preferred_username="breaker", **roles("family"))
    for name, value in BROKEN[fault].items():
        setattr(provider.faults, name, value)
    browser = Browser(up)
    answer = browser.sign_on()
    assert answer.status_code in (403, 502)
    assert told(answer)
    assert browser.who()["authenticated"] is False


def test_a_state_serves_once_and_only_the_browser_that_began(up: Running, provider: OpenIdProvider) -> None:
    provider.be("stater", preferred_username="stater", **roles("family"))
    browser = Browser(up)
    to_provider = browser.page("/integrations/sign-on/login", allow_redirects=False).headers["Location"]
    back = browser.get(to_provider, allow_redirects=False, timeout=30).headers["Location"]
    stranger = Browser(up)
    refused = stranger.get(back, timeout=30)
    assert (refused.status_code, UNPROVED in refused.text) == (403, True)
    assert stranger.who()["authenticated"] is False
    assert browser.get(back, timeout=30).ok
    assert browser.who()["username"] == "stater"
    replayed = browser.get(back, timeout=30)
    assert (replayed.status_code, UNPROVED in replayed.text) == (403, True)
    invented = browser.page("/integrations/sign-on/callback?code=x&state=invented")
    assert invented.status_code == 403
    assert browser.page("/integrations/sign-on/callback").status_code == 403


def test_calling_off_is_no_error(up: Running, provider: OpenIdProvider) -> None:
    provider.be("")
    provider.person = {}
    answer = Browser(up).sign_on()
    assert (answer.status_code, told(answer)) == (403, "Signing in was called off.")


def test_nothing_else_of_allauth_is_there(up: Running, provider: OpenIdProvider) -> None:
    arrives(up, provider, "looker", "series admins")
    browser = Browser(up)
    browser.sign_in()
    for path in ("/accounts/login", "/accounts/signup", "/signup", "/password/reset", "/social/signup", "/email"):
        assert browser.page(path).status_code == 404, path
    assert browser.post(f"{browser.base}/integrations/sign-on/login", timeout=30).status_code in (403, 405)
    index = browser.page("/admin/").text
    assert "sign_on/openidaccount" in index
    for app in ("socialaccount", "/admin/account/"):
        assert app not in index


def test_signing_out_and_the_password_go_on_as_ever(up: Running, provider: OpenIdProvider) -> None:
    browser = arrives(up, provider, "goer", "family")
    browser.page("/")
    assert "You are signed out." in browser.fill_in("/logout").text
    assert browser.who()["authenticated"] is False
    up.login("admin", PASSWORD)


def test_tries_are_counted(up: Running, provider: OpenIdProvider) -> None:
    browser = Browser(up)
    codes = [browser.page("/integrations/sign-on/callback?state=x&code=x").status_code for _ in range(21)]
    assert codes == [403] * 20 + [429]


def test_the_admin_tests_the_provider(up: Running, provider: OpenIdProvider) -> None:
    browser = Browser(up)
    browser.sign_in()
    page = browser.page("/admin/sign_on/openidaccount/")
    assert "The House is configured" in page.text
    assert f"{browser.base}/integrations/sign-on/callback" in page.text
    provider.be("x")
    good = browser.fill_in("/admin/sign_on/openidaccount/test/").text
    assert "The provider describes itself" in good
    assert "1 key of the provider can be read." in good
    provider.faults.description = {"id_token_signing_alg_values_supported": ["HS256"], "scopes_supported": ["openid"]}
    poor = browser.fill_in("/admin/sign_on/openidaccount/test/").text
    assert "It signs with HS256 alone" in poor
    assert "profile, email" in poor
    provider.faults.description = {"issuer": "https://other.example"}
    assert (
        "The provider calls itself https://other.example" in browser.fill_in("/admin/sign_on/openidaccount/test/").text
    )
    # No member may say which account is which user, nor ask.
    member = arrives(up, provider, "onlooker", "family")
    member.page("/")
    assert member.page("/admin/sign_on/openidaccount/", allow_redirects=False).status_code in (302, 403)


def test_the_changes_are_written_down(up: Running, provider: OpenIdProvider) -> None:
    arrives(up, provider, "noted", "family")
    arrives(up, provider, "noted", "root")
    told_of = up.rows("SELECT action, subject, changes FROM audit_change")
    assert ("first sign-in by OpenID", "user noted", '{"role": [null, "member"]}') in told_of
    assert ("role by OpenID", "user noted", '{"role": ["member", "administrator"]}') in told_of
    provider.be("noted", preferred_username="noted", **roles("root"))
    for name, value in next(iter(WRONG.values())).items():
        setattr(provider.faults, name, value)
    assert Browser(up).sign_on().status_code == 403
    log = (up.data_dir / "logs" / "app.log").read_text()
    assert "A sign-in at the OpenID provider failed" in log
    assert SECRET not in log


def test_the_callback_query_holds_no_more_than_the_protocol(up: Running, provider: OpenIdProvider) -> None:
    """Parameters of the address that begins a sign-in reach the provider neither as scope nor otherwise."""
    provider.be("adder", preferred_username="adder", **roles("family"))
    query = "?scope=offline_access&auth_params=prompt%3Dnone&process=connect"
    answer = Browser(up).page(f"/integrations/sign-on/login{query}", allow_redirects=False)
    sent = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}
    expected = {"client_id", "redirect_uri", "scope", "response_type", "state", "nonce"}
    assert set(sent) == expected | {"code_challenge", "code_challenge_method"}
    assert "offline_access" not in sent["scope"]
