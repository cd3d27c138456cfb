"""Mounted only when a provider is configured."""

from django.urls import path

from integrations.sign_on import views

urlpatterns = [
    path("login", views.begin, name="sign-on"),
    path("callback", views.callback, name="sign-on-callback"),
]
