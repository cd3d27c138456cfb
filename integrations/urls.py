"""What other systems call, below `/integrations/`."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = []
if settings.OPENID_PROVIDER:
    # Its program is an extra, installed by whoever configures it.
    urlpatterns.append(path("sign-on/", include("integrations.sign_on.urls")))
