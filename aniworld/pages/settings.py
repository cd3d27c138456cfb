"""The settings: sections at the left, a form at the right. Here are those of the configuration, for administrators."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import BoundField
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_post_parameters
from pydantic import ValidationError

from aniworld.accounts.authentication import user_of
from aniworld.alerts import delivering
from aniworld.configuration import backups, store
from aniworld.configuration.forms import SECTION_TITLES, SectionForm
from aniworld.pages.access import members
from aniworld.refusals import Refused
from integrations import managers, readers

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
VIA = "page"

_TOLD_IN_LOCAL_TIME = ("_start", "_end", "cron")
# Section → title → the keys below it. What is not named here follows at the end, without a title.
_GROUPS: dict[str, tuple[tuple[Any, tuple[str, ...]], ...]] = {
    "downloads": (
        (gettext_lazy("How much at once"), ("max_concurrent_downloads", "connections_per_download", "max_retries")),
        (gettext_lazy("Language and quality"), ("language_plan", "preferred_quality", "on_existing")),
        (gettext_lazy("Bandwidth"), ("bandwidth_limit_mbps", "timed_limit")),
        (gettext_lazy("Hours"), ("window",)),
        (gettext_lazy("Slow hosts"), ("stall_seconds", "minimum_speed_kbps")),
        (gettext_lazy("Disk"), ("free_space_floor_gb",)),
    ),
    "library": (
        (gettext_lazy("Folder"), ("directory", "watch_folder")),
        (gettext_lazy("Names"), ("season_folders", "file_template", "folder_template")),
        (gettext_lazy("Beside the videos"), ("nfo_enabled", "images_enabled")),
    ),
    "integrations": (
        (gettext_lazy("Indexer"), ("torznab",)),
        (gettext_lazy("Download client"), ("qbittorrent",)),
    ),
    "notifications": (("", ("targets", "digest_minutes")), (gettext_lazy("Of what"), ("",))),
}


def administrators(view: View[P]) -> View[P]:
    """A page for administrators, which no cache keeps."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not user_of(request).is_staff:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return members(guarded)


@dataclass(frozen=True)
class Place:
    """A link of the list at the left; `in_admin`: it leads out of the settings."""

    title: Any
    address: str
    is_current: bool
    in_admin: bool


@dataclass(frozen=True)
class Fieldset:
    """Fields of a form below their title, which may be empty."""

    title: Any
    fields: list[BoundField]

    @property
    def zone(self) -> str:
        """The time zone that times of day or cron expressions among them are in; empty where there are none."""
        told = any(field.name.endswith(_TOLD_IN_LOCAL_TIME) for field in self.fields)
        return timezone.get_default_timezone_name() if told else ""


# Of the configuration, but about programs that talk to this one.
_OF_OTHERS = "integrations"
Links = list[tuple[Any, str]]


def _places(request: HttpRequest) -> list[tuple[str, list[Place]]]:
    own: Links = [(_("Appearance"), reverse("settings")), (_("Account"), reverse("settings-account"))]
    groups = [(_("Yours"), own)]
    if user_of(request).is_staff:
        groups.append((_("Configuration"), _configuration()))
        groups.append((_("Other programs"), _other_programs()))
    return [(title, [_place(name, at, request.path) for name, at in links]) for title, links in groups]


def _place(title: Any, at: str, path: str) -> Place:
    is_current = path == at or (path.startswith(f"{at}/") and at != reverse("settings"))
    return Place(title, at, is_current, in_admin=at.startswith(reverse("admin:index")))


def _section(name: str) -> tuple[Any, str]:
    return SECTION_TITLES[name], reverse("settings-section", args=[name])


def _configuration() -> Links:
    sections = [_section(name) for name in SECTION_TITLES if name != _OF_OTHERS]
    return [*sections, (_("Configuration backups"), reverse("settings-backups"))]


def _other_programs() -> Links:
    """Media servers and webhooks are entered in the admin."""
    return [
        _section(_OF_OTHERS),
        (_("Media servers"), reverse("admin:media_servers_mediaserver_changelist")),
        (_("Webhooks"), reverse("admin:webhooks_webhook_changelist")),
        (_("API keys"), reverse("settings-keys")),
        (_("Move in"), reverse("settings-move-in")),
    ]


def show(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """A page of the settings, with the list at its left."""
    return render(request, f"pages/{template}.html", {"groups": _places(request), **context}, status=status)


def who(request: HttpRequest) -> str:
    """The user's name, for the log of changes."""
    return str(user_of(request).get_username())


def _fields(form: SectionForm, section: str) -> Iterator[Fieldset]:
    """The form's fields below their titles."""
    left = list(form)
    for title, keys in _GROUPS.get(section, ()):
        here = [field for key in keys for field in left if field.name.startswith(f"{section}__{key}")]
        left = [field for field in left if field not in here]
        if here:
            yield Fieldset(title, here)
    if left:
        yield Fieldset("", left)


def answer(request: HttpRequest, section: str, form: SectionForm, **more: Any) -> HttpResponse:
    """The page of a section with its form as it is, and `more` for its template."""
    wrong = [field for field in form if field.errors] if form.is_bound else []
    context = {
        "section": section,
        "title": SECTION_TITLES[section],
        "form": form,
        "fieldsets": list(_fields(form, section)),
        "wrong": wrong,
        "is_unsaved": form.is_bound and form.has_changed(),
        "latest": backups.listed().first(),
        "addresses": managers.addresses(request) if section == "integrations" else (),
        "readers": readers.addresses(request) if section == "integrations" else (),
        **more,
    }
    return show(request, "settings_section", context, status=422 if wrong or form.errors else 200)


@sensitive_post_parameters()
@administrators
def section(request: HttpRequest, name: str) -> HttpResponse:
    """The form of one section; every error at its field, and what was typed stays."""
    if name not in SECTION_TITLES:
        raise Http404
    if request.method != "POST":
        return answer(request, name, SectionForm(name))
    form = SectionForm(name, request.POST)
    if not form.is_valid() or not _saved(request, name, form):
        return answer(request, name, form)
    return HttpResponseRedirect(reverse("settings-section", args=[name]))


def _saved(request: HttpRequest, name: str, form: SectionForm) -> bool:
    if not form.changes:
        messages.info(request, _("Nothing was changed."))
        return True
    try:
        store.change(form.changes, by=who(request), via=VIA, reason=f"settings: {name}")
    except ValidationError as error:
        # Somebody else changed something meanwhile that this does not go with.
        form.tell(error)
        return False
    count = sum(len(keys) for keys in form.changes.values())
    messages.success(request, ngettext("Saved: %d setting.", "Saved: %d settings.", count) % count)
    return True


@sensitive_post_parameters()
@administrators
def test_targets(request: HttpRequest) -> HttpResponse:
    """Sends a test message to one target, or to all; the form comes back as it was filled in."""
    if request.method != "POST":
        return HttpResponseRedirect(reverse("settings-section", args=["notifications"]))
    form = SectionForm("notifications", request.POST)
    try:
        results: list[Any] = delivering.try_out(request.POST.get("target", "")[:1000] or None)
    except Refused as refusal:
        results, problem = [], str(refusal)
    else:
        problem = ""
    return answer(request, "notifications", form, results=results, problem=problem)
