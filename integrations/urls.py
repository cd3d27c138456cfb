"""What other systems call, below `/integrations/`."""

from django.urls import URLPattern, URLResolver, re_path

from integrations.feeds import views as feeds

urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^arrivals\.(?P<form>atom|rss)$", feeds.feed, name="arrivals-feed"),
]
