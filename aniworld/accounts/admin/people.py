"""Users and groups. Who is no administrator never makes one, nor touches other staff."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as PlainGroupAdmin
from django.contrib.auth.admin import UserAdmin as PlainUserAdmin
from django.contrib.auth.models import Group
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from aniworld.accounts import roles
from aniworld.accounts.models import User
from aniworld.admin_pages.confirming import confirmed
from aniworld.admin_pages.links import named, to_list
from aniworld.admin_pages.pages import Page
from aniworld.audit.recording import Recorded
from aniworld.templatetags.quantities import ago

admin.site.unregister(Group)

_CHANGE = ("change",)
_RULE = ("rule",)
_STANDING = ("is_active", "is_staff", "is_superuser")
_RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")


@admin.register(User)
class UserAdmin(Recorded, PlainUserAdmin, Page):  # type: ignore[type-arg]  # no generic at run time
    about = _(
        "Who may sign in. An administrator may do everything; a member uses queue and favourites. "
        "A user who leaves is better deactivated than deleted. Staff is what pages and API call an administrator."
    )
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "role", "email", "active", "seen", "since", "related")
    list_filter = ("is_active", "is_staff", "groups")
    date_hierarchy = "date_joined"
    told_fields = _STANDING
    actions = ("to_member", "to_administrator", "deactivate", "activate")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        rows: QuerySet[User] = super().get_queryset(request)
        return rows.prefetch_related("groups")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Of other staff only administrators."""
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Likewise; and nobody removes themselves."""
        is_self = obj is not None and obj.pk == request.user.pk
        return super().has_delete_permission(request, obj) and _may_touch(request, obj) and not is_self

    def has_rule_permission(self, request: HttpRequest) -> bool:
        """Rights are given and taken by administrators alone: what actions with `permissions=["rule"]` ask."""
        return bool(request.user.is_superuser)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Who gives themselves no rights keeps theirs, too: nobody locks themselves out."""
        own = _STANDING if obj is not None and obj.pk == request.user.pk else ()
        rights = () if request.user.is_superuser else _RIGHTS
        return (*super().get_readonly_fields(request, obj), *dict.fromkeys((*own, *rights)))

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Django's, written down."""
        answer: HttpResponse = super().user_change_password(request, id, form_url)
        if request.method == "POST" and isinstance(answer, HttpResponseRedirect):
            self._record(request, "changed the password", self._subject(self.get_object(request, id)), {})
        return answer

    @display(description=_("role"), label={"administrator": "danger", "member": "info", "other": "warning"})
    def role(self, user: User) -> tuple[str, str]:
        if user.is_superuser:
            return "administrator", gettext("administrator")
        names = [group.name for group in user.groups.all()]
        if names in ([], [roles.MEMBERS]) and not user.is_staff:
            return "member", gettext("member")
        return "other", ", ".join(names) or gettext("admin without rights")

    @display(description=_("may sign in"), boolean=True, ordering="is_active")
    def active(self, user: User) -> bool:
        return user.is_active

    @display(description=_("last signed in"), ordering="last_login")
    def seen(self, user: User) -> str:
        return ago(user.last_login)

    @display(description=_("since"), ordering="date_joined")
    def since(self, user: User) -> str:
        return ago(user.date_joined)

    @display(description=_("shows"))
    def related(self, user: User) -> SafeString:
        return named(
            to_list("accounts_token", gettext("Sign-ins"), user__id__exact=user.pk),
            to_list("accounts_apikey", gettext("Keys"), user__id__exact=user.pk),
            to_list("library_favorite", gettext("Favourites"), user__id__exact=user.pk),
        )

    @admin.action(description=_("Make members"), permissions=_RULE)
    @confirmed(_("They lose the rights of an administrator, and the admin with them."))
    def to_member(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        self.for_each(request, self._others(request, rows), roles.make_member, _changed)

    @admin.action(description=_("Make administrators"), permissions=_RULE)
    @confirmed(_("An administrator may do everything here, and change or remove you as well."))
    def to_administrator(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        self.for_each(request, rows, roles.make_administrator, _changed)

    @admin.action(description=_("Deactivate: may not sign in any more"), permissions=_CHANGE)
    @confirmed(_("Their sign-ins end at once. Favourites and history stay."))
    def deactivate(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        self.for_each(request, self._others(request, rows), User.deactivate, _changed)

    @admin.action(description=_("Activate"), permissions=_CHANGE)
    def activate(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        self.for_each(request, self._others(request, rows), User.activate, _changed)

    def _others(self, request: HttpRequest, rows: QuerySet[User]) -> QuerySet[User]:
        """Those who may be touched, without who asks."""
        left = Q(pk=request.user.pk or 0) if request.user.is_superuser else Q(is_staff=True)
        if rows.filter(pk=request.user.pk or 0).exists():
            self.message_user(request, gettext("You are left as you are."), messages.WARNING)
        elif rows.filter(left).exists():
            self.message_user(request, gettext("Staff is left to administrators."), messages.WARNING)
        return rows.exclude(left)


@admin.register(Group)
class GroupAdmin(Recorded, PlainGroupAdmin, Page):
    about = _(
        "What users of a group may do in the admin. The rights of “Members” are put right at each start: "
        "make a group of your own for others."
    )
    list_display = ("name", "users", "rights")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Rights are given by administrators alone."""
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Likewise."""
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Likewise."""
        return bool(request.user.is_superuser)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        rows: QuerySet[Group] = super().get_queryset(request)
        return rows.annotate(n_users=Count("user", distinct=True), n_rights=Count("permissions", distinct=True))

    @display(description=_("users"), ordering="n_users")
    def users(self, group: Any) -> SafeString:
        return to_list("accounts_user", group.n_users, groups__id__exact=group.pk)

    @display(description=_("rights"), ordering="n_rights")
    def rights(self, group: Any) -> int:
        return int(group.n_rights)


def _may_touch(request: HttpRequest, person: Any) -> bool:
    """Administrators may touch everybody; others themselves, and who is no staff."""
    return bool(request.user.is_superuser or person is None or not person.is_staff or person.pk == request.user.pk)


def _changed(count: int) -> str:
    return ngettext("%d was changed.", "%d were changed.", count) % count
