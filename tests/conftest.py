"""Every test process gets a data folder of its own, before Django reads its settings, and a real SQLite file in it."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

import django
import pytest

from aniworld import environment

# An operator's variables and .env have no say in tests, nor has an `up` that started them; empty counts as not set.
_OPERATORS = re.findall(r"^# ([A-Z_]+)=", (environment.ROOT / ".env.example").read_text(), re.MULTILINE)
_OF_UP = ("UP", "INSTANCE", "DATA_DIR", "STARTED_AT", "WORKERS", "PAGES", "WEB")
for _name in (*_OPERATORS, "Q_CLUSTER_NAME", *(f"ANIWORLD_{_end}" for _end in _OF_UP)):
    os.environ[_name] = ""
    os.environ.pop(f"{_name}_FILE", None)

DATA_DIR = Path(tempfile.mkdtemp(prefix="aniworld-tests-"))
atexit.register(shutil.rmtree, DATA_DIR, ignore_errors=True)
os.environ["DATA_DIR"] = str(DATA_DIR)
os.environ["DEMO"] = "off"
# Database work in tests that run an event loop of their own.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
os.environ["DJANGO_SETTINGS_MODULE"] = "aniworld.settings"
django.setup()
# The processes of pytest-xdist inherit the environment and must not load settings before they were here.
del os.environ["DJANGO_SETTINGS_MODULE"]
# Other programs that tests start are there in half the time without admin and API. `up` decides for itself.
os.environ["ANIWORLD_PAGES"] = "off"

from django.conf import settings  # noqa: E402  # read just now, by django.setup()
from django.utils import translation  # noqa: E402  # likewise

from aniworld.configuration import store  # noqa: E402  # its models exist only from here on
from providers import chain, recording, score  # noqa: E402  # likewise
from providers.models import Provider  # noqa: E402  # likewise

# Groups of tests that take minutes, the longest first: whoever begins one last is waited for at the end.
LONGEST = (
    "browser",
    "tests/downloads/test_faults.py",
    "browser apart",
    "kills",
    "restarts",
    "integrations",
    "scale",
    "watchdog",
    "end-to-end",
    "up",
)

# Hashing a password takes as long as ten tests; the processes that tests start hash them as the product does.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Most tests run in a transaction, which a second connection would wait for: who reads flushes.
recording.EVERY = 3600.0


class _NoChance(Random):
    """Every download begins at the host that is the best; tests of the chance put in their own."""

    def random(self) -> float:
        return 1.0


chain.CHANCE = _NoChance()

try:
    from hypothesis import HealthCheck
    from hypothesis import settings as hypothesis
except ImportError:
    # requirements.txt alone tests in the small; the tests that need more say so.
    pass
else:
    _always: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck)}
    hypothesis.register_profile("short", max_examples=60, **_always)
    hypothesis.register_profile("medium", max_examples=1500, **_always)
    hypothesis.register_profile("long", max_examples=20000, **_always)
    hypothesis.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "short"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """What pyproject.toml sets for plugins of requirements-dev.txt is known without them, too."""
    if find_spec("pytest_timeout") is None:
        parser.addini("timeout", "of pytest-timeout, which is not installed")


def pytest_configure(config: pytest.Config) -> None:
    """As above."""
    config.addinivalue_line("markers", "xdist_group(name): runs in one process of pytest-xdist")


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Long groups first, then what starts processes, then the rest, which fills what time there is.

    A module without a group is one: what its tests share is made once.
    """
    for item in items:
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
    yield
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    mark = item.get_closest_marker("xdist_group")
    name = mark.args[0] if mark else ""
    if name in LONGEST:
        return LONGEST.index(name)
    return len(LONGEST) + (item.get_closest_marker("processes") is None)


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """The tests use a file with the product's own locking instead of SQLite's memory mode, which locks otherwise."""
    database: dict[str, Any] = settings.DATABASES["default"]
    database.setdefault("TEST", {})["NAME"] = str(DATA_DIR / "tests.db")


@pytest.fixture(autouse=True)
def _fresh_configuration() -> None:
    """No test sees the configuration or the providers that another one cached, nor the language it has left."""
    translation.deactivate()
    store.forget()
    Provider.forget()
    recording.discard()
    score.forget()


def pytest_report_header() -> str:
    """Where this run keeps its data."""
    return f"data folder: {DATA_DIR} (project {environment.ROOT})"
