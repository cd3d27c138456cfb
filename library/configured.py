"""The rules that a change of the configuration's section `library` has to obey: imported once the app is ready."""

from __future__ import annotations

from aniworld.configuration.rules import Rule, add
from aniworld.configuration.sections import Library
from library.folder_choice import checked_folder
from library.naming import file_pieces, folder_pieces


def _folder(library: Library) -> None:
    # Empty is the folder of the environment.
    if library.directory:
        checked_folder(library.directory, make=False)


def _made_folder(library: Library) -> None:
    if library.directory:
        checked_folder(library.directory)


def _file_name(library: Library) -> None:
    file_pieces(library.file_template, season_folders=library.season_folders)


def _folder_name(library: Library) -> None:
    folder_pieces(library.folder_template)


add(Rule("library", ("directory",), _folder, prepare=_made_folder))
add(Rule("library", ("file_template", "season_folders"), _file_name))
add(Rule("library", ("folder_template",), _folder_name))
