"""Which errors the description names for each operation: those its shape leads to, and those it declares itself."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from ninja.openapi.schema import OpenAPISchema

from aniworld.api_types import Problem

# What any server, or a proxy before it, may answer to whatever it is asked.
ALWAYS = (400, 503)
UNKNOWN_ERROR = "4XX"


def with_errors(schema: OpenAPISchema) -> OpenAPISchema:
    """The description with the errors of every operation in it."""
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schema["components"]["schemas"] |= {**problem.pop("$defs"), Problem.__name__: problem}
    for operations in schema["paths"].values():
        for operation in operations.values():
            # Keyed by number where an operation names it itself; JSON would hold such a key twice.
            declared = {str(status): answer for status, answer in operation["responses"].items()}
            derived = {str(status): _problem(status) for status in _statuses(operation)}
            operation["responses"] = {**derived, UNKNOWN_ERROR: _described("Any other error"), **declared}
    return schema


def _statuses(operation: dict[str, Any]) -> Iterator[int]:
    yield from ALWAYS
    parameters = operation.get("parameters", [])
    if operation.get("security"):
        yield from (401, 403)
    if any(parameter["in"] == "path" for parameter in parameters):
        yield 404
    if parameters or "requestBody" in operation:
        yield 422
    if "requestBody" in operation:
        yield 413


def _problem(status: int) -> dict[str, Any]:
    return _described(HTTPStatus(status).phrase)


def _described(text: str) -> dict[str, Any]:
    return {
        "description": text,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
