"""schemathesis over every operation of the API, as an administrator, as a member and as nobody."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("schemathesis", reason="make test installs what this needs")
import schemathesis  # only after the line above
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, settings
from pydantic import BaseModel
from schemathesis import checks

from aniworld.api import api
from aniworld.api_description import UNKNOWN_ERROR
from tests.fuzz.conftest import World
from tests.test_conventions import PRODUCT

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("fuzz")]

# Beside the values at the edges of every field, which schemathesis tries for the administrator in any case.
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "3"))
CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
FEW = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False)
# Whoever may do less gets no further with the odd values: a few of them will do.
FEWER = settings(FEW, phases=(Phase.generate, Phase.shrink))


def description() -> dict[str, Any]:
    """What the product says of itself, without the answer that would allow every error."""
    found: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema(), default=str))
    for operations in found["paths"].values():
        for operation in operations.values():
            del operation["responses"][UNKNOWN_ERROR]
    return found


schema = schemathesis.openapi.from_dict(description())
schema.app = get_wsgi_application()


def judge(case: Any, identity: str, world: World) -> None:
    """One call: its answer is one of those that are described, and says so if the product is not ready."""
    case.path_parameters, case.body = world.aim(case.path_parameters), world.aim(case.body)
    with world.untouched():
        answer = case.call(app=schema.app, headers=world.headers(identity))
    case.validate_response(answer, checks=CHECKS)
    assert answer.status_code in (503, *range(100, 500)), answer.text
    assert answer.status_code != 503 or answer.json().get("code") or answer.json()["status"] == "unhealthy"


@schema.parametrize()
@FEW
def test_an_administrator_gets_described_answers(case: Any, world: World) -> None:
    judge(case, "admin", world)


@schema.parametrize()
@FEWER
def test_a_member_gets_described_answers(case: Any, world: World) -> None:
    judge(case, "member", world)


@schema.parametrize()
@FEWER
def test_nobody_gets_described_answers(case: Any, world: World) -> None:
    judge(case, "nobody", world)


def _schemas(of: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for found in of.__subclasses__():
        yield found
        yield from _schemas(found)


def test_no_two_schemas_have_one_name() -> None:
    """The description would hold one of them only, and describe the operations of the other one wrongly."""
    named = defaultdict(set)
    for found in _schemas(BaseModel):
        if found.__module__.partition(".")[0] in PRODUCT:
            named[found.__name__].add(found.__module__)
    assert {name: modules for name, modules in named.items() if len(modules) > 1} == {}
