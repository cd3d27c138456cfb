"""What clients of qBittorrent call, below `/integrations/qbittorrent/`."""

from django.urls import path

from integrations.qbittorrent import views

urlpatterns = [path("api/v2/<str:part>/<str:verb>", views.call, name="qbittorrent")]
