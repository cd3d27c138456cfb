"""The JSON API: one root, assembled from one router per app, answering the same under `/api/` and `/api/v1/`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import include, re_path, reverse
from django.utils.translation import gettext as _
from ninja import NinjaAPI, Router, Schema, Status
from ninja.constants import NOT_SET
from ninja.errors import ValidationError, ValidationErrorContext
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import PathView
from ninja.renderers import JSONRenderer
from ninja.responses import NinjaJSONEncoder

from aniworld import __version__, api_errors, checks, setup
from aniworld.accounts import signing_in
from aniworld.accounts.addresses import address_of
from aniworld.accounts.api import router as auth_router
from aniworld.accounts.authentication import admin_only, signed_in
from aniworld.accounts.schemas import Done, Password, UserName
from aniworld.alerts.api import router as alerts_router
from aniworld.api_description import with_errors
from aniworld.api_types import Problem, Text
from aniworld.configuration.api import router as configuration_router
from aniworld.live.api import router as progress_router
from aniworld.scheduler.api import router as scheduler_router
from downloads.api import (
    calendar_router,
    failover_router,
    files_router,
    queue_router,
    series_router,
    undo_router,
    why_router,
)
from integrations.api import feeds_router, media_servers_router, webhooks_router, widget_router
from integrations.moving.api import exports_router
from integrations.moving.api import router as imports_router
from library.api import favorites_router, folder_router, metadata_router, scans_router, specials_router
from library.api import series_router as library_router
from providers.api import config_router, health_router, status_router


class UtcEncoder(NinjaJSONEncoder):
    """Times in UTC with `Z`, whatever zone they came in."""

    def default(self, o: Any) -> Any:
        """What the plain encoder cannot write."""
        return super().default(o.astimezone(UTC) if isinstance(o, datetime) and o.tzinfo else o)


class UtcRenderer(JSONRenderer):
    """JSON as the contract wants it."""

    encoder_class = UtcEncoder
    json_dumps_params = {"ensure_ascii": False}


class Api(NinjaAPI):
    """The root: errors name places as the sender wrote them, and the description the errors of every operation."""

    def validation_error_from_error_contexts(
        self, error_contexts: Sequence[ValidationErrorContext[Any]]
    ) -> ValidationError:
        """Ninja's, where `loc` lacks the name that the operation's own code has for the body."""
        errors: list[dict[str, Any]] = []
        for context in error_contexts:
            name = getattr(context.model, "__read_from_single_attr__", None)
            for error in super().validation_error_from_error_contexts([context]).errors:
                place = tuple(error["loc"])
                errors.append({**error, "loc": place[:1] + place[2:] if place[1:2] == (name,) else place})
        return ValidationError(errors)

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """Ninja's, with the errors added."""
        return with_errors(super().get_openapi_schema(**options))


api = Api(
    title="Aniworld",
    version=__version__,
    description="Series, queue, providers. Sign in with a bearer token, an API key or the browser's session.",
    renderer=UtcRenderer(),
    urls_namespace="api",
)


def joined(*routers: Router) -> Router:
    """One router of several that know different methods of the same paths; apart, only the first would be asked."""
    whole = Router()
    for router in routers:
        for path, view in router.path_operations.items():
            place = whole.path_operations.setdefault(path, PathView())
            for operation in view.clone().operations:
                if operation.auth_param is NOT_SET and router.auth is not NOT_SET:
                    operation.auth_param = router.auth
                    operation._set_auth(router.auth)
                operation.tags = operation.tags or router.tags
                place.operations.append(operation)
    return whole


api_errors.install(api)
# Several routers of one path go through `joined`; every router of the product stands here once.
api.add_router("/auth", auth_router)
api.add_router(
    "/anime",
    joined(scans_router, library_router, metadata_router, specials_router, series_router, files_router, why_router),
)
api.add_router("/favorites", favorites_router)
# Those with fixed names before the one whose paths begin with a provider's.
api.add_router("/providers/health", health_router)
api.add_router("/providers/config", config_router)
api.add_router("/providers/failover", failover_router)
api.add_router("/providers", status_router)
api.add_router("/queue", queue_router)
api.add_router("/undo", undo_router)
api.add_router("/calendar", calendar_router)
api.add_router("/imports", imports_router)
api.add_router("/exports", exports_router)
api.add_router("/scheduler", scheduler_router)
api.add_router("/integrations/media-servers", media_servers_router)
api.add_router("/integrations/webhooks", webhooks_router)
api.add_router("/integrations/feed", feeds_router)
api.add_router("/widget", widget_router)
api.add_router("/progress", progress_router, auth=signed_in)
api.add_router("/config", joined(configuration_router, folder_router, alerts_router), auth=admin_only)


class FirstRun(Schema):
    """What the first run asks for."""

    password: Password
    username: UserName = "admin"
    library_dir: Text | None = None
    demo: bool | None = None


@api.post(
    "/auth/setup", auth=None, response={201: Done, 409: Problem, 429: Problem}, tags=["auth"], operation_id="auth_setup"
)
def first_run(request: HttpRequest, body: FirstRun) -> Status[Done]:
    """Makes the first user, who administers, and keeps the library folder."""
    signing_in.count_try("setup", address_of(request))
    setup.first_run(body.username, body.password, library_dir=body.library_dir, demo=body.demo, via="api")
    return Status(201, Done())


api.post(
    "/setup",
    auth=None,
    response={201: Done, 409: Problem, 429: Problem},
    tags=["auth"],
    operation_id="setup",
    url_name="setup",
)(first_run)


@api.get("/health", auth=None, tags=["health"], response={200: dict[str, Any], 503: dict[str, Any]})
def health(request: HttpRequest) -> Status[dict[str, Any]]:
    """Whether the database answers, the workers work and there is room to download."""
    found = checks.health()
    return Status(200 if found["status"] == "healthy" else 503, found)


def health_page(request: HttpRequest) -> HttpResponse:
    """`/health`, for containers and load balancers."""
    found = checks.health()
    return JsonResponse(found, status=200 if found["status"] == "healthy" else 503)


def nothing_here(request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
    """Whatever no router knows; a person with a browser at the bare root is led to the documentation."""
    is_root = request.path_info.rstrip("/") in ("/api", "/api/v1")
    if is_root and "text/html" in request.headers.get("Accept", ""):
        return HttpResponseRedirect(reverse("api:openapi-view"))
    return api.on_exception(request, Http404(_("There is nothing at this address.")))


_patterns, _app_name, _namespace = api.urls
# The bare root stands first, because ninja's own answers with a page; whatever is unknown below it is JSON, too.
urlpatterns = [
    re_path(r"^api/(?:v1/)?$", nothing_here, name="api-unknown"),
    re_path(r"^api/(?:v1/)?", include((_patterns, _app_name), namespace=_namespace)),
    re_path(r"^api(?:/.*)?$", nothing_here, name="api-unknown"),
]
