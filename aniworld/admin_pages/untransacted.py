"""For forms whose saving asks a network or a disk: no transaction may wait for those."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_protect


class WithoutTransaction(admin.ModelAdmin):  # type: ignore[type-arg]  # no generic at run time
    """The last of a page's bases: no transaction around its form. What it saves by has one of its own."""

    @method_decorator(csrf_protect)
    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """As Django's, but for that."""
        return self._changeform_view(request, object_id, form_url, extra_context)  # type: ignore[attr-defined]  # missing in the stubs
