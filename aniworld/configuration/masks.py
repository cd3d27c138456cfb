"""Secrets of the configuration: what is shown in their place, and how a mask that comes back keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from aniworld import audit
from aniworld.configuration.sections import Settings

Dumped = dict[str, dict[str, Any]]


def is_secret(section: BaseModel, key: str) -> bool:
    """Whether a value is written and never shown."""
    extra = type(section).model_fields[key].json_schema_extra
    return isinstance(extra, dict) and bool(extra.get("secret"))


def is_mask(value: object) -> bool:
    """Whether this stands for a secret as it is: what `public` shows, or the dots that people see."""
    return isinstance(value, bool) or value == audit.MASK


def public(settings: Settings) -> Dumped:
    """As JSON for people: a secret is only said to be set (true) or not (false); targets keep their labels."""
    dumped: Dumped = settings.model_dump(mode="json")
    for name, section in dumped.items():
        for key, value in section.items():
            if is_secret(getattr(settings, name), key):
                section[key] = _hidden(value)
    return dumped


def _hidden(value: Any) -> Any:
    return [{**one, "address": True} for one in value] if isinstance(value, list) else bool(value)


def without_secrets(settings: Settings) -> Dumped:
    """As JSON that a change takes again, secrets left out."""
    dumped: Dumped = settings.model_dump(mode="json")
    return {
        name: {key: value for key, value in section.items() if not is_secret(getattr(settings, name), key)}
        for name, section in dumped.items()
    }


def unmasked(before: Settings, values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` (section → key → value) with every mask replaced by the secret it stands for in `before`."""
    return {
        name: _unmasked_section(getattr(before, name), section) if name in Settings.model_fields else section
        for name, section in values.items()
    }


def _unmasked_section(before: BaseModel, section: Any) -> Any:
    if not isinstance(section, Mapping):
        return section
    known = type(before).model_fields
    return {
        key: _unmasked(getattr(before, key), value) if key in known and is_secret(before, key) else value
        for key, value in section.items()
    }


def _unmasked(secret: Any, given: Any) -> Any:
    return _known_targets(secret, given) if isinstance(secret, tuple) else secret if is_mask(given) else given


def _known_targets(before: Sequence[Mapping[str, str]], given: Any) -> Any:
    """Targets whose address is masked, or not named at all, keep the one their label has; an unknown label has none."""
    if is_mask(given):
        return [dict(target) for target in before]
    if not isinstance(given, list | tuple):
        return given
    known = {target["label"]: target["address"] for target in before}
    return [_known_target(known, one) for one in given]


def _known_target(known: Mapping[str, str], one: Any) -> Any:
    if not isinstance(one, Mapping) or not is_mask(one.get("address", True)):
        return one
    label = one.get("label")
    return {**one, "address": known.get(label, "") if isinstance(label, str) else ""}


def differences(before: Settings, after: Settings) -> dict[str, tuple[Any, Any]]:
    """`section.key` → old and new value of whatever differs, secrets masked."""
    old, new = _flat(before), _flat(after)
    pairs = {name: (old[name], new[name]) for name in old if old[name] != new[name]}
    return audit.masked(pairs, _secrets(before))


def _secrets(settings: Settings) -> set[str]:
    return {
        f"{name}.{key}"
        for name in Settings.model_fields
        for key in type(getattr(settings, name)).model_fields
        if is_secret(getattr(settings, name), key)
    }


def _flat(settings: Settings) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, section in settings.model_dump(mode="json").items():
        for key, value in section.items():
            inner = value if isinstance(value, dict) else {}
            found.update({f"{name}.{key}.{part}": one for part, one in inner.items()} or {f"{name}.{key}": value})
    return found
