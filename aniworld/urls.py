"""Every address of the product."""

from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import include, path

from aniworld import api, dashboard
from aniworld.accounts.authentication import administrator
from aniworld.live.api import status_view
from aniworld.metrics import metrics


def admin_login(request: HttpRequest) -> HttpResponse:
    """There is one way in, which counts tries: the admin's own form would not.

    Whom the admin sent here although they are signed in, the login would send back to it, for ever.
    """
    if request.user.is_authenticated and not admin.site.has_permission(request):
        raise PermissionDenied
    query = urlencode({"next": request.GET.get("next", "")})
    return HttpResponseRedirect(f"{resolve_url(settings.LOGIN_URL)}?{query}")


urlpatterns = [
    path("health", api.health_page, name="health"),
    path("metrics", metrics, name="metrics"),
    path("ws/status", status_view(administrator), name="ws-status"),
    path("admin/login/", admin_login),
    path("admin/overview/<slug:name>", admin.site.admin_view(dashboard.part), name="admin-overview"),
    path("admin/backups/", include("aniworld.backup_pages")),
    path("admin/", admin.site.urls),
    *api.urlpatterns,
    path("integrations/", include("integrations.urls")),
    path("", include("aniworld.pages.urls")),
]

handler400 = "aniworld.pages.errors.refused"
handler403 = "aniworld.pages.errors.forbidden"
handler404 = "aniworld.pages.errors.not_found"
handler500 = "aniworld.pages.errors.failed"
