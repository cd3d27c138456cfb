"""The configuration over HTTP. Secrets are written and never answered."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Body, Path, Query, Router, Schema, Status
from pydantic import ConfigDict, StringConstraints

from aniworld.api_types import Moment, Paging
from aniworld.api_types import page as page_of
from aniworld.configuration import backups, exchange, masks, store
from aniworld.configuration.models import ConfigurationBackup
from aniworld.configuration.sections import Settings
from aniworld.refusals import NotThere

# Whoever mounts it says who may ask: `add_router("/config", router, auth=admin_only)`.
router = Router(tags=["config"])

Values = dict[str, Any]
Sections = dict[str, Any]
Named = Annotated[str, StringConstraints(min_length=1, max_length=200)]
VIA = "api"


class Valid(Schema):
    """It would be taken."""

    valid: Literal[True] = True


class BackupView(Schema):
    """One backup, without what is in it."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    created_at: Moment
    created_by: str
    reason: str


class BackupPage(Schema):
    """A page of them, the newest first."""

    items: list[BackupView]
    total: int
    page: int
    limit: int


class Difference(Schema):
    """One setting that the backup has otherwise; of a secret only dots."""

    key: str
    in_force: Any
    backup: Any


class Differences(Schema):
    """What a restore would change."""

    name: str
    changes: list[Difference]


def _who(request: HttpRequest) -> str:
    return str(request.user.get_username())


def _section(name: str) -> str:
    if name not in Settings.model_fields:
        raise NotThere(_("There is no such section. There are %s.") % ", ".join(Settings.model_fields))
    return name


@router.get("", response=Values)
def configuration(request: HttpRequest) -> Values:
    """Every section with its settings. A secret is only said to be set (true) or not (false)."""
    return store.public_dump()


@router.put("", response=Values)
def change(request: HttpRequest, body: Body[Sections]) -> Values:
    """Changes what is named, after a backup, and answers everything; what an answer shows of a secret keeps it."""
    return masks.public(store.change(body, by=_who(request), via=VIA, reason="api"))


@router.post("/validate", response=Valid)
def validate(request: HttpRequest, body: Body[Sections]) -> Valid:
    """Whether a `PUT` of this would be taken, with every error at once (422). Changes nothing."""
    store.validate(body)
    return Valid()


@router.get("/section/{name}", response=Values)
def section(request: HttpRequest, name: Path[Named]) -> Values:
    """One section."""
    return store.public_dump()[_section(name)]


@router.post("/section/{name}", response=Values)
def change_section(request: HttpRequest, name: Path[Named], body: Body[Values]) -> Values:
    """Changes what is named in one section, after a backup, and answers the section."""
    after = store.change({_section(name): body}, by=_who(request), via=VIA, reason=f"api: {name}")
    return masks.public(after)[name]


@router.post("/export", response=Values)
def export(request: HttpRequest) -> Values:
    """The whole configuration without secrets, as an import takes it."""
    return exchange.export()


@router.post("/import", response=Values)
def import_configuration(request: HttpRequest, body: Body[Sections]) -> Values:
    """Takes over what an export wrote, also one of an older version. Nothing changes unless all of it is right."""
    return masks.public(exchange.take_over(body, by=_who(request), via=VIA))


@router.post("/reset", response=Values)
def reset(request: HttpRequest) -> Values:
    """Back to the defaults and the environment's first values, after a backup."""
    return masks.public(store.reset(by=_who(request), via=VIA))


@router.get("/backups", response=BackupPage)
def list_backups(request: HttpRequest, paging: Query[Paging]) -> dict[str, Any]:
    """The backups, the newest first."""
    return page_of(backups.listed(), paging.page, paging.limit, lambda row: row)


@router.post("/backups", response={201: BackupView})
def make_backup(request: HttpRequest) -> Status[ConfigurationBackup]:
    """Makes a backup now."""
    return Status(201, store.back_up(by=_who(request), via=VIA))


@router.get("/backups/{name}/diff", response=Differences)
def compare(request: HttpRequest, name: Path[Named]) -> dict[str, Any]:
    """What a restore would change."""
    pairs = store.compared(name)
    changes = [{"key": key, "in_force": now, "backup": then} for key, (now, then) in pairs.items()]
    return {"name": name, "changes": changes}


@router.post("/backups/{name}/restore", response=Values)
def restore(request: HttpRequest, name: Path[Named]) -> Values:
    """Makes the backup the configuration, after a backup of the present one."""
    return masks.public(store.restore(name, by=_who(request), via=VIA))


@router.delete("/backups/{name}", response={204: None})
def delete_backup(request: HttpRequest, name: Path[Named]) -> HttpResponse:
    """Deletes a backup."""
    backups.delete(name, by=_who(request), via=VIA)
    return HttpResponse(status=204)
