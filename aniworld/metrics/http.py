"""Counts and times the requests of this web process, by the route's template, so that no address makes a new series."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from prometheus_client import CollectorRegistry, Counter, Histogram

logger = logging.getLogger(__name__)

# A process has one; the numbers begin anew with it, which Prometheus expects of counters.
REGISTRY = CollectorRegistry()
_LABELS = ("method", "route")
_REQUESTS = Counter(
    "aniworld_http_requests",
    "Requests answered by this web process, by the route's template and status",
    (*_LABELS, "status"),
    registry=REGISTRY,
)
_SECONDS = Histogram(
    "aniworld_http_request_duration_seconds",
    "Time until the answer of this web process began",
    _LABELS,
    registry=REGISTRY,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_REGULAR = re.compile(r"\(\?:[^()]*\)\??|[\^$]|\\Z")


class Meter:
    """The outermost middleware, so that nothing is left out."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Lets the request through, and notes how long it took."""
        began = time.perf_counter()
        response = self.get_response(request)
        labels = (request.method if request.method in _METHODS else "other", route_of(request))
        seconds = time.perf_counter() - began
        logger.debug("%s %s answered %d in %d ms", *labels, response.status_code, 1000 * seconds)
        _SECONDS.labels(*labels).observe(seconds)
        _REQUESTS.labels(*labels, str(response.status_code)).inc()
        return response


def route_of(request: HttpRequest) -> str:
    """The template of the address, such as `/api/queue/<item_id>`; `unmatched` for what nothing knows."""
    match = request.resolver_match
    if match is None:
        return "static" if request.path.startswith(settings.STATIC_URL) else "unmatched"
    return "/" + _REGULAR.sub("", match.route or "").lstrip("/")
