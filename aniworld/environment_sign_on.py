"""What the environment says of people whom another system vouches for: an OpenID provider, or a reverse proxy.

Both are off until they are named. What makes no sense together stops the start, as a wrong value does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.util import find_spec

from aniworld import environment, environment_values

_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
# Whoever may write these does so for another reason, and clients write them themselves.
_NOT_FOR_NAMES = frozenset(
    [
        "accept",
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "cookie",
        "forwarded",
        "host",
        "origin",
        "referer",
        "upgrade",
        "user-agent",
        "via",
        "x-api-key",
        "x-csrftoken",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-port",
        "x-forwarded-proto",
        "x-real-ip",
    ]
)
_OIDC_REST = (
    *("OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "OIDC_NAME", "OIDC_SCOPES", "OIDC_ROLE_CLAIM"),
    *("OIDC_ADMIN_VALUES", "OIDC_MEMBER_VALUES", "OIDC_AUTO_CREATE"),
)
_PROXY_REST = (
    *("AUTH_PROXY_GROUPS_HEADER", "AUTH_PROXY_ADMIN_GROUPS", "AUTH_PROXY_MEMBER_GROUPS"),
    *("AUTH_PROXY_AUTO_CREATE", "AUTH_PROXY_LOGOUT_URL"),
)


class Role(StrEnum):
    """What somebody is here."""

    ADMINISTRATOR = "administrator"
    MEMBER = "member"


@dataclass(frozen=True)
class Rule:
    """Which values of a claim or of a header of groups make an administrator, and which a member."""

    administrators: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()

    @property
    def names_administrators(self) -> bool:
        """Whether the other system says who administers; otherwise that is decided here."""
        return bool(self.administrators)

    def role(self, values: Iterable[str]) -> Role | None:
        """The role of somebody with these values, None for whoever is not let in. Without members' values all are."""
        found = frozenset(values)
        if found & self.administrators:
            return Role.ADMINISTRATOR
        return Role.MEMBER if not self.members or found & self.members else None


@dataclass(frozen=True)
class OpenIdProvider:
    """Where people sign in by OpenID Connect. `role_claim` may lead into objects: `realm_access.roles`."""

    issuer: str
    client_id: str
    name: str
    scopes: tuple[str, ...]
    role_claim: str
    rule: Rule
    auto_create: bool
    client_secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class ProxyHeader:
    """The headers by which a trusted proxy says who asks, and which groups they are in."""

    name: str
    groups: str
    rule: Rule
    auto_create: bool
    logout_url: str


def openid_provider() -> OpenIdProvider | None:
    """The one that `OIDC_ISSUER` names; None without it."""
    issuer = environment.read(
        "OIDC_ISSUER", "", environment_values.web_address, "allowed is an address such as https://auth.example.org"
    )
    if not issuer:
        _demand_none(_OIDC_REST, "OIDC_ISSUER")
        return None
    if find_spec("allauth") is None or find_spec("jwt") is None:
        raise environment.WrongValue("OIDC_ISSUER", issuer, "first run .venv/bin/pip install -r requirements-oidc.txt")
    client_id = environment.text("OIDC_CLIENT_ID", "")
    if not client_id:
        raise environment.WrongValue(
            "OIDC_CLIENT_ID", "", "with OIDC_ISSUER the client's name at the provider is needed"
        )
    scopes = environment.words("OIDC_SCOPES", ["openid", "profile", "email"])
    return OpenIdProvider(
        issuer=issuer,
        client_id=client_id,
        client_secret=environment.text("OIDC_CLIENT_SECRET", ""),
        name=environment.text("OIDC_NAME", "OpenID")[:60],
        scopes=tuple(dict.fromkeys(["openid", *scopes])),
        role_claim=environment.text("OIDC_ROLE_CLAIM", "groups"),
        rule=Rule(_phrases("OIDC_ADMIN_VALUES"), _phrases("OIDC_MEMBER_VALUES")),
        auto_create=environment.boolean("OIDC_AUTO_CREATE", True),
    )


def proxy_header(trusted_proxies: list[environment_values.Network]) -> ProxyHeader | None:
    """The one that `AUTH_PROXY_HEADER` names; None without it."""
    allowed = "allowed is the name of a header of its own, such as Remote-User"
    name = environment.read("AUTH_PROXY_HEADER", "", _header, allowed)
    if not name:
        _demand_none(_PROXY_REST, "AUTH_PROXY_HEADER")
        return None
    if not trusted_proxies:
        raise environment.WrongValue(
            "AUTH_PROXY_HEADER", name, "TRUSTED_PROXIES has to name the proxy that may send it"
        )
    groups = environment.read("AUTH_PROXY_GROUPS_HEADER", "", _header, allowed)
    rule = Rule(_phrases("AUTH_PROXY_ADMIN_GROUPS"), _phrases("AUTH_PROXY_MEMBER_GROUPS"))
    if not groups:
        _demand_none(("AUTH_PROXY_ADMIN_GROUPS", "AUTH_PROXY_MEMBER_GROUPS"), "AUTH_PROXY_GROUPS_HEADER")
    if groups.lower() == name.lower():
        raise environment.WrongValue("AUTH_PROXY_GROUPS_HEADER", groups, "it is AUTH_PROXY_HEADER already")
    return ProxyHeader(
        name=name,
        groups=groups,
        rule=rule,
        auto_create=environment.boolean("AUTH_PROXY_AUTO_CREATE", True),
        logout_url=environment.read(
            "AUTH_PROXY_LOGOUT_URL",
            "",
            environment_values.web_address,
            "allowed is an address such as https://auth.example.org/logout",
        ),
    )


def applications(provider: OpenIdProvider | None) -> list[str]:
    """The Django apps that the provider needs."""
    return ["allauth.account", "allauth.socialaccount"] if provider else []


def middleware(provider: OpenIdProvider | None) -> list[str]:
    """What requests have to go through for these apps."""
    return ["allauth.account.middleware.AccountMiddleware"] if provider else []


def clients(provider: OpenIdProvider | None) -> Mapping[str, object]:
    """The one client that django-allauth knows, by settings alone and with PKCE."""
    if provider is None:
        return {}
    client = {
        "provider_id": "openid",
        "name": provider.name,
        "client_id": provider.client_id,
        "secret": provider.client_secret,
        "settings": {
            "server_url": provider.issuer,
            "scope": list(provider.scopes),
            "oauth_pkce_enabled": True,
            "fetch_userinfo": True,
        },
    }
    return {"openid_connect": {"APPS": [client]}}


def _phrases(name: str) -> frozenset[str]:
    """A list separated by commas alone: names of groups have blanks."""
    text = environment.text(name, "")
    return frozenset(part.strip() for part in text.split(",") if part.strip())


def _header(text: str) -> str:
    if not _HEADER.fullmatch(text) or text.lower() in _NOT_FOR_NAMES:
        raise ValueError(text)
    return text


def _demand_none(names: tuple[str, ...], missing: str) -> None:
    """What says how somebody is let in has no meaning, or one that nobody wanted, without who says so."""
    for name in names:
        value = environment.raw(name)
        if value:
            shown = "***" if name.endswith("SECRET") else value
            raise environment.WrongValue(name, shown, f"it needs {missing}")
