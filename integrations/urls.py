"""What other systems call, below `/integrations/`."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path, re_path

from integrations.feeds import views as feeds

urlpatterns: list[URLPattern | URLResolver] = [
    path("torznab/", include("integrations.torznab.urls")),
    path("qbittorrent/", include("integrations.qbittorrent.urls")),
    re_path(r"^arrivals\.(?P<form>atom|rss)$", feeds.feed, name="arrivals-feed"),
]
if settings.OPENID_PROVIDER:
    # Its program is an extra, installed by whoever configures it.
    urlpatterns.append(path("sign-on/", include("integrations.sign_on.urls")))
