"""Which lines go into which file: several processes append to the same ones, and the supervisor rotates them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_TALKATIVE = ("urllib3", "requests", "asyncio", "PIL", "watchfiles", "apprise")


def configuration(folder: Path, level: str, *, as_json: bool) -> dict[str, Any]:
    """What Django's `LOGGING` is to be, with the level to begin with."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "context": {"()": "aniworld.logs.ContextFilter"},
            "one host a minute": {"()": "aniworld.logs.Seldom", "seconds": 60.0},
            "one form a minute": {"()": "aniworld.logs.Seldom", "seconds": 60.0},
        },
        "formatters": {"line": {"()": "aniworld.logs.LineFormatter", "as_json": as_json}},
        "handlers": {
            "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["context"]},
            "app": _file(folder / "app.log"),
            "download": _file(folder / "download.log"),
            "error": _file(folder / "error.log", level="ERROR"),
        },
        "root": {"handlers": ["app", "error", "console"], "level": level},
        "loggers": {
            # What is configured while it runs sets the root's level (aniworld.log_level), and these follow it.
            "downloads": {"handlers": ["download"]},
            # They tell of every byte, and of whole addresses.
            **{name: {"level": "WARNING"} for name in _TALKATIVE},
            "django.template": {"level": "INFO"},
            "django-q": {"handlers": ["app", "error"], "level": "WARNING", "propagate": False},
            "daphne": {"level": "WARNING"},
            "django.server": {"level": "WARNING"},
            # What strangers get wrong is answered and not logged, or they could push everything else out of the files.
            "django.request": {"level": "ERROR"},
            "django.security": {"level": "CRITICAL"},
            # What a wrong ALLOWED_HOSTS or CSRF_TRUSTED_ORIGINS leads to must not stay unseen, though.
            "django.security.DisallowedHost": {"level": "ERROR", "filters": ["one host a minute"]},
            "aniworld.pages.errors": {"filters": ["one form a minute"]},
        },
    }


def _file(path: Path, **extra: Any) -> dict[str, Any]:
    return {
        "class": "aniworld.logs.PrivateFile",
        "filename": str(path),
        "formatter": "line",
        "filters": ["context"],
        "encoding": "utf-8",
        "errors": "backslashreplace",
        "delay": True,
        **extra,
    }
