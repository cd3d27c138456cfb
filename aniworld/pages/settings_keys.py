"""The settings' page of API keys, for administrators. A new key is in one answer and nowhere else."""

from __future__ import annotations

from datetime import datetime, time

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aniworld.accounts import keys
from aniworld.accounts.authentication import user_of
from aniworld.accounts.models import ApiKey
from aniworld.pages.settings import VIA, administrators, show, who
from aniworld.refusals import Conflict, Invalid, Refused

_MOST_SHOWN = 200
_SCOPES = (
    (ApiKey.Scope.READ.value, gettext_lazy("Read: looks, and changes nothing")),
    (ApiKey.Scope.QUEUE.value, gettext_lazy("Queue: queues downloads and works the queue, too")),
    (ApiKey.Scope.ADMIN.value, gettext_lazy("Admin: all that you may do")),
)


class KeyForm(forms.Form):
    """A new key; without a last day it does not run out."""

    name = forms.CharField(
        max_length=100,
        label=gettext_lazy("Name"),
        help_text=gettext_lazy("What uses it, such as a script or a dashboard."),
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )
    scope = forms.ChoiceField(
        choices=_SCOPES, label=gettext_lazy("Scope"), widget=forms.Select(attrs={"class": "input"})
    )
    last_day = forms.DateField(
        required=False,
        label=gettext_lazy("Last day"),
        help_text=gettext_lazy("It opens nothing from the day after on. Empty: it does not run out."),
        widget=forms.DateInput(attrs={"class": "input", "type": "date"}, format="%Y-%m-%d"),
    )

    def ends_at(self) -> datetime | None:
        """The end of the last day, in the time zone of the site."""
        day = self.cleaned_data["last_day"]
        return timezone.make_aware(datetime.combine(day, time.max)) if day else None


def _list(request: HttpRequest, form: KeyForm, *, made: str = "", status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "keys": ApiKey.objects.select_related("user")[:_MOST_SHOWN],
        "made": made,
        "now": timezone.now(),
        "title": _("API keys"),
    }
    return show(request, "settings_keys", context, status=status)


@administrators
def page(request: HttpRequest) -> HttpResponse:
    """The list; a form sent makes a key, which this answer alone shows."""
    if request.method != "POST":
        return _list(request, KeyForm(label_suffix=""))
    form = KeyForm(request.POST, label_suffix="")
    if form.is_valid():
        name, scope = form.cleaned_data["name"], form.cleaned_data["scope"]
        try:
            _key, text = keys.make(user_of(request), name, scope, form.ends_at(), by=who(request), via=VIA)
            return _list(request, KeyForm(label_suffix=""), made=text)
        except Conflict as refusal:
            form.add_error("name", str(refusal))
        except Invalid as refusal:
            form.add_error("last_day", str(refusal))
    return _list(request, form, status=422)


@administrators
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Deletes a key; it opens nothing from then on."""
    if request.method == "POST":
        try:
            keys.delete(ApiKey.objects.filter(pk=pk).first(), by=who(request), via=VIA)
            messages.success(request, _("Deleted. It opens nothing any more."))
        except Refused as refusal:
            messages.warning(request, str(refusal))
    return HttpResponseRedirect(reverse("settings-keys"))
