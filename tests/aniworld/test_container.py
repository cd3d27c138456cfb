"""The image, the compose files and the unit for systemd: checked as far as that goes without an engine."""

from __future__ import annotations

import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aniworld.environment import ROOT

yaml = pytest.importorskip("yaml", reason="make test installs what this needs")

COMPOSE = ("docker-compose.yml", "docker-compose.scale.yml")
ENTRYPOINT = ROOT / "docker" / "entrypoint.sh"
HEALTHCHECK = ROOT / "docker" / "healthcheck.py"
# Of Python, of the shell, and of the other images.
NOT_OURS = {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD"}


def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text()


def composed(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / name).read_text())
    return found


def variables(name: str) -> Iterator[str]:
    for service in composed(name)["services"].values():
        yield from service.get("environment", {})
    yield from re.findall(r"\$\{([A-Z_]+)", (ROOT / name).read_text())


def test_the_dockerfile_is_as_hadolint_wants_it() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    if not linter.exists():
        pytest.skip("hadolint is not installed: make test does it")
    done = subprocess.run([str(linter), "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_image_is_pinned_and_has_no_build_tools() -> None:
    bases = re.findall(r"^FROM (\S+)", dockerfile(), re.MULTILINE)
    assert len(bases) == 2
    assert all(re.fullmatch(r"[\w/.-]+:\d+\.\d+\.\d+-slim-\w+", base) for base in bases)
    last = dockerfile().rpartition("\nFROM ")[2]
    assert not re.search(r"\b(gcc|build-essential|-dev|make|git|pip install)\b", last)
    assert "HEALTHCHECK" in last
    assert 'ENTRYPOINT ["tini", "--", "entrypoint"]' in last


def test_what_is_copied_is_there_and_let_through() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    names = {
        word for line in re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile(), re.MULTILINE) for word in line.split()
    }
    assert {"aniworld", "providers", "library", "downloads", "integrations", "manage.py"} <= names
    assert ignored[1] == "*"
    for name in names:
        assert (ROOT / name).exists(), name
        assert f"!{name.partition('/')[0]}" in ignored, name


def test_each_variable_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    block = re.search(r"^ENV (.*?)\n\n", dockerfile(), re.MULTILINE | re.DOTALL)
    assert block
    named = set(re.findall(r"\b([A-Z][A-Z0-9_]+)=", block[1])) | {one for name in COMPOSE for one in variables(name)}
    named |= set(re.findall(r"\$\{([A-Z_]+):-", ENTRYPOINT.read_text()))
    assert {"PUID", "PGID", "UMASK", "TZ", "DATA_DIR", "LIBRARY"} <= named
    assert sorted(name for name in named - NOT_OURS if f"`{name}`" not in readme) == []


@pytest.mark.parametrize("name", COMPOSE)
def test_the_compose_file_follows_the_specification(name: str) -> None:
    jsonschema_rs = pytest.importorskip("jsonschema_rs", reason="make test installs what this needs")
    schema = json.loads((ROOT / "tests" / "data" / "compose-spec-2026-06" / "compose-spec.json").read_text())
    validator = jsonschema_rs.validator_for(schema)
    assert [f"{list(error.instance_path)}: {error.message}" for error in validator.iter_errors(composed(name))] == []


@pytest.mark.parametrize("name", COMPOSE)
def test_what_a_compose_file_refers_to_is_there(name: str) -> None:
    whole = composed(name)
    volumes, services = set(whole.get("volumes") or {}), set(whole["services"])
    for service in whole["services"].values():
        assert set(service.get("depends_on") or {}) <= services
        named = [one.partition(":")[0] for one in service.get("volumes", ()) if re.match(r"\w+:", one)]
        assert set(named) <= volumes
        image = service["image"]
        assert image == "aniworld:local" or re.search(r":\d+\.\d", image), f"{image} is not pinned"
        assert service["restart"] == "unless-stopped"


def test_our_containers_have_no_more_rights_than_they_need() -> None:
    ours = [service for name in COMPOSE for service in composed(name)["services"].values() if "build" in service]
    assert len(ours) == 3
    for service in ours:
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
        assert service["read_only"] is True
        assert service["stop_grace_period"] == "15s"


def run_entrypoint(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(ENTRYPOINT), *command],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


@pytest.mark.parametrize(
    ("name", "value"), [("PUID", "me"), ("PGID", "-1"), ("UMASK", "999"), ("UMASK", "rwx"), ("PUID", "1;id")]
)
def test_a_wrong_variable_is_one_line(name: str, value: str, tmp_path: Path) -> None:
    done = run_entrypoint("true", **{"DATA_DIR": str(tmp_path), name: value})
    assert done.returncode == 64
    assert len(done.stderr.splitlines()) == 1
    assert name in done.stderr


def test_the_program_gets_the_umask_and_is_never_root(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    tmp_path.chmod(0o755)
    environment = {"DATA_DIR": str(data), "PUID": "4321", "PGID": "4322", "UMASK": "027"}
    if os.geteuid() == 0 and shutil.which("setpriv"):
        tmp_path.parent.parent.chmod(0o755)
        done = run_entrypoint("sh", "-c", "id -u; id -g; umask; echo $HOME", **environment)
        assert done.stdout.split() == ["4321", "4322", "0027", str(data)], done.stderr
        assert (data.stat().st_uid, data.stat().st_gid) == (4321, 4322)
        assert "PUID=0" in run_entrypoint("true", **{**environment, "PUID": "0"}).stderr
    else:
        done = run_entrypoint("sh", "-c", "id -u; umask", **environment)
        assert done.stdout.split() == [str(os.geteuid()), "0027"], done.stderr


class _Health(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        is_known = self.headers["Host"] == "nas.lan" and self.path == "/health"
        self.send_response(self.status if is_known else 400)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        return


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_health_check_says_what_the_server_says(status: int, code: int) -> None:
    handler = type("Handler", (_Health,), {"status": status})
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        environment = {**os.environ, "PORT": str(server.server_port), "ALLOWED_HOSTS": "nas.lan, other"}
        done = subprocess.run([sys.executable, str(HEALTHCHECK)], env=environment, capture_output=True, check=False)
        server.shutdown()
    assert done.returncode == code
    done = subprocess.run([sys.executable, str(HEALTHCHECK)], env=environment, capture_output=True, check=False)
    assert done.returncode == 1


def test_the_unit_is_understood_by_systemd(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if not program:
        pytest.skip("systemd-analyze is not installed")
    unit = (ROOT / "docs" / "systemd" / "aniworld.service").read_text()
    # It looks whether the program is there.
    unit = unit.replace("/srv/aniworld/.venv/bin/python", sys.executable).replace("/srv/aniworld", str(ROOT))
    (tmp_path / "aniworld.service").write_text(unit)
    done = subprocess.run(
        [program, "verify", "--man=no", str(tmp_path / "aniworld.service")], capture_output=True, text=True, check=False
    )
    assert "aniworld.service" not in done.stderr, done.stderr
