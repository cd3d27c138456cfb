"""Nobody gets further in the admin than an administrator let them, and the log says what was done to whom."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from aniworld.accounts import roles
from aniworld.accounts.models import Token, User
from aniworld.audit.models import Change
from tests.aniworld.people import PASSWORD, signed_in, user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_passwords")]

USERS = "admin:accounts_user_changelist"
NEW = "another good battery"


def browser(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def clerk() -> User:
    """Staff with every right on users and groups, and no administrator."""
    person = User.objects.create(username="clerk", is_staff=True)
    names = [f"{verb}_{model}" for verb in ("view", "add", "change", "delete") for model in ("user", "group")]
    person.user_permissions.add(*Permission.objects.filter(codename__in=names))
    return person


def act(client: Client, action: str, *people: User) -> Any:
    chosen = {"action": action, "confirmed": "yes", "_selected_action": [one.pk for one in people]}
    return client.post(reverse(USERS), chosen)


def form_of(person: User, **values: Any) -> dict[str, Any]:
    joined = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    return {"username": person.username, "is_active": "on", **joined, **values}


def save(client: Client, person: User, **values: Any) -> Any:
    return client.post(reverse("admin:accounts_user_change", args=[person.pk]), form_of(person, **values))


def test_a_clerk_makes_nobody_an_administrator(clerk: User) -> None:
    member, client = user("mia", staff=False), browser(clerk)
    every = [str(pk) for pk in Permission.objects.values_list("pk", flat=True)]
    for person in (clerk, member):
        save(client, person, is_staff="on", is_superuser="on", user_permissions=every, groups=[roles.members().pk])
        act(client, "to_administrator", person)
    assert not User.objects.filter(is_superuser=True).exists()
    assert not User.objects.get(pk=member.pk).is_staff
    assert not User.objects.get(pk=member.pk).user_permissions.exists()
    assert User.objects.get(pk=clerk.pk).user_permissions.count() == 8
    assert not User.objects.get(pk=clerk.pk).groups.exists()


def test_a_clerk_touches_no_other_staff(clerk: User) -> None:
    boss, client = user("boss"), browser(clerk)
    password = reverse("admin:auth_user_password_change", args=[boss.pk])
    fields = {"password1": NEW, "password2": NEW, "usable_password": "true"}
    assert client.post(password, fields).status_code == 403
    assert save(client, boss, email="clerk@example.org").status_code == 403
    client.post(reverse("admin:accounts_user_delete", args=[boss.pk]), {"post": "yes"})
    client.post(reverse(USERS), {"action": "delete_selected", "post": "yes", "_selected_action": [boss.pk]})
    for action in ("deactivate", "to_member"):
        act(client, action, boss)
    found = User.objects.get(pk=boss.pk)
    assert (found.is_superuser, found.is_active, found.email) == (True, True, "")
    assert found.check_password(PASSWORD)


def test_a_clerk_looks_after_members(clerk: User) -> None:
    member, client = user("mia", staff=False), browser(clerk)
    assert save(client, member, email="mia@example.org").status_code == 302
    assert User.objects.get(pk=member.pk).email == "mia@example.org"
    act(client, "deactivate", member)
    assert not User.objects.get(pk=member.pk).is_active


def test_rights_of_groups_are_given_by_administrators_alone(clerk: User) -> None:
    group, client = Group.objects.create(name="Clerks"), browser(clerk)
    rights = [Permission.objects.get(codename="change_configuration").pk]
    address = reverse("admin:auth_group_change", args=[group.pk])
    assert client.get(address).status_code == 200
    assert client.post(address, {"name": "Clerks", "permissions": rights}).status_code == 403
    assert client.post(reverse("admin:auth_group_add"), {"name": "x", "permissions": rights}).status_code == 403
    assert client.post(reverse("admin:auth_group_delete", args=[group.pk]), {"post": "yes"}).status_code == 403
    assert browser(user()).post(address, {"name": "Clerks", "permissions": rights}).status_code == 302
    assert group.permissions.count() == 1


def test_an_administrator_stays_one_on_the_own_page() -> None:
    admin = user()
    client = browser(admin)
    client.post(reverse("admin:accounts_user_change", args=[admin.pk]), {"username": "admin", "email": "a@b.org"})
    client.post(reverse("admin:accounts_user_delete", args=[admin.pk]), {"post": "yes"})
    client.post(reverse(USERS), {"action": "delete_selected", "post": "yes", "_selected_action": [admin.pk]})
    found = User.objects.get(pk=admin.pk)
    assert (found.is_active, found.is_staff, found.is_superuser) == (True, True, True)


def test_who_was_deactivated_has_to_sign_in_again_afterwards() -> None:
    anna, client = user("anna", staff=False), browser(user())
    phone, at_home = signed_in(anna), browser(anna)
    act(client, "deactivate", anna)
    act(client, "activate", anna)
    assert phone.call("get", "/api/auth/preferences").status_code == 401
    assert at_home.get("/api/auth/preferences").status_code == 401
    assert not Token.objects.filter(user=anna, is_active=True).exists()


def test_the_log_names_who_was_changed_and_how() -> None:
    admin, anna, done = user(), user("anna"), user("done", staff=False)
    act(browser(admin), "to_member", admin, anna, done)
    change = Change.objects.get()
    assert change.subject == "users anna, done"
    assert change.changes == {"anna: is_staff": [True, False], "anna: is_superuser": [True, False]}
    act(browser(admin), "deactivate", anna)
    assert Change.objects.first().changes == {"is_active": [True, False]}  # type: ignore[union-attr]  # it is there


def test_a_password_given_by_an_administrator_is_written_down() -> None:
    anna, client = user("anna", staff=False), browser(user())
    fields = {"password1": NEW, "password2": NEW, "usable_password": "true"}
    assert client.post(reverse("admin:auth_user_password_change", args=[anna.pk]), fields).status_code == 302
    assert User.objects.get(pk=anna.pk).check_password(NEW)
    change = Change.objects.get()
    assert (change.by, change.action, change.subject) == ("admin", "changed the password", "user anna")
    wrong = {**fields, "password2": "x"}
    client.post(reverse("admin:auth_user_password_change", args=[anna.pk]), wrong)
    assert Change.objects.count() == 1
