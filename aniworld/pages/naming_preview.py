"""What the templates for names make of some episodes, while they are being typed."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from aniworld.configuration import store
from aniworld.pages.access import members
from aniworld.refusals import Invalid
from library import naming_examples

LONGEST_TEMPLATE = 500


@members
def part(request: HttpRequest) -> HttpResponse:
    """Examples of `file_template` and `folder_template`, or why these will not do. What is absent is as configured.

    The names may stand behind others, as forms have them: `library__file_template`. Without `season_folders` while a
    template is given there are none, as with a box that is not ticked.
    """
    said, now = request.GET, store.current().library
    file, folder = _last(said, "file_template"), _last(said, "folder_template")
    in_seasons = now.season_folders if file is None else _last(said, "season_folders") in ("on", "true", "1")
    try:
        examples = naming_examples.examples(
            now.file_template if file is None else file,
            now.folder_template if folder is None else folder,
            season_folders=in_seasons,
        )
    except Invalid as refusal:
        return render(request, "parts/naming_preview.html", {"problem": str(refusal)})
    return render(request, "parts/naming_preview.html", {"examples": examples})


def _last(said: QueryDict, name: str) -> str | None:
    """The value of that name, whatever stands before it; None when it is absent."""
    found = next((key for key in said if key == name or key.endswith((f"__{name}", f".{name}", f"-{name}"))), None)
    return None if found is None else said.get(found, "").replace("\x00", "")[:LONGEST_TEMPLATE]
