"""Every error of the API as `{"detail", "code"}`, with nothing in it that its reader should not know."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pydantic
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as ModelInvalid
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import HttpError
from ninja.errors import ValidationError as RequestInvalid

from aniworld.refusals import Refused
from providers.exceptions import ProviderError

log = logging.getLogger(__name__)

CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    422: "invalid",
    429: "slow_down",
    500: "internal_error",
    503: "not_ready",
}
# After so many seconds it is of use to ask again while the database is away.
AWAY_SECONDS = 5
_CHALLENGE = {"WWW-Authenticate": "Bearer"}


def code_of(status: int) -> str:
    """The machine-readable name of a status that nothing more precise is known of."""
    return CODES.get(status, "refused" if status < 500 else "internal_error")


@dataclass(frozen=True)
class Answer:
    """What an error is answered with."""

    status: int
    detail: Any
    code: str
    headers: Mapping[str, str] = field(default_factory=dict)


def field_errors(errors: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Where and what, without what was sent: it may be a password."""
    return [
        {"loc": [_readable(part) for part in error.get("loc", ())], "msg": error["msg"], "type": error.get("type", "")}
        for error in errors
    ]


def _readable(part: int | str) -> int | str:
    """A name as it was sent may hold half a character, which no answer can."""
    return part.encode("utf-8", "replace").decode() if isinstance(part, str) else part


def _refused(error: Refused) -> Answer:
    headers = dict(_CHALLENGE) if error.status == 401 else {}
    retry_after = getattr(error, "retry_after", None)
    if retry_after:
        headers["Retry-After"] = str(retry_after)
    return Answer(error.status, str(error), error.code, headers)


def _http(error: HttpError) -> Answer:
    if error.status_code == 401:
        detail = _("Sign in first: a bearer token, an API key or a session is needed.")
        return Answer(401, detail, code_of(401), _CHALLENGE)
    return Answer(error.status_code, error.message, code_of(error.status_code))


def _request_invalid(error: RequestInvalid) -> Answer:
    return Answer(422, field_errors(error.errors), code_of(422))


def _value_invalid(error: pydantic.ValidationError) -> Answer:
    found = error.errors(include_input=False, include_url=False, include_context=False)
    return Answer(422, field_errors(dict(one) for one in found), code_of(422))


def _model_invalid(error: ModelInvalid) -> Answer:
    by_field = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    found = [
        {"loc": ["body", name] if name else [], "msg": text, "type": "invalid"}
        for name, texts in by_field.items()
        for text in texts
    ]
    return Answer(422, found, code_of(422))


def _not_found(_error: Http404) -> Answer:
    return Answer(404, _("There is nothing at this address."), code_of(404))


def _provider(error: ProviderError) -> Answer:
    wait = getattr(error, "retry_after", None)
    return Answer(503, str(error), error.code, {"Retry-After": str(int(wait) + 1)} if wait else {})


def _database(error: Exception) -> Answer:
    log.error("The database did not answer: %s", error)
    return Answer(503, database_away(), "database_unavailable", {"Retry-After": str(AWAY_SECONDS)})


def database_away() -> str:
    """What people are told meanwhile."""
    return _("The database does not answer. Try again.")


def not_called_so(request: HttpRequest) -> str:
    """What whoever comes by a name that is not in `ALLOWED_HOSTS` is told."""
    text = _(
        "This installation does not answer to the name %s. Whoever runs it adds that to ALLOWED_HOSTS and starts anew."
    )
    asked = str(request.META.get("HTTP_HOST", ""))
    # Without the port, which the variable must not have.
    return text % (split_domain_port(asked)[0] or asked)[:100]


def _out_of_range(error: Exception) -> Answer:
    log.warning("A value did not fit its column: %s", error)
    return Answer(422, _("A value is out of range."), code_of(422))


def _too_large(_error: Exception) -> Answer:
    return Answer(413, _("The request is too large."), code_of(413))


def _suspicious(_error: Exception) -> Answer:
    return Answer(400, _("The request makes no sense."), code_of(400))


def _unknown(error: Exception) -> Answer:
    log.error("An API operation failed", exc_info=error)
    return Answer(500, _("Something went wrong here. The log tells what."), code_of(500))


FAMILIES: dict[type[Exception], Callable[[Any], Answer]] = {
    Refused: _refused,
    HttpError: _http,
    RequestInvalid: _request_invalid,
    pydantic.ValidationError: _value_invalid,
    ModelInvalid: _model_invalid,
    Http404: _not_found,
    ProviderError: _provider,
    OperationalError: _database,
    InterfaceError: _database,
    DataError: _out_of_range,
    OverflowError: _out_of_range,
    RequestDataTooBig: _too_large,
    SuspiciousOperation: _suspicious,
    Exception: _unknown,
}


def _handler(api: NinjaAPI, answer: Callable[[Any], Answer]) -> Callable[[HttpRequest, Any], HttpResponse]:
    def handle(request: HttpRequest, error: Exception) -> HttpResponse:
        found = answer(error)
        body = {"detail": found.detail, "code": found.code}
        response = api.create_response(request, body, status=found.status)
        for name, value in found.headers.items():
            response[name] = value
        return response

    return handle


def install(api: NinjaAPI) -> None:
    """Registers a handler for every family of errors with `api`."""
    for kind, answer in FAMILIES.items():
        api.add_exception_handler(kind, _handler(api, answer))
