"""What the environment says about the demo site: how fast it serves, how long its clips are, and what goes wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aniworld import environment
from providers.demo.faults import UnknownFault, read_fault, read_plan

DEFAULT_SPEED = 1_500_000
DEFAULT_CLIP_SECONDS = 24
SITES = ("demo", "demo-file", "demo-hls", "demo-aes")


@dataclass(frozen=True, slots=True)
class Options:
    """`speed` in bytes a second for each stream, 0 as fast as it goes; `faults` by the catalogue's or a host's name.

    Every `news_minutes` an episode or a dub comes out, 0: never.
    """

    speed: int
    clip_seconds: int
    faults: dict[str, Any]
    news_minutes: int = 0


def read() -> Options:
    """Raises `environment.WrongValue` for what the demo site could not start with."""
    return Options(
        environment.integer("DEMO_SPEED", DEFAULT_SPEED, 0, 10**12),
        environment.integer("DEMO_CLIP_SECONDS", DEFAULT_CLIP_SECONDS, 2, 600),
        _faults(),
        environment.integer("DEMO_NEWS_MINUTES", 0, 0, 10080),
    )


def _faults() -> dict[str, Any]:
    text = environment.raw("DEMO_FAULTS")
    if text is None:
        return {}
    try:
        return _checked_plan(text)
    except UnknownFault as error:
        allowed = f'{error}. Write JSON such as {{"demo-file": {{"fault": "stall"}}}}, or name a file with it'
        raise environment.WrongValue("DEMO_FAULTS", text, allowed) from None


def _checked_plan(text: str) -> dict[str, Any]:
    plan = read_plan(text)
    for site, faults in plan.items():
        if site not in SITES:
            raise UnknownFault(f"“{site}” is none of {', '.join(SITES)}")
        for one in faults if isinstance(faults, list) else [faults]:
            read_fault(one)
    return plan
