"""Every sentence that people see is there in German: whatever templates and code hand to gettext."""

from __future__ import annotations

import ast
import gettext
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.utils.translation.template import templatize

from aniworld.environment import ROOT

PRODUCT = ("aniworld", "providers", "library", "downloads", "integrations")
CATALOGUE = ROOT / "aniworld" / "locale" / "de" / "LC_MESSAGES" / "django.mo"
# The names that gettext's functions go by → whether the second argument is the plural.
FUNCTIONS = {
    "_": False,
    "gettext": False,
    "gettext_lazy": False,
    "gettext_noop": False,
    "ngettext": True,
    "ngettext_lazy": True,
}
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|(?<!%)%[sd]|\{\w+\}")
# What `templatize` makes of a template: calls with one or two literals.
CALL = re.compile(
    r"\b(n?gettext)\((?:u?)((?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")(?:\s*,\s*u?(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"))?)",
    re.DOTALL,
)


def _literal(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _of_code(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name in FUNCTIONS and (text := _literal(node.args[0])):
            yield text


def _of_template(path: Path) -> Iterator[str]:
    source = templatize(path.read_text(encoding="utf-8"), origin=str(path))
    for call in CALL.finditer(source):
        yield str(ast.literal_eval(f"({call[2]},)")[0])


@cache
def messages() -> dict[str, str]:
    """Each text with the first file that says it."""
    found: dict[str, str] = {}
    for folder in PRODUCT:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix == ".py" and "migrations" not in path.parts:
                texts = _of_code(path)
            elif "templates" in path.parts and path.suffix in (".html", ".js", ".txt"):
                texts = _of_template(path)
            else:
                continue
            for text in texts:
                found.setdefault(text, str(path.relative_to(ROOT)))
    return found


@cache
def german() -> dict[str, list[str]]:
    """What the compiled catalogue says for each text: all its forms, that of one thing first."""
    with CATALOGUE.open("rb") as file:
        catalogue = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]  # the only way to see all of it
    told: dict[str, list[str]] = {}
    for key, value in sorted(catalogue.items(), key=str):
        told.setdefault(key[0] if isinstance(key, tuple) else key, []).append(value)
    return told


def test_every_text_is_there_in_german() -> None:
    untold = {text: path for text, path in messages().items() if text.strip() and not all(german().get(text, [""]))}
    assert len(messages()) > 1500
    assert not untold, "run `make messages`, translate what is new in aniworld/locale/de, and run it again"


def test_the_german_names_the_same_things() -> None:
    first = {text: forms[0] for text, forms in german().items() if text}
    wrong = {
        text: told for text, told in first.items() if set(PLACEHOLDER.findall(told)) != set(PLACEHOLDER.findall(text))
    }
    assert not wrong


def test_gettext_goes_by_names_that_are_looked_for() -> None:
    alias = re.compile(r"import .*gettext\w* as (\w+)|\{_\(")
    wrong = {
        str(path.relative_to(ROOT))
        for folder in PRODUCT
        for path in (ROOT / folder).rglob("*.py")
        for found in alias.finditer(path.read_text(encoding="utf-8"))
        if found[1] != "_"
    }
    assert not wrong, "call it gettext or _, outside of f-strings: what gathers the texts sees no others"


def test_nobody_is_addressed_in_two_ways() -> None:
    polite = re.compile(r"\b(Sie|Ihr|Ihre|Ihren|Ihrem|Ihrer)\b")
    at_starts = re.compile(r"(^|[.!?…:]\s+|\n)(Sie|Ihr|Ihre|Ihren|Ihrem|Ihrer)\b")
    told = [form for forms in german().values() for form in forms if polite.search(at_starts.sub(r"\1", form))]
    assert told == []


@pytest.mark.parametrize("text", ["Queue", "Library", "Sign in", "Undo"])
def test_what_is_seen_most_is_really_german(text: str) -> None:
    assert german()[text][0] not in ("", text)
