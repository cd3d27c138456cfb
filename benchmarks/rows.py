"""A figure of the tables: what was done, what was to be reached, what was reached."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table. `met` is None where the figure has no goal, or could not be measured."""

    work: str
    goal: str = ""
    peer: str = ""
    ours: str = ""
    ratio: str = ""
    met: bool | None = None

    @property
    def verdict(self) -> str:
        return "" if self.met is None else "yes" if self.met else "**no**"

    @property
    def cells(self) -> tuple[str, ...]:
        return self.work, self.goal, self.peer, self.ours, self.ratio, self.verdict


HEAD = ("work", "goal", "peer", "ours", "ratio", "met")


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    rows: Sequence[Row]

    def markdown(self) -> str:
        lines = ["| " + " | ".join(cells) + " |" for cells in (HEAD, ("---",) * len(HEAD))]
        lines += ["| " + " | ".join(row.cells) + " |" for row in self.rows]
        return f"### {self.title}\n\n" + "\n".join(lines) + "\n"


def summary(tables: Sequence[Table]) -> str:
    """All figures as one table, and which goals are missed or could not be tried."""
    rows = [row for table in tables for row in table.rows]
    lines = [HEAD, *(row.cells for row in rows)]
    widths = [max(len(cells[column]) for cells in lines) for column in range(len(HEAD))]
    told = ["  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip() for cells in lines]
    judged = [row for row in rows if row.met is not None]
    told.append(f"\n{sum(bool(row.met) for row in judged)} of {len(judged)} goals met")
    told += [f"missed: {row.work}: {row.ours}, {row.goal}" for row in judged if not row.met]
    told += [f"{row.work}: {row.ours}" for row in rows if "not " in row.ours and row.met is None]
    return "\n".join(told)


def show(row: Row) -> Row:
    """Prints it as soon as it is known, and hands it on."""
    print("  ".join(cell for cell in row.cells if cell), flush=True)
    return row


def missing(work: str, program: str, package: str) -> Row:
    return show(Row(work, ours=f"not measured: {program} is missing, apt install {package}"))


def against(work: str, goal: float, peer: str, theirs: float, ours: float) -> Row:
    """Seconds against a peer's; the goal is the largest ratio."""
    ratio = ours / theirs
    told = f"{peer} {theirs:.2f} s"
    return show(Row(work, f"≤ {goal:g} × {peer}", told, f"{ours:.2f} s", f"{ratio:.2f}", ratio <= goal))


def within(work: str, most: float, value: float, unit: str, *, detail: str = "") -> Row:
    """A value against a limit in the same unit."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    ours = f"{value:.{digits}f} {unit}" + (f" ({detail})" if detail else "")
    return show(Row(work, f"≤ {most:g} {unit}", "", ours, f"{value / most:.2f}", value <= most))


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]


median = statistics.median
