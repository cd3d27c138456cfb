"""What indexers are asked, below `/integrations/torznab/`."""

from django.urls import path

from integrations.torznab import views

urlpatterns = [path("api", views.api, name="torznab"), path("api/", views.api)]
