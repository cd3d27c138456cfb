"""HTTPS behind a reverse proxy: whose word counts on how a request came, and who is sent to HTTPS."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponsePermanentRedirect
from django.middleware.security import SecurityMiddleware

from aniworld.accounts.addresses import is_direct, is_from_trusted_proxy

# Whoever reads them believes them, so they come from trusted proxies or not at all.
_CLAIMS = ("HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT")


class Security(SecurityMiddleware):
    """Django's, for requests whose forwarded headers come from `TRUSTED_PROXIES`; all others lose those headers.

    This machine's own requests, those through no proxy, are not sent to HTTPS: nothing here would answer them there.
    """

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        """The way to HTTPS, for whoever came without."""
        if is_direct(request):
            return None
        if not is_from_trusted_proxy(request):
            for name in _CLAIMS:
                request.META.pop(name, None)
        return super().process_request(request)
