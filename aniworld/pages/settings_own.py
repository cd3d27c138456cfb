"""The settings that everybody has: looks and language, the password, where one is signed in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings as django_settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_post_parameters

from aniworld.accounts import passwords, sessions, signing_in
from aniworld.accounts.api import preferences_of
from aniworld.accounts.authentication import user_of
from aniworld.accounts.models import Preferences, Token
from aniworld.accounts.schemas import CHECK_INTERVALS
from aniworld.pages.access import members
from aniworld.pages.settings import VIA, Fieldset, show
from aniworld.refusals import Refused, SlowDown

LONGEST_PASSWORD = 1024
_MOST_SHOWN = 100


def _interval(minutes: int) -> str:
    for size, one, many in (
        (1440, _("Every day"), _("Every %d days")),
        (60, _("Every hour"), _("Every %d hours")),
        (1, _("Every minute"), _("Every %d minutes")),
    ):
        if minutes >= size:
            return one if minutes == size else many % (minutes // size)
    return str(minutes)


def _words_of(name: str) -> list[tuple[str, Any]]:
    field: Any = Preferences._meta.get_field(name)
    return list(field.choices)


class PreferencesForm(forms.ModelForm):  # type: ignore[type-arg]  # no generic at run time
    """What a user prefers."""

    class Meta:
        model = Preferences
        fields = ("theme", "density", "language", "library_view", "shortcuts", "check_interval")
        labels = {
            "theme": gettext_lazy("Colours"),
            "density": gettext_lazy("Density"),
            "language": gettext_lazy("Language"),
            "library_view": gettext_lazy("Library"),
            "shortcuts": gettext_lazy("Keyboard shortcuts"),
            "check_interval": gettext_lazy("Providers are checked"),
        }
        help_texts = {
            "theme": gettext_lazy("Automatic follows the system."),
            "density": gettext_lazy("Compact shows more rows at once."),
            "language": gettext_lazy("Of these pages; the languages of episodes are part of the configuration."),
            "library_view": gettext_lazy("Posters, or a table with more in it."),
            "shortcuts": gettext_lazy("The key “?” shows them."),
            "check_interval": gettext_lazy("The shortest interval that anybody asks for counts."),
        }

    def __init__(self, data: Any, row: Preferences) -> None:
        super().__init__(data, instance=row, label_suffix="")
        languages = [("", _("As the site or the browser has it")), *django_settings.LANGUAGES]
        intervals = [("", _("As each provider has it")), *((one, _interval(one)) for one in CHECK_INTERVALS)]
        self.fields["language"] = self._choice("language", languages)
        self.fields["check_interval"] = self._choice("check_interval", intervals)
        for name in ("theme", "density", "library_view"):
            self.fields[name] = self._choice(name, [(one, capfirst(words)) for one, words in _words_of(name)])
        self.fields["shortcuts"].widget.attrs["class"] = "switch"

    def _choice(self, name: str, choices: list[Any]) -> forms.Field:
        texts: dict[str, Any] = {"label": self.fields[name].label, "help_text": self.fields[name].help_text}
        kept = getattr(self.instance, name)
        is_known = kept in [None, "", *(one for one, _words in choices)]
        known = [*choices, *([] if is_known else [(kept, kept)])]
        widget = forms.Select(attrs={"class": "input"})
        kind = int if name == "check_interval" else str
        empty = None if name == "check_interval" else ""
        is_needed = "" not in [one for one, _words in choices]
        return forms.TypedChoiceField(
            choices=known, coerce=kind, empty_value=empty, required=is_needed, widget=widget, **texts
        )


@members
def appearance(request: HttpRequest) -> HttpResponse:
    """Looks, language and the like."""
    row = preferences_of(user_of(request))
    form = PreferencesForm(request.POST if request.method == "POST" else None, row)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(reverse("settings"))
    wrong = [field for field in form if field.errors]
    context = {"form": form, "fieldsets": [Fieldset("", list(form))], "wrong": wrong, "title": _("Appearance")}
    return show(request, "settings_own", context, status=422 if wrong else 200)


def _account(request: HttpRequest, *, errors: Any = None, typed: Any = None, status: int = 200) -> HttpResponse:
    user = user_of(request)
    here = request.session.session_key
    context = {
        "title": _("Account"),
        "errors": errors or {},
        "typed": typed or {},
        "browsers": [(row, row.pk == here) for row in sessions.live(user)[:_MOST_SHOWN]],
        "tokens": signing_in.live_tokens(user)[:_MOST_SHOWN],
    }
    return show(request, "settings_account", context, status=status)


@sensitive_post_parameters()
@members
def account(request: HttpRequest) -> HttpResponse:
    """The password, and where the user is signed in."""
    if request.method != "POST":
        return _account(request)
    user = user_of(request)
    typed = {name: request.POST.get(name, "")[:LONGEST_PASSWORD] for name in ("present", "new", "again")}
    errors: dict[str, list[str]] = {}
    if typed["new"] != typed["again"]:
        errors["again"] = [_("The two passwords differ.")]
    try:
        if errors:
            passwords.demand(user, typed["present"], typed["new"])
        else:
            passwords.change(user, typed["present"], typed["new"], via=VIA)
    except ValidationError as error:
        errors |= error.message_dict
    except Refused as refusal:
        response = _account(request, errors={"all": [str(refusal)]}, typed=typed, status=refusal.status)
        if isinstance(refusal, SlowDown):
            response["Retry-After"] = str(refusal.retry_after)
        return response
    if errors:
        return _account(request, errors=errors, typed=typed, status=422)
    update_session_auth_hash(request, user)
    messages.success(request, _("Your password is changed. Every other session has ended."))
    return HttpResponseRedirect(reverse("settings-account"))


@members
def end_session(request: HttpRequest) -> HttpResponse:
    """Ends one session or token of the user, or all the others."""
    user = user_of(request)
    if request.method == "POST":
        ended = _ended(request, request.POST.get("token", ""), request.POST.get("browser", ""))
        text = ngettext("%d session has ended.", "%d sessions have ended.", ended) % ended
        messages.success(request, text if ended else _("It had ended already."))
        user.refresh_from_db()
    return HttpResponseRedirect(reverse("settings-account"))


def _ended(request: HttpRequest, token: str, browser: str) -> int:
    user, here = user_of(request), request.session.session_key
    if token.isascii() and token.isdigit() and len(token) < 19:
        found = Token.objects.filter(pk=int(token), user=user).first()
        return int(bool(found and found.revoke()))
    others = sessions.live(user).exclude(pk=here)
    if browser:
        return int(others.filter(handle=browser[:40]).delete()[0])
    tokens = sum(one.revoke() for one in signing_in.live_tokens(user))
    return int(others.delete()[0]) + tokens
