"""What other systems call, below `/integrations/`."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("torznab/", include("integrations.torznab.urls")),
    path("qbittorrent/", include("integrations.qbittorrent.urls")),
]
