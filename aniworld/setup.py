"""The first run: one user who administers, the library folder, and whether the demo catalogue is on."""

from __future__ import annotations

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from aniworld.accounts.models import User
from aniworld.configuration import store
from aniworld.configuration.models import Configuration
from aniworld.refusals import Conflict, Invalid
from library.folder_choice import checked_folder
from providers import registry
from providers.models import Provider

DEMO_CATALOGUE = "demo"


def is_configured() -> bool:
    """Whether the first user exists."""
    return User.objects.exists()


def first_run(
    username: str, password: str, *, library_dir: str | None = None, demo: bool | None = None, via: str = "command"
) -> User:
    """Makes the first user and keeps what was chosen; None leaves it as it is.

    Raises `Conflict` once any user exists, Django's `ValidationError` with everything that is wrong, by field, and
    `Invalid` when it is only the folder that can't be used.
    """
    if is_configured():
        raise _already()
    _demand_right(problems(username, password, library_dir))
    user = _user(username)
    user.password = make_password(password)
    folder = checked_folder(library_dir) if library_dir else None
    with transaction.atomic():
        # The row's lock lets one caller at a time through; SQLite's transaction holds the write lock already.
        store.ensure_row()
        Configuration.objects.select_for_update().get(pk=1)
        if is_configured():
            raise _already()
        user.save()
        if folder:
            store.change({"library": {"directory": str(folder)}}, by=username, via=via, reason="setup")
    if demo is not None:
        _switch_demo(demo)
    return user


def problems(username: str, password: str, library_dir: str | None) -> dict[str, list[str]]:
    """All that is wrong, by field: `username`, `password`, `library_dir`. Nothing is made."""
    user, found = _user(username), {}
    try:
        user.clean_fields(exclude=["password"])
    except ValidationError as error:
        found["username"] = error.messages
    try:
        validate_password(password, user)
    except ValidationError as error:
        found["password"] = error.messages
    try:
        if library_dir:
            checked_folder(library_dir, make=False)
    except Invalid as refusal:
        found["library_dir"] = [str(refusal)]
    return found


def _demand_right(found: dict[str, list[str]]) -> None:
    if set(found) == {"library_dir"}:
        raise Invalid(found["library_dir"][0], code="library_unavailable")
    if found:
        raise ValidationError(found)


def _user(username: str) -> User:
    return User(username=User.normalize_username(username), is_staff=True, is_superuser=True)


def _switch_demo(on: bool) -> None:
    """Does nothing where the environment turned the demo off altogether."""
    registry.sync()
    for provider in Provider.objects.filter(name=DEMO_CATALOGUE):
        if on:
            provider.enable()
        else:
            provider.disable()


def _already() -> Conflict:
    return Conflict(_("It is set up already. Sign in instead."), code="already_configured")
