"""The configuration as a file: exported without secrets, imported from this version's files and from older ones'."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from aniworld import __version__
from aniworld.configuration import schema, store
from aniworld.configuration.sections import Settings
from aniworld.refusals import Invalid

# Bytes of a file that is read; no export comes near it.
LARGEST_FILE = 1_000_000
_ENVELOPE = {"schema", "exported_at", "program", "configuration"}


def export() -> dict[str, Any]:
    """What `take_over` takes: the settings in force without secrets, and which schema they follow."""
    return {
        "schema": schema.SCHEMA,
        "exported_at": timezone.now().isoformat(timespec="seconds").replace("+00:00", "Z"),
        "program": f"Aniworld {__version__}",
        "configuration": store.without_secrets(),
    }


def as_file() -> tuple[str, str]:
    """What people keep of an export: the name of the file, and its text."""
    name = f"aniworld-configuration-{timezone.localtime():%Y-%m-%d}.json"
    return name, f"{json.dumps(export(), indent=2, ensure_ascii=False)}\n"


def take_over(document: Any, *, by: str = "", via: str = "command") -> Settings:
    """Makes what an export wrote the configuration; what it does not name, as secrets, stays as it is.

    An object of sections alone is what versions before the schema number wrote, and counts as schema 1. Nothing
    changes unless all of it is right. Raises `Invalid` for something else or a newer schema, and
    `pydantic.ValidationError` with every error.
    """
    return store.change(content(document), by=by, via=via, action="imported", reason="import")


def read(text: str | bytes) -> Any:
    """The document in a file. Raises `Invalid` for what is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(_("This is not JSON: %s") % error, code="no_export") from None


def content(document: Any) -> dict[str, Any]:
    """The sections of an exported document in today's shape, not yet judged. Raises `Invalid`."""
    if not isinstance(document, Mapping):
        raise Invalid(_("An object is expected, as an export of the configuration is."), code="no_export")
    if "configuration" not in document and "schema" not in document:
        return schema.brought_up(document, 1)
    number = schema.known(document.get("schema"))
    unknown = sorted(str(name)[:50] for name in set(document) - _ENVELOPE)
    if unknown:
        raise Invalid(_("This is no export of the configuration: “%s” has no place in it.") % unknown[0], "no_export")
    sections = document.get("configuration")
    if not isinstance(sections, Mapping):
        raise Invalid(_("“configuration” must be an object of sections."), code="no_export")
    return schema.brought_up(sections, number)
