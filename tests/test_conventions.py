"""What the project agreed on, held by tests: names that must be documented, layers, sizes, licences."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from aniworld.api import api
from aniworld.environment import ROOT
from aniworld.live.publish import ROOM_OF, ROOMS
from providers import installed

LONGEST_FILE = 400
LONGEST_FUNCTION = 50
PRODUCT = ("aniworld", "providers", "library", "downloads", "integrations")
CODE = (*PRODUCT, "tests", "benchmarks")
READS = re.compile(
    r"(?:environ(?:\.get|\.setdefault)?[\[(]|getenv\(|environment\.(?:raw|text|boolean|integer|choice|words|listed|folder|read)\()"
    r"\s*\"([A-Z][A-Z0-9_]+)\""
)
# Django's own, set by manage.py.
NOT_OURS = {"DJANGO_SETTINGS_MODULE"}


@cache
def tracked() -> tuple[Path, ...]:
    """Every file of the repository, or of its folder where there is no git."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    names = listed.stdout.splitlines() or [str(path.relative_to(ROOT)) for path in _own_files()]
    return tuple(path for name in names if (path := ROOT / name).is_file())


def _own_files() -> Iterator[Path]:
    for folder in CODE:
        yield from (ROOT / folder).rglob("*")
    yield from ROOT.glob("*")


def python_files() -> list[Path]:
    return [path for path in tracked() if path.suffix == ".py" and "migrations" not in path.parts]


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("name", [*installed.CATALOGUES, *installed.HOSTS])
def test_each_provider_is_tested(name: str) -> None:
    tests = "\n".join(path.read_text() for path in (ROOT / "tests" / "providers").rglob("*.py"))
    assert re.search(rf"[\"']{re.escape(name)}[\"']", tests), f"no test in tests/providers names {name!r}"


def test_each_environment_variable_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    code = [path for path in python_files() if path.relative_to(ROOT).parts[0] in PRODUCT]
    read = {name for path in code for name in READS.findall(path.read_text())} - NOT_OURS
    assert len(read) > 20
    assert sorted(name for name in read if f"`{name}`" not in readme) == []


def test_each_variable_of_the_example_is_read() -> None:
    code = "\n".join(path.read_text() for path in python_files())
    names = re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert names
    assert [name for name in names if f'"{name}"' not in code] == []


def test_each_variable_of_the_readme_is_in_the_example() -> None:
    table = (ROOT / "README.md").read_text().partition("| Variable | Default | Meaning |")[2].partition("\n\n")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    told = {name for cell in cells for name in re.findall(r"`([A-Z_]+)`", cell)}
    assert told == set(re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


def test_each_address_of_the_api_is_documented() -> None:
    text = (ROOT / "docs" / "api.md").read_text()
    documented = {_without_names(path) for path in re.findall(r"/api/[\w{}/.:-]*|/health|/metrics", text)}
    paths = {_without_names(path) for path in api.get_openapi_schema()["paths"]}
    assert sorted(path for path in paths if path not in documented) == []


def _without_names(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path).rstrip("/").replace("/api/v1/", "/api/")


def test_each_event_room_is_documented() -> None:
    text = (ROOT / "docs" / "events.md").read_text()
    assert [name for name in (*ROOMS, *ROOM_OF) if f"`{name}`" not in text] == []


def test_the_layers_point_down_only() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    if not linter.exists():
        pytest.skip("import-linter is not installed: make test does it")
    result = subprocess.run([str(linter), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_the_folder_picture_of_the_architecture_is_true() -> None:
    picture = (ROOT / "docs" / "architecture.md").read_text().partition("## Folders")[2].partition("## ")[0]
    there = {path.relative_to(ROOT).parts[:-1] for path in tracked()}
    assert sorted(set(re.findall(r"(\w+)/", picture)) - {name for parts in there for name in parts}) == []
    alike = {"models", "api", "admin", "management", "migrations"}
    packages = {
        parts for parts in there if parts and parts[0] in PRODUCT and (ROOT.joinpath(*parts) / "__init__.py").exists()
    }
    apart = {parts[:2] for parts in packages if not alike & set(parts)}
    assert sorted("/".join(parts) for parts in apart if not re.search(rf"\b{parts[-1]}/", picture)) == []


def test_no_file_is_long() -> None:
    lengths = {short(path): len(path.read_text().splitlines()) for path in python_files()}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_function_is_long() -> None:
    long = {
        f"{short(path)}:{function.lineno} {function.name}": length
        for path in python_files()
        for function, length in _functions(path)
        if length > LONGEST_FUNCTION
    }
    assert long == {}


def _functions(path: Path) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node, (node.end_lineno or node.lineno) - node.lineno + 1


def test_nothing_tells_of_the_machine_it_was_written_on() -> None:
    places = tuple("/" + name + "/" for name in ("work", "root"))
    found = []
    for path in tracked():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        if "vendor" not in path.parts and any(re.search(rf"(?<![\w.\]}}*]){place}\w", text) for place in places):
            found.append(short(path))
    assert found == []


def test_vendored_files_carry_version_and_licence() -> None:
    vendor = ROOT / "aniworld" / "static" / "vendor"
    for folder in (path for path in vendor.iterdir() if path.is_dir()) if vendor.exists() else ():
        names = [path.name.upper() for path in folder.iterdir()]
        assert any(name.startswith(("LICENSE", "LICENCE", "COPYING")) for name in names), f"{folder.name}: no licence"


def test_the_sprite_holds_the_drawings_that_are_used_and_no_other() -> None:
    symbols = re.findall(r'<symbol id="([^"]+)"', next((ROOT / "aniworld").rglob("icons.svg")).read_text())
    assert symbols == (ROOT / "scripts" / "icons.txt").read_text().split()
    texts = [
        path.read_text()
        for path in tracked()
        if path.suffix in (".html", ".py", ".js") and path.relative_to(ROOT).parts[0] in PRODUCT
    ]
    asked = {name for text in texts for name in re.findall(r'(?:{% icon |drawing=)"([^"]+)"', text)}
    assert asked - set(symbols) == set()
    words = {word for text in texts for word in re.findall(r"[\"'#]([a-z0-9-]+)[\"']", text)}
    assert set(symbols) - words == set()


def test_each_required_package_is_explained() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text().lower()
    for file in ("requirements.txt", "requirements-oidc.txt", "requirements-dev.txt"):
        for name in re.findall(r"^([A-Za-z][\w.-]*)", (ROOT / file).read_text(), re.MULTILINE):
            assert re.search(rf"[|,] *{re.escape(name.lower())}\b", text), (
                f"CONTRIBUTING.md does not say why {name} is used"
            )


@pytest.mark.skipif("not config.getoption('loadgroup', False)", reason="tests are not spread by their groups")
def test_groups_of_tests_stay_together(request: pytest.FixtureRequest) -> None:
    """Tests that share a product of their own would else each start one, and find none of what was done before."""
    assert request.node.nodeid.endswith("@tests/test_conventions.py")
