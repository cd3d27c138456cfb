"""`/api/config/directory`: the library folder, looked at and made the one in force."""

from __future__ import annotations

import shutil
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from aniworld.accounts.authentication import admin_only, user_of
from aniworld.api_types import Line
from aniworld.configuration import store
from library.folder_choice import checked_folder

router = Router(tags=["config"], auth=admin_only)


class Folder(Schema):
    """A folder for the library. With `check_only` it is looked at, and nothing is made or changed."""

    directory: Line = Field(min_length=1)
    check_only: bool = False


class FolderView(Schema):
    """What is known of it. `exists` is false when it would be made; `free_bytes` is what its disk has left."""

    directory: str
    exists: bool
    free_bytes: int
    in_force: bool


@router.post("/directory", response=FolderView)
def choose_directory(request: HttpRequest, body: Folder) -> dict[str, Any]:
    """Makes it the library folder, once it proved to be writable; its last part is made when only that is missing."""
    folder = checked_folder(body.directory, make=not body.check_only)
    place = folder if folder.is_dir() else folder.parent
    free = shutil.disk_usage(place).free
    if not body.check_only:
        by = user_of(request).get_username()
        store.change({"library": {"directory": str(folder)}}, by=by, via="api", reason="library folder")
    in_force = store.current().library.directory == str(folder)
    return {"directory": str(folder), "exists": folder.is_dir(), "free_bytes": free, "in_force": in_force}
