"""What lets a browser install the pages as an app: the manifest and the service worker."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import get_script_prefix, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control

from aniworld import __version__
from aniworld.configuration import store

_A_DAY = 86_400


def _icon(name: str, size: int, purpose: str) -> dict[str, str]:
    return {"src": static(f"img/{name}"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}


@cache_control(public=True, max_age=_A_DAY)
def manifest(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - Django's interface
    """Name, icons and shortcuts. Holds nothing private, since it is asked for without a session."""
    name = store.current().general.site_name
    told = {
        "name": name,
        "short_name": name[:12],
        "description": _("Your series, downloaded and kept in order."),
        "id": reverse("library"),
        "start_url": reverse("library"),
        "scope": get_script_prefix(),
        "display": "standalone",
        "background_color": "#0a1426",
        "theme_color": "#0a1426",
        "icons": [
            _icon("icon-192.png", 192, "any"),
            _icon("icon-512.png", 512, "any"),
            _icon("icon-maskable-512.png", 512, "maskable"),
        ],
        "shortcuts": [
            {"name": _("Queue"), "url": reverse("queue")},
            {"name": _("Add a series"), "url": reverse("add")},
        ],
    }
    return JsonResponse(told, content_type="application/manifest+json")


def worker(request: HttpRequest) -> HttpResponse:
    """The service worker, from the root so that it reaches every page; its name changes with each version."""
    context = {"version": __version__, "offline": reverse("offline"), "static_prefix": static("")}
    return render(request, "sw.js", context, content_type="text/javascript")


@cache_control(public=True, max_age=_A_DAY)
def offline(request: HttpRequest) -> HttpResponse:
    """What the service worker shows while the server can't be reached. The same for everybody."""
    return render(request, "pages/offline.html")
