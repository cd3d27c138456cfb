"""Runs what is named, or everything; everything also writes the tables of docs/performance.md."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module

import pytest

from benchmarks import machine
from benchmarks.rows import Row, Table, show, summary
from benchmarks.timing import ROOT

# In this order: what is started last would disturb what is measured first.
PARTS = {"engine": "benchmarks.engine", "queue": "benchmarks.queue", "start": "benchmarks.start"}
PARTS["live"] = "benchmarks.sockets"
PARTS["scan"] = "benchmarks.scan"
PARTS["recording"] = "benchmarks.recording"
PARTS["bandwidth"] = "benchmarks.bandwidth"
PARTS["choice"] = "benchmarks.choice"
PARTS["admin"] = "benchmarks.admin"
# What is only reckoned, at the lowest priority, while another part waits for its clock most of the time.
BESIDE = {"bandwidth": "choice"}
# Seconds for everything.
LONGEST = 15 * 60
DOCUMENT = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--write", action="store_true", help="put only these tables in place in docs/performance.md")
    arguments = parser.parse_args()
    unknown = [part for part in arguments.parts if part not in PARTS]
    if unknown:
        parser.error(f"there is no {unknown[0]}; there are {', '.join(PARTS)}")
    began, described = time.monotonic(), machine.described()
    tables = [table for tables in all_measured(arguments.parts or list(PARTS)) for table in tables]
    took = time.monotonic() - began
    if not arguments.parts:
        write(f"{described} The whole took {took / 60:.1f} minutes.", tables)
    elif arguments.write:
        write(None, tables)
    print(f"\n{summary(tables)}\n{took:.0f} s")
    if took > LONGEST:
        print(f"That is longer than the {LONGEST / 60:.0f} minutes it should take.")


def all_measured(parts: Sequence[str]) -> Iterator[Sequence[Table]]:
    """The tables of these parts, in order."""
    begun: dict[str, Future[Sequence[Table]]] = {}
    with ThreadPoolExecutor() as pool:
        for part in parts:
            other = BESIDE.get(part)
            if other and other in parts:
                begun[other] = pool.submit(measured, other)
            yield begun[part].result() if part in begun else measured(part)


def measured(part: str) -> Sequence[Table]:
    """The tables of a part; one that fails says so instead of ending the others."""
    print(f"\n== {part}", flush=True)
    measure: Callable[[], list[Table]] = import_module(PARTS[part]).measure
    began = time.monotonic()
    try:
        return measure()
    except (Exception, pytest.fail.Exception) as error:
        return [Table(part, [show(Row(part, ours=f"could not be measured: {str(error)[:200]}"))])]
    finally:
        print(f"{part}: {time.monotonic() - began:.0f} s", flush=True)


def write(described: str | None, tables: Sequence[Table]) -> None:
    """Puts the tables between the marks; without `described` only those of the same title are exchanged."""
    before, _begin, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    present, _end, after = rest.partition(END)
    if described:
        present = "\n".join([f"{described}\n", *(table.markdown() for table in tables)])
    else:
        kept = {part.partition("\n")[0]: part for part in present.split("\n### ")[1:]}
        kept |= {table.title: table.markdown().removeprefix("### ") for table in tables}
        head = present.split("\n### ")[0]
        present = "\n### ".join([head, *(part.rstrip("\n") + "\n" for part in kept.values())])
    DOCUMENT.write_text(f"{before}{BEGIN}\n{present.strip()}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
