"""The two roles: administrators, who may do everything, and members, who may do what a group of that name may."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q

from aniworld.accounts.models import User

MEMBERS = "Members"

# App → codenames of its permissions, such as view_queueitem.
Rights = Mapping[str, Iterable[str]]


def put_in_place(rights: Rights) -> Group:
    """Gives the group of members exactly these rights, and makes it when it is missing. May be repeated."""
    wanted = Q(pk__in=[])
    for app, codenames in rights.items():
        wanted |= Q(content_type__app_label=app, codename__in=list(codenames))
    with transaction.atomic():
        group = members()
        found = set(Permission.objects.filter(wanted).values_list("pk", flat=True))
        if found != set(group.permissions.values_list("pk", flat=True)):
            group.permissions.set(found)
    return group


def members() -> Group:
    """The group, made when it is missing."""
    return Group.objects.get_or_create(name=MEMBERS)[0]


def make_member(user: User) -> None:
    """Takes the user into the group, and the rights of an administrator away."""
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(is_staff=False, is_superuser=False)
        user.groups.add(members())
    user.is_staff = user.is_superuser = False


def make_administrator(user: User) -> None:
    """Lets the user do everything."""
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
        user.groups.remove(members())
    user.is_staff = user.is_superuser = True
