"""People whom another system vouches for: who they are here, and their role, which is looked at again each time.

Whatever that system says, the last superuser who can sign in with a password keeps the rights.
"""

from __future__ import annotations

import logging
import re
from functools import lru_cache

from django.contrib.auth.hashers import is_password_usable
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from aniworld import audit
from aniworld.accounts import roles
from aniworld.accounts.models import User
from aniworld.environment_sign_on import Role, Rule
from aniworld.refusals import Forbidden

logger = logging.getLogger(__name__)
VIA = "page"
_UNFIT = re.compile(r"[^\w.@+-]+")
_LONGEST_NAME = 150


class NotLetIn(Forbidden):
    """The other system knows this person, and they are not let in here. The text says why."""

    code = "not_let_in"


class Unwelcome(PermissionDenied):
    """The same for a page: its text is shown."""


def demand_active(user: User) -> None:
    """Raises `NotLetIn` for whoever was deactivated here."""
    if not user.is_active:
        raise NotLetIn(_("This account is deactivated here. An administrator can activate it."))


def refuse_role() -> NotLetIn:
    """For whoever has none of the values that let somebody in."""
    return NotLetIn(_("None of your groups is let in here. An administrator can tell which are."))


def refuse_unknown() -> NotLetIn:
    """For whoever has no account while none is made by itself."""
    return NotLetIn(_("There is no account for you here, and none is made by itself. Ask an administrator."))


def refuse_before_setup() -> NotLetIn:
    """For whoever comes before there is anybody."""
    return NotLetIn(_("Nothing is set up here yet. The first user is made on the page that this site opens with."))


def fit_name(wanted: str) -> str:
    """A user name made of `wanted`, which may be anything."""
    return _UNFIT.sub("-", wanted).strip("-")[:_LONGEST_NAME] or "user"


def make(name: str, role: Role, source: str) -> User:
    """A new user without a password. Raises IntegrityError when the name is taken."""
    with transaction.atomic():
        user = User(username=name)
        user.set_unusable_password()
        user.save(force_insert=True)
        (roles.make_administrator if role == Role.ADMINISTRATOR else roles.make_member)(user)
        audit.record(name, VIA, f"first sign-in by {source}", f"user {name}", {"role": (None, str(role))})
    return user


def make_with_free_name(wanted: str, role: Role, source: str) -> User:
    """Like `make`, with a number behind a name that somebody has: it is never taken for the same person."""
    name = fit_name(wanted)
    for number in range(2, 1000):
        try:
            return make(name, role, source)
        except IntegrityError:
            name = f"{fit_name(wanted)[: _LONGEST_NAME - 5]}-{number}"
    raise NotLetIn(_("Too many accounts have that name."))


def apply(user: User, role: Role, rule: Rule, source: str) -> None:
    """Gives `user` the role, unless who administers is decided here, or nobody could administer any more."""
    if role == Role.ADMINISTRATOR:
        if not (user.is_staff and user.is_superuser):
            _turn(user, role, source)
    elif rule.names_administrators and (user.is_staff or user.is_superuser):
        _turn(user, role, source)


def _turn(user: User, role: Role, source: str) -> None:
    if role == Role.MEMBER and _is_needed(user, list(_heads())):
        # A proxy says so with every request: that is no reason to lock each time.
        _tell_of_last(user.get_username(), source)
        return
    with transaction.atomic():
        # Locked, so that of two administrators who are turned at once one finds the other gone.
        if role == Role.MEMBER and _is_needed(user, list(_heads().select_for_update())):
            return
        old = Role.ADMINISTRATOR if user.is_superuser else Role.MEMBER
        (roles.make_administrator if role == Role.ADMINISTRATOR else roles.make_member)(user)
        audit.record("", VIA, f"role by {source}", f"user {user.get_username()}", {"role": (str(old), str(role))})


def _heads() -> QuerySet[User]:
    return User.objects.filter(is_superuser=True, is_active=True).order_by("pk")


@lru_cache(maxsize=100)
def _tell_of_last(name: str, source: str) -> None:
    """Once for each process."""
    logger.warning("%s stays an administrator, whatever %s says: nobody else could administer", name, source)


def _is_needed(user: User, heads: list[User]) -> bool:
    """Whether nobody else administers, or nobody else who needs no other system to sign in."""
    others = [head for head in heads if head.pk != user.pk]
    if is_password_usable(user.password):
        others = [head for head in others if is_password_usable(head.password)]
    return any(head.pk == user.pk for head in heads) and not others
