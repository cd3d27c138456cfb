"""Names of folders and files: safe on every file system, never outside the library, the same for the same episode."""

from __future__ import annotations

import html
import re
import string
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pathvalidate
from django.utils.translation import gettext as _

from aniworld.configuration import store
from aniworld.refusals import Invalid
from providers.contracts import Language

if TYPE_CHECKING:
    from library.models import Episode, Series

# What ext4, NTFS, APFS and most others allow in one part of a path, in bytes of UTF-8.
PART_LIMIT = 255
# Kept free for what is appended later: " (2)", "-thumb.jpg", ".deu.forced.srt".
SUFFIX_ROOM = 40
STEM_LIMIT = PART_LIMIT - SUFFIX_ROOM
_LONGEST_TITLE = 1000
_UNNAMED = "Untitled"
_SEPARATORS = str.maketrans({"/": " ", "\\": " ", "|": " ", '"': "'", "?": "", "*": "", "<": "", ">": ""})
_COLON = re.compile(r"\s*:\s+|\s+:\s*")
_DROPPED_CATEGORIES = {"Cc", "Cf", "Cs", "Co"}
_NUMBER_WIDTH = re.compile(r"0?([1-9])d?")
_BRACKETS = {"(": ")", "[": "]"}
# What separates two values, and goes when one of them is unknown.
_DASHES = " -–—_.,·"
_WIDEST = max(Language, key=len)

FOLDER_TOKENS = ("series", "year")
FILE_TOKENS = ("series", "year", "season", "episode", "language", "title")
_NUMBERS = {"year", "season", "episode"}


def sanitise(title: str) -> str:
    """A title as one safe part of a path, without an extension: at most `STEM_LIMIT` bytes, never empty.

    HTML entities are resolved however often they were escaped. The result sanitised again is itself.
    """
    return _sanitised(title[:_LONGEST_TITLE])


# A thousand files of one series have its name and a few languages in common.
@lru_cache(maxsize=1024)
def _sanitised(text: str) -> str:
    while (cleaner := _part(shortened(_clean(text), STEM_LIMIT - 1))) != text:
        text = cleaner
    return text


def shortened(text: str, limit: int) -> str:
    """The longest beginning of `text` that fits into `limit` bytes of UTF-8 without cutting a character."""
    return text.encode()[: max(limit, 0)].decode(errors="ignore").rstrip()


def series_folder(name: str, year: int | None, template: str | None = None) -> str:
    """The folder of a series below the library, by the configured template. Raises `Invalid` for a wrong template."""
    pieces = folder_pieces(template if template is not None else store.current().library.folder_template)
    return _rendered(pieces, {"series": name}, {"year": year})


def season_folder(season: int) -> str:
    """`Season 01`; specials and films are in `Season 00`, as Jellyfin, Kodi and Plex expect them."""
    return f"Season {season:02d}"


def episode_path(
    series: Series,
    episode: Episode,
    language: str,
    extension: str = ".mp4",
    *,
    template: str | None = None,
    last: int | None = None,
    season_folders: bool | None = None,
) -> PurePosixPath:
    """Where the episode's file in that language belongs below the library folder, by what is configured or given.

    Different for each (season, episode, language) of a series, also where upper and lower case are the same. `last` is
    the number of the last episode in a file that holds several: S01E01-E02.
    Raises `Invalid` for a wrong template, folder or extension.
    """
    configured = store.current().library
    in_seasons = configured.season_folders if season_folders is None else season_folders
    pieces = file_pieces(template or configured.file_template, season_folders=in_seasons)
    texts = {"series": series.name, "language": str(language), "title": episode.title}
    numbers = {"year": series.year, "season": episode.season, "episode": episode.number_in_names}
    if last is not None and last > episode.number:
        pieces = _with_last(pieces, last)
    name = _rendered(pieces, texts, numbers) + checked_extension(extension)
    folder = PurePosixPath(checked_part(series.folder))
    return folder / season_folder(episode.season) / name if in_seasons else folder / name


def numbered(name: str, number: int) -> str:
    """`Film.mp4` as `Film (2).mp4`; shortens the stem when there is no room."""
    stem, dot, extension = name.rpartition(".")
    tail = f" ({number}){dot}{extension}" if dot else f" ({number})"
    return shortened(stem if dot else name, PART_LIMIT - len(tail.encode())) + tail


