"""Variables of single sign-on: off without them, one line for what makes no sense, no need of the extra."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path

import pytest

from aniworld import environment_sign_on as sign_on
from aniworld.environment import ROOT, WrongValue
from aniworld.environment_sign_on import Role, Rule

ISSUER = {"OIDC_ISSUER": "https://auth.example.org", "OIDC_CLIENT_ID": "aniworld"}
PROXY = {"AUTH_PROXY_HEADER": "Remote-User", "AUTH_PROXY_GROUPS_HEADER": "Remote-Groups"}
TRUSTED = [ip_network("10.0.0.0/8")]
has_extra = pytest.mark.skipif(importlib.util.find_spec("allauth") is None, reason="make test installs what this needs")


def given(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_both_are_off_without_their_variables() -> None:
    assert sign_on.openid_provider() is None
    assert sign_on.proxy_header(TRUSTED) is None
    assert sign_on.applications(None) == sign_on.middleware(None) == []


@has_extra
def test_groups_may_have_blanks_and_the_secret_may_be_in_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("hush\n")
    values = {"OIDC_ADMIN_VALUES": "series admins, root", "OIDC_CLIENT_SECRET_FILE": str(tmp_path / "secret")}
    given(monkeypatch, {**ISSUER, **values, "OIDC_SCOPES": "groups"})
    found = sign_on.openid_provider()
    assert found
    assert found.rule.administrators == {"series admins", "root"}
    assert (found.scopes, found.client_secret) == (("openid", "groups"), "hush")
    assert "hush" not in repr(found)


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"OIDC_ISSUER": "auth.example.org"}, "OIDC_ISSUER='auth.example.org' is not usable: allowed is an address"),
        ({"OIDC_ISSUER": "https://auth.example.org?x=1"}, "allowed is an address"),
        ({"OIDC_ISSUER": "https://me:pw@auth.example.org"}, "allowed is an address"),
        ({"OIDC_ADMIN_VALUES": "admins"}, "OIDC_ADMIN_VALUES='admins' is not usable: it needs OIDC_ISSUER"),
        ({"OIDC_CLIENT_SECRET": "hush"}, "OIDC_CLIENT_SECRET='***' is not usable: it needs OIDC_ISSUER"),
        pytest.param({"OIDC_ISSUER": "https://auth.example.org"}, "OIDC_CLIENT_ID='' is not usable", marks=has_extra),
        pytest.param({**ISSUER, "OIDC_AUTO_CREATE": "perhaps"}, "allowed are on, true", marks=has_extra),
    ],
)
def test_what_makes_no_sense_of_a_provider_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], told: str
) -> None:
    given(monkeypatch, variables)
    with pytest.raises(WrongValue, match="is not usable") as error:
        sign_on.openid_provider()
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"AUTH_PROXY_HEADER": "X-Forwarded-For"}, "the name of a header of its own"),
        ({"AUTH_PROXY_HEADER": "Remote User"}, "the name of a header of its own"),
        ({"AUTH_PROXY_LOGOUT_URL": "https://x"}, "it needs AUTH_PROXY_HEADER"),
        ({"AUTH_PROXY_HEADER": "Remote-User", "AUTH_PROXY_ADMIN_GROUPS": "a"}, "it needs AUTH_PROXY_GROUPS_HEADER"),
        ({**PROXY, "AUTH_PROXY_GROUPS_HEADER": "remote-user"}, "it is AUTH_PROXY_HEADER already"),
        ({**PROXY, "AUTH_PROXY_LOGOUT_URL": "javascript:alert(1)"}, "allowed is an address"),
    ],
)
def test_what_makes_no_sense_of_a_proxy_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], told: str
) -> None:
    given(monkeypatch, variables)
    with pytest.raises(WrongValue, match="is not usable") as error:
        sign_on.proxy_header(TRUSTED)
    assert told in str(error.value)


def test_a_header_without_a_trusted_proxy_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, PROXY)
    with pytest.raises(WrongValue, match="TRUSTED_PROXIES has to name the proxy"):
        sign_on.proxy_header([])
    assert sign_on.proxy_header(TRUSTED)


def test_a_rule_tells_the_role() -> None:
    both = Rule(frozenset({"root"}), frozenset({"family"}))
    assert [both.role(values) for values in (["root"], ["family", "root"], ["family"], [], ["Root"])] == [
        *(Role.ADMINISTRATOR, Role.ADMINISTRATOR, Role.MEMBER, None, None)
    ]
    assert Rule().role([]) == Rule(administrators=frozenset({"root"})).role(["x"]) == Role.MEMBER


@pytest.mark.parametrize(
    ("variables", "told"), [({}, ""), (ISSUER, "first run .venv/bin/pip install -r requirements-oidc.txt")]
)
def test_it_starts_without_the_extra_and_says_when_it_is_missing(
    tmp_path: Path, variables: dict[str, str], told: str
) -> None:
    hiding = "import sys\nfor name in ('allauth', 'jwt'):\n    sys.modules[name] = None\n"
    (tmp_path / "sitecustomize.py").write_text(hiding)
    paths = {"PYTHONPATH": str(tmp_path), "DATA_DIR": str(tmp_path / "data"), "ANIWORLD_PAGES": "on"}
    command = [sys.executable, str(ROOT / "manage.py"), "check"]
    environment = {**os.environ, **paths, **variables}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode != 0) == bool(told)
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not told or len(ended.stderr.strip().splitlines()) == 1
