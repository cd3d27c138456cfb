"""The fault plan of the demo site: what goes wrong, at which host, at which step, how often."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from providers.demo.fault_kinds import KINDS, STAGES, Fault


@dataclass(frozen=True, slots=True)
class Situation:
    """The request that a fault may strike. `age` and `uses` (this one included) are those of the stream address.

    `is_probe`: only the first kilobyte is asked for, as a resolver does to see what is there.
    """

    host: str
    stage: str
    path: str
    age: float = 0
    uses: int = 0
    is_probe: bool = False


class UnknownFault(ValueError):
    """A plan that can't be read; the text says what is wrong."""


class FaultPlan:
    """The faults in force, per host (`demo` is the catalogue). Shared by all connections."""

    def __init__(self) -> None:
        self._faults: dict[str, list[Fault]] = {}
        self._lock = threading.Lock()

    def set(self, host: str, plan: Any) -> None:
        """Replaces the faults of a host by one fault or a list of them. Raises `UnknownFault`."""
        faults = [read_fault(entry) for entry in (plan if isinstance(plan, list) else [plan])]
        with self._lock:
            self._faults[host] = faults

    def clear(self, host: str | None = None) -> None:
        """Takes the faults of one host away, or all."""
        with self._lock:
            for name in [host] if host else list(self._faults):
                self._faults.pop(name, None)

    def holds(self, host: str) -> bool:
        """Whether what that host held back is to be held still."""
        with self._lock:
            return any(fault.fault == "hold" for fault in self._faults.get(host, []))

    def shown(self) -> dict[str, list[dict[str, Any]]]:
        """The faults in force, as they were given, with what is left of `times` and `skip`."""
        with self._lock:
            return {
                host: [{item.name: getattr(fault, item.name) for item in fields(Fault)} for fault in faults]
                for host, faults in self._faults.items()
            }

    def take(self, situation: Situation) -> Fault | None:
        """The first fault that strikes this request; it is counted."""
        with self._lock:
            for fault in self._faults.get(situation.host, []):
                if not _fits(fault, situation):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                return replace(fault)
        return None


def read_plan(text: str) -> dict[str, Any]:
    """A plan for several hosts: JSON, or the name of a file with it. Raises `UnknownFault`."""
    try:
        found = json.loads(text if text.lstrip().startswith("{") else Path(text).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnknownFault(f"the fault plan can't be read: {error}") from None
    if not isinstance(found, dict):
        raise UnknownFault("the fault plan must be an object of hosts")
    return found


def read_fault(entry: Any) -> Fault:
    """A fault from its JSON object. Raises `UnknownFault`."""
    if not isinstance(entry, Mapping) or str(entry.get("fault")) not in KINDS:
        raise UnknownFault(f"fault must be one of {', '.join(KINDS)}")
    unknown = set(entry) - {item.name for item in fields(Fault)}
    if unknown or entry.get("stage", "") not in ("", *STAGES):
        raise UnknownFault(
            f"unknown: {', '.join(sorted(unknown)) or entry.get('stage')}; stages are {', '.join(STAGES)}"
        )
    given = {**entry, "fault": str(entry["fault"])}
    if "retry_after" in given:
        given["retry_after"] = str(given["retry_after"])
    return Fault(**given)


def _fits(fault: Fault, situation: Situation) -> bool:
    kind = KINDS[fault.fault]
    spared = fault.times == 0 or (situation.is_probe and kind.spares_probes)
    if spared or situation.stage not in fault.stages() or fault.match not in situation.path:
        return False
    if fault.fault != "expire":
        return True
    by_age = fault.after_seconds is not None and situation.age >= fault.after_seconds
    by_use = fault.after_requests is not None and situation.uses > fault.after_requests
    return by_age or by_use
