"""Two roles in the admin: administrators see everything, members queue and favourites, and only their own ones."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from aniworld import rights
from aniworld.accounts import roles
from aniworld.accounts.models import User
from downloads.models import QueueItem
from library.models import Favorite
from tests.aniworld.admin_rows import item
from tests.aniworld.people import user
from tests.library.factories import make_series

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_passwords")]


@pytest.fixture
def member() -> User:
    rights.put_in_place()
    person = user("mia", staff=False)
    roles.make_member(person)
    User.objects.filter(pk=person.pk).update(is_staff=True)
    return User.objects.get(pk=person.pk)


@pytest.fixture
def client(member: User) -> Client:
    client = Client()
    client.force_login(member)
    return client


def is_member(person: User) -> bool:
    return person.groups.filter(name=roles.MEMBERS).exists()


def test_whom_the_admin_is_not_for_is_told_so_and_not_sent_round_and_round() -> None:
    client = Client()
    client.force_login(user("guest", staff=False))
    assert client.get("/admin/", follow=True).status_code == 403


def test_who_signs_in_for_the_admin_is_led_back_to_it(client: Client) -> None:
    assert client.get("/admin/login/?next=/admin/", follow=True).redirect_chain[-1] == ("/admin/", 302)


def test_the_group_gets_exactly_its_rights_however_often() -> None:
    rights.put_in_place()
    group = roles.members()
    group.permissions.add(Permission.objects.get(codename="delete_user"))
    rights.put_in_place()
    found = {f"{one.content_type.app_label}.{one.codename}" for one in group.permissions.select_related("content_type")}
    assert found == {f"{app}.{name}" for app, names in rights.OF_MEMBERS.items() for name in names}
    assert Group.objects.filter(name=roles.MEMBERS).count() == 1


def test_one_becomes_a_member_and_an_administrator() -> None:
    person = user("anna")
    roles.make_member(person)
    person = User.objects.get(pk=person.pk)
    assert not person.is_staff
    assert not person.is_superuser
    assert is_member(person)
    roles.make_administrator(person)
    person = User.objects.get(pk=person.pk)
    assert person.is_superuser
    assert not is_member(person)


def test_a_member_who_is_not_staff_stays_out() -> None:
    person = user("anna", staff=False)
    roles.make_member(person)
    client = Client()
    client.force_login(person)
    assert client.get("/admin/").status_code == 302
    assert client.get(reverse("admin-overview", args=["now"])).status_code == 302


def test_a_member_in_the_admin_sees_queue_and_favourites_only(client: Client) -> None:
    page = client.get("/admin/")
    titles = [entry["title"] for group in page.context["sidebar_navigation"] for entry in group["items"]]
    assert titles == ["Overview", "Queue items", "Favourites"]
    assert [block["name"] for block in page.context["blocks"]] == ["now"]
    assert "Free disk" not in page.content.decode()
    assert client.get(reverse("admin-overview", args=["attention"])).status_code == 404
    for closed in ("accounts_user", "library_series", "providers_provider", "audit_change", "django_q_schedule"):
        assert client.get(reverse(f"admin:{closed}_changelist")).status_code == 403


def test_a_member_uses_the_queue(client: Client) -> None:
    failed = item(status="failed", error_message="x")
    address = reverse("admin:downloads_queueitem_changelist")
    page = client.get(address).content.decode()
    assert "/admin/library/" not in page.partition('id="result_list"')[2]
    shown = client.get(reverse("admin:downloads_queueitem_change", args=[failed.pk])).content.decode()
    assert "/admin/library/series/" not in shown
    client.post(address, {"action": "retry", "_selected_action": [failed.pk]})
    assert QueueItem.objects.get().status == "pending"


def test_without_the_right_to_change_nothing_is_done(member: User) -> None:
    member.groups.clear()
    member.user_permissions.add(Permission.objects.get(codename="view_queueitem"))
    client = Client()
    client.force_login(User.objects.get(pk=member.pk))
    failed = item(status="failed")
    address = reverse("admin:downloads_queueitem_changelist")
    assert client.get(address).status_code == 200
    client.post(address, {"action": "retry", "_selected_action": [failed.pk]})
    assert QueueItem.objects.get().status == "failed"


def test_a_member_sees_and_changes_only_own_favourites(client: Client, member: User) -> None:
    others = Favorite.objects.create(user=user("anna"), series=make_series(name="Hers"))
    own = Favorite.objects.create(user=member, series=make_series(name="Mine"))
    page = client.get(reverse("admin:library_favorite_changelist")).content.decode()
    assert "Mine" in page
    assert "Hers" not in page
    assert client.get(reverse("admin:library_favorite_change", args=[others.pk])).status_code == 302
    change = reverse("admin:library_favorite_change", args=[own.pk])
    client.post(change, {"custom_title": "My own", "rating": "4", "notes": "", "user": others.user_id})
    own.refresh_from_db()
    assert own.custom_title == "My own"
    assert own.user_id == member.pk
    client.post(reverse("admin:library_favorite_delete", args=[others.pk]), {"post": "yes"})
    assert Favorite.objects.filter(pk=others.pk).exists()


def test_nobody_takes_their_own_rights_away() -> None:
    admin, other = user(), user("other")
    client = Client()
    client.force_login(admin)
    chosen = {"confirmed": "yes", "_selected_action": [admin.pk, other.pk]}
    for action in ("to_member", "deactivate"):
        client.post(reverse("admin:accounts_user_changelist"), {"action": action, **chosen})
    assert User.objects.get(pk=admin.pk).is_superuser
    assert User.objects.get(pk=admin.pk).is_active
    assert not User.objects.get(pk=other.pk).is_active
    assert is_member(other)
