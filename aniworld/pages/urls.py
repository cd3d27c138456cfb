"""Addresses of the pages, of their parts, and of their forms."""

from django.urls import path

from aniworld.pages import (
    adding,
    covers,
    library,
    preferences,
    providers,
    queue,
    queue_actions,
    series,
    series_actions,
    session,
)

urlpatterns = [
    path("", library.index, name="library"),
    path("login", session.login, name="login"),
    path("logout", session.logout, name="logout"),
    path("setup", session.setup, name="setup"),
    path("setup/folder", session.folder, name="setup-folder"),
    path("theme", preferences.theme, name="theme"),
    path("add", adding.page, name="add"),
    path("add/series", adding.add, name="add-series"),
    path("anime/<str:key>", series.page, name="series"),
    path("anime/<str:key>/cover", covers.of_series, name="series-cover"),
    path("anime/<str:key>/download", series_actions.download, name="series-download"),
    path("anime/<str:key>/reload", series_actions.reload, name="series-reload"),
    path("anime/<str:key>/remove", series_actions.removing, name="series-remove"),
    path("covers/<str:token>", covers.of_result, name="cover"),
    path("queue", queue.page, name="queue"),
    path("queue/<slug:verb>", queue_actions.switch, name="queue-switch"),
    path("queue/items/<int:pk>/<slug:verb>", queue_actions.change, name="queue-item"),
    path("undo/<str:undo_id>", queue_actions.take_back, name="undo"),
    path("providers", providers.page, name="providers"),
    path("parts/library", library.part, name="library-part"),
    path("parts/results", adding.results, name="results-part"),
    path("parts/anime/<str:key>", series.part, name="series-part"),
    path("parts/queue", queue.part, name="queue-part"),
    path("parts/activity", queue.activity, name="activity-part"),
    path("parts/providers", providers.part, name="providers-part"),
]
