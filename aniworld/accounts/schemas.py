"""What the account operations of the API take and answer."""

from __future__ import annotations

from typing import Annotated, Literal

from ninja import Schema
from pydantic import AfterValidator, ConfigDict, Field

from aniworld.api_types import Moment, Name, RowId, Text

CHECK_INTERVALS = (30, 60, 120, 1440, 10080, 43200)


def _offered(minutes: int) -> int:
    if minutes not in CHECK_INTERVALS:
        raise ValueError(f"allowed are {', '.join(map(str, CHECK_INTERVALS))} minutes")
    return minutes


CheckInterval = Annotated[
    int, AfterValidator(_offered), Field(description="Minutes: 30, 60, 120, 1440, 10080 or 43200.")
]
Password = Annotated[Text, Field(min_length=1, max_length=1024)]
UserName = Annotated[Name, Field(max_length=150)]


class Done(Schema):
    """It was done."""

    status: Literal["ok"] = "ok"


class Login(Schema):
    """Who wants in. Without `username` the only superuser is meant."""

    password: Password
    username: UserName | None = None


class NewPassword(Schema):
    """The own password as it is and as it shall be."""

    current_password: Password
    new_password: Password


class LoggedIn(Schema):
    """The token is told this once."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the kind, not the token
    expires_at: Moment


class AuthStatus(Schema):
    """What anybody may know."""

    configured: bool
    authenticated: bool
    username: str | None
    is_admin: bool


class SessionView(Schema):
    """One live token."""

    id: int
    prefix: str
    ip_address: str | None
    user_agent: str
    created_at: Moment
    last_activity: Moment
    expires_at: Moment
    current: bool


class PreferencesView(Schema):
    """What the user prefers."""

    theme: str
    language: str
    density: str
    library_view: str
    check_interval: int | None
    shortcuts: bool


class PreferencesChange(Schema):
    """What shall change; the rest stays."""

    model_config = ConfigDict(extra="forbid")

    theme: Literal["auto", "light", "dark"] = "auto"
    language: Literal["", "en", "de"] = ""
    density: Literal["comfortable", "compact"] = "comfortable"
    library_view: Literal["grid", "table"] = "grid"
    check_interval: CheckInterval | None = None
    shortcuts: bool = True


class NewKey(Schema):
    """A key to be made."""

    name: Annotated[Name, Field(max_length=100)]
    scope: Literal["read", "queue", "admin"] = "read"
    expires_at: Moment | None = None


class KeyView(Schema):
    """An API key without what opens."""

    id: int
    name: str
    prefix: str
    scope: str
    username: str
    expires_at: Moment | None
    last_used: Moment | None
    created_at: Moment


class KeyMade(KeyView):
    """The new key, told this once."""

    key: str


class KeyId(Schema):
    """Names a key."""

    id: RowId


class FeedOut(Schema):
    """Whether the user has a feed, and what its token begins with."""

    active: bool
    prefix: str | None
    made_at: Moment | None
    last_used: Moment | None
