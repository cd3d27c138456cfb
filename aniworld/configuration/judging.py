"""Whether values make a configuration: by their types and by the rules, every error at once and in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from aniworld.configuration import rules
from aniworld.configuration.sections import Settings

Place = tuple[int | str, ...]
# Settings of a section that there is not that are told of.
_MOST_NAMED = 20

WHOLE_NUMBER = _("Write a whole number.")
NUMBER = _("Write a number.")
_LIST = _("Write a list, such as [“first”, “second”].")
_GROUP = _("Write a group of settings, such as {“key”: “value”}.")
_SWITCH = _("Write true or false.")
# The type of pydantic's error → what a person understands; its context fills in the bounds.
_WORDS = {
    "int_type": WHOLE_NUMBER,
    "int_parsing": WHOLE_NUMBER,
    "int_from_float": WHOLE_NUMBER,
    "int_parsing_size": _("The number is too large."),
    "float_type": NUMBER,
    "float_parsing": NUMBER,
    "finite_number": NUMBER,
    "bool_type": _SWITCH,
    "bool_parsing": _SWITCH,
    "string_type": _("Write a text."),
    "string_too_short": _("It must not be empty."),
    "string_too_long": _("It may have %(max_length)s characters at most."),
    "string_unicode": _("Write readable text."),
    "greater_than_equal": _("It must be %(ge)s or more."),
    "greater_than": _("It must be more than %(gt)s."),
    "less_than_equal": _("It must be %(le)s or less."),
    "literal_error": _("Allowed are %(expected)s."),
    "tuple_type": _LIST,
    "dict_type": _GROUP,
    "model_type": _GROUP,
    "model_attributes_type": _GROUP,
}


def judged(before: Settings, whole: Mapping[str, Any]) -> Settings:
    """`whole` as settings that may follow `before`; what it leaves out gets its default.

    Raises `pydantic.ValidationError` with every error, each in words and without what was given, which may be a secret.
    """
    wrong: list[tuple[Place, str]] = []
    whole = _spelled(whole)
    try:
        after = Settings.model_validate(whole)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
        wrong = [(place, _in_words(one, place)) for one in found for place in _places(whole, one)]
        after = Settings.model_validate(_without(before, whole, [one["loc"] for one in found]))
    wrong += rules.broken(before, after)
    _demand_none(wrong)
    return after


def prepare(before: Settings, after: Settings) -> None:
    """Does what `after`, judged right, needs before it is in force, such as making a folder. Errors as for `judged`."""
    _demand_none(list(rules.unprepared(before, after)))


def _demand_none(wrong: Sequence[tuple[Place, str]]) -> None:
    if wrong:
        raise ValidationError.from_exception_data(Settings.__name__, [_detail(*one) for one in wrong])


def suggestion(place: Place) -> str:
    """The setting that was probably meant, as `section.key`; "" when none comes near."""
    near = get_close_matches(".".join(map(str, place)), _names(Settings), n=1, cutoff=0.85)
    return near[0] if near else ""


def _names(model: type[BaseModel], before: str = "") -> list[str]:
    found: list[str] = []
    for key, info in model.model_fields.items():
        kind = info.annotation
        found.append(before + key)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found += _names(kind, f"{before}{key}.")
    return found


def _places(whole: Mapping[str, Any], error: ErrorDetails) -> list[Place]:
    """Where it is: of a section that there is not, at each setting given in it."""
    place = error["loc"]
    within = whole.get(str(place[0])) if error["type"] == "extra_forbidden" and len(place) == 1 else None
    if not within or not isinstance(within, Mapping):
        return [place]
    return [(*place, str(key)) for key in list(within)[:_MOST_NAMED]]


def _in_words(error: ErrorDetails, place: Place) -> str:
    context = error.get("ctx", {})
    kind = error["type"]
    if kind == "extra_forbidden":
        meant = suggestion(place)
        return (
            gettext("There is no such setting. Is %s meant?") % meant if meant else gettext("There is no such setting.")
        )
    if kind == "value_error":
        return gettext(str(context["error"]))
    return (
        gettext(_WORDS[kind]) % {name: _plain(one) for name, one in context.items()} if kind in _WORDS else error["msg"]
    )


def _plain(value: Any) -> Any:
    """A bound as people write it: 1, and not 1.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _without(before: Settings, whole: Mapping[str, Any], places: Sequence[Place]) -> dict[str, Any]:
    """`whole` with what stands at `places` as it was before, so that the rest can be looked at by the rules."""
    was: dict[str, Any] = before.model_dump(mode="json")
    kept = {name: dict(section) if isinstance(section, Mapping) else section for name, section in whole.items()}
    for name, *rest in places:
        section, key = str(name), str(rest[0]) if rest else ""
        if section not in was:
            kept.pop(section, None)
        elif not key:
            kept[section] = was[section]
        elif key in was[section]:
            kept[section][key] = was[section][key]
        else:
            kept[section].pop(key, None)
    return kept


def _detail(place: Place, words: str) -> InitErrorDetails:
    problem = PydanticCustomError("wrong_setting", "{words}", {"words": words})
    return InitErrorDetails(type=problem, loc=place, input=None)


def _spelled(values: Any, depth: int = 3) -> Any:
    """`values` with names that no text can hold spelled so that they can be told of, as deep as settings are nested."""
    if not depth or not isinstance(values, Mapping):
        return values
    return {
        str(name)[:100].encode("utf-8", "replace").decode(): _spelled(one, depth - 1) for name, one in values.items()
    }
