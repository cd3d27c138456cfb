"""Answers are sent compressed where that saves something: pages, scripts, styles, JSON; never pictures or videos."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

_WORTH_IT = ("text/", "application/json", "application/javascript", "application/manifest+json", "image/svg+xml")


class Compression(GZipMiddleware):
    """Django's, with its random padding against guessing secrets from sizes, for text only."""

    def process_request(self, request: HttpRequest) -> None:
        """A compressed answer's ETag is a weak one; who serves static files knows it without the mark only."""
        known = request.META.get("HTTP_IF_NONE_MATCH", "")
        if known.startswith('W/"'):
            request.META["HTTP_IF_NONE_MATCH"] = known[2:]

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Compresses what is worth it."""
        if not response.get("Content-Type", "").startswith(_WORTH_IT):
            return response
        return super().process_response(request, response)