def numbered_folder(name: str, number: int) -> str:
    """`K (2020)` as `K (2020) (2)`; a dot in it means nothing."""
    tail = f" ({number})"
    return shortened(name, STEM_LIMIT - len(tail)) + tail


def checked_part(name: str) -> str:
    """`name` itself if it is one part of a path, however odd: what is on disk keeps its name. Or `Invalid`."""
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        size = 0
    if not 0 < size <= PART_LIMIT or name in (".", "..") or "/" in name or "\0" in name:
        raise Invalid(_("“%s” is not the name of a folder inside the library.") % ascii(name)[:80], "invalid_folder")
    return name


def checked_extension(extension: str) -> str:
    """`.mp4` and the like in lower case. Raises `Invalid` for anything else."""
    if not re.fullmatch(r"\.[A-Za-z0-9]{1,8}", extension):
        raise Invalid(_("“%s” is not a file extension.") % ascii(extension)[:40], "invalid_extension")
    return extension.lower()


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a template: literal text, or the token `name`, with leading zeros up to `width`."""

    text: str = ""
    name: str = ""
    width: int = 0


@lru_cache(maxsize=16)
def folder_pieces(template: str) -> tuple[Piece, ...]:
    """A folder template, checked. Raises `Invalid`."""
    return _pieces(template, FOLDER_TOKENS, required={"series"})


@lru_cache(maxsize=16)
def file_pieces(template: str, *, season_folders: bool) -> tuple[Piece, ...]:
    """A file template, checked: it must tell episodes and languages apart. Raises `Invalid`."""
    required = {"episode", "language"} | (set() if season_folders else {"season"})
    pieces = _pieces(template, FILE_TOKENS, required=required)
    _demand_separated_numbers(pieces)
    return pieces


def _pieces(template: str, allowed: tuple[str, ...], required: set[str]) -> tuple[Piece, ...]:
    """The template in parts. Only whole token names are known: no attribute, index or conversion gets through."""
    if "/" in template or "\\" in template:
        raise Invalid(_("A template names one folder or file and can't contain “/” or “\\”."), "invalid_template")
    try:
        pieces = tuple(_parsed(template, allowed))
    except ValueError as error:
        raise Invalid(_("The template can't be read: %s.") % error, "invalid_template") from None
    missing = required - {piece.name for piece in pieces}
    if missing:
        names = ", ".join(f"{{{name}}}" for name in sorted(missing))
        raise Invalid(_("The template must contain %s.") % names, "invalid_template")
    return pieces


def _parsed(template: str, allowed: tuple[str, ...]) -> Iterator[Piece]:
    for literal, name, spec, conversion in string.Formatter().parse(template):
        if literal:
            yield Piece(text=_clean(literal))
        if name is None:
            continue
        if name not in allowed or conversion:
            known = ", ".join(f"{{{token}}}" for token in allowed)
            shown = f"{{{name}}}"[:60]
            raise Invalid(
                _("%(token)s is not known; use %(known)s.") % {"token": shown, "known": known}, "unknown_token"
            )
        yield Piece(name=name, width=_width(name, spec or ""))


def _width(name: str, spec: str) -> int:
    if not spec:
        return 0
    match = _NUMBER_WIDTH.fullmatch(spec)
    if name not in _NUMBERS or not match:
        raise Invalid(
            _("{%(token)s:%(spec)s} is not known; a number may be written like {episode:02}.")
            % {"token": name, "spec": spec[:20]},
            "unknown_token",
        )
    return int(match[1])


def _demand_separated_numbers(pieces: Sequence[Piece]) -> None:
    """Season 1 episode 11 and season 11 episode 1 must differ: something other than a digit between two tokens."""
    before: Piece | None = None
    between = ""
    for piece in pieces:
        if not piece.name:
            between += piece.text
            continue
        touches_number = before is not None and ({before.name, piece.name} & {"season", "episode"})
        if touches_number and not any(not character.isdigit() for character in between):
            raise Invalid(_("Put a character other than a digit beside {%s}.") % piece.name, "invalid_template")
        before, between = piece, ""


def _with_last(pieces: Sequence[Piece], last: int) -> tuple[Piece, ...]:
    """The last episode's number behind each first one's, as every reader of names understands it."""
    filled: list[Piece] = []
    for piece in pieces:
        filled.append(piece)
        if piece.name == "episode":
            filled.append(Piece(text=f"-E{last:0{piece.width}d}"))
    return tuple(filled)


def _rendered(pieces: Sequence[Piece], texts: Mapping[str, str], numbers: Mapping[str, int | None]) -> str:
    """One safe part of a path: where it gets too long, the series' name and the title are shortened, nothing else."""
    unknown = {name for name, text in texts.items() if name != "series" and not text.strip()}
    unknown |= {name for name, number in numbers.items() if number is None}
    words = {name: sanitise(text) for name, text in texts.items() if name not in unknown}
    filled = _filled(pieces, unknown, words, numbers)
    # No more room without a language: a longer title could go on with the words that are another file's language.
    widest = filled
    if "language" in unknown:
        widest = _filled(pieces, unknown - {"language"}, {**words, "language": _WIDEST}, numbers)
    room = STEM_LIMIT - sum(len(piece.text.encode()) for piece in widest)
    for name in ("series", "title"):
        count = sum(piece.name == name for piece in filled)
        if count:
            words[name] = shortened(words[name], room // count)
            room -= count * len(words[name].encode())
    if room < 0 or (texts["series"] and not words["series"]):
        raise Invalid(_("The template leaves no room for the name of the series."), "invalid_template")
    return _part("".join(piece.text or words.get(piece.name, "") for piece in filled))


def _filled(
    pieces: Sequence[Piece], unknown: set[str], words: Mapping[str, str], numbers: Mapping[str, int | None]
) -> list[Piece]:
    """The pieces with all in them that is never shortened."""

    def text(piece: Piece) -> str:
        number = numbers.get(piece.name)
        return words["language"] if piece.name == "language" else "" if number is None else f"{number:0{piece.width}d}"

    known = _without_unknown(pieces, unknown)
    return [replace(piece, name="", text=told) if (told := text(piece)) else piece for piece in known]


def _without_unknown(pieces: Sequence[Piece], unknown: set[str]) -> list[Piece]:
    """Drops tokens without a value together with the brackets around them and the dash that led to them."""
    kept: list[Piece] = []
    is_gap = False
    for index, piece in enumerate((*pieces, Piece())):
        if piece.name in unknown:
            is_gap = True
            continue
        if is_gap:
            before = kept.pop().text if kept and not kept[-1].name else ""
            is_end = index + 1 >= len(pieces) and not piece.name
            kept.append(Piece(text=_joined(before, piece.text, is_start=not kept, is_end=is_end)))
        if piece.name or not is_gap:
            kept.append(piece)
        is_gap = False
    return [piece for piece in kept if piece.text or piece.name]


def _joined(before: str, after: str, *, is_start: bool, is_end: bool) -> str:
    """The texts around something unknown as one. What was apart stays apart: season 1 (?) 11 is not season 11 (?) 1."""
    left, right = before.rstrip(_DASHES), after.lstrip(_DASHES)
    opens, closes = left[-1:] in _BRACKETS, right[:1] in _BRACKETS.values()
    if opens and closes and _BRACKETS[left[-1]] == right[0]:
        before, after = left[:-1].rstrip(), right[1:]
        left, right = before.rstrip(_DASHES), after.lstrip(_DASHES)
        opens, closes = left[-1:] in _BRACKETS, right[:1] in _BRACKETS.values()
    if opens or (is_start and not left):
        after = right
    elif closes or (is_end and not right) or right != after.lstrip():
        before = left
    joined = before + after
    return joined if any(not character.isdigit() for character in joined) else f"{before} {after}"


def _clean(text: str) -> str:
    """Without what some file system or reader stumbles over; the edges are left alone."""
    while (resolved := html.unescape(text)) != text:
        text = resolved
    text = unicodedata.normalize("NFC", "".join(_visible(text)))
    text = _COLON.sub(" - ", text).replace(":", " ").translate(_SEPARATORS)
    return re.sub(r" {2,}", " ", text)


def _visible(text: str) -> Iterator[str]:
    """Drops control, direction, private and broken characters; every kind of white space becomes a space."""
    for character in text:
        if character.isspace():
            yield " "
        elif unicodedata.category(character) not in _DROPPED_CATEGORIES and ord(character) & 0xFFFE != 0xFFFE:
            yield character


def _part(text: str) -> str:
    """The edges and the reserved names: no leading dot, dash or space, no trailing dot or space, not CON or NUL."""
    text = re.sub(r" {2,}", " ", unicodedata.normalize("NFC", text)).lstrip(" .-").rstrip(" .")
    safe = pathvalidate.sanitize_filename(text, platform="universal", max_len=PART_LIMIT)
    return safe.lstrip(" .-").rstrip(" .") or _UNNAMED
