"""How near the chosen order of hosts comes to always choosing the best, in a simulation of 20 hosts that change.

Every host has a speed and a share of successes of its own; both drift, and from time to time it fails for hours. All
contestants live through the same days, one download after the other, and what counts is bytes per second, the time lost
with failed tries included. The oracle knows what each host is worth at that moment, ours only what its downloads
showed, added up by age as the database adds them up. A host that fails costs time, and then the next in order is tried.
"""

from __future__ import annotations

import os
import random
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from math import exp, log, sqrt
from multiprocessing import get_context

from benchmarks.rows import Row, Table, median, show
from providers.judging import AGES, Evidence, Stretch, Sums, judged, promising, typical_age

HOSTS = 20
HOUR, DAY = 3600.0, 86400.0
# Seconds for which a host's quality stays as it is.
STEP = 300.0
# Mean bytes of a download and its variation, seconds lost with a failed try.
SIZE, SIZE_SPREAD, LOSS = 300e6, 0.3, 20.0
# Speed: bytes per second of the middle host, how far hosts differ for good and for a while, and how long a while is.
SPEED, FOR_GOOD, FOR_A_WHILE, WHILE = 3e6, 0.4, 0.6, 3 * DAY
# How far two downloads of the same host at the same time differ.
NOISE = 0.25
# A host fails for two hours in the mean, once in two days; then one try of 50 succeeds.
OUTAGE_EVERY, OUTAGE_LASTS, OUTAGE_SUCCESS = 2 * DAY, 2 * HOUR, 0.02
# The default of `providers.explore_percent`.
EXPLORE = 0.05
GOAL = 0.95
DAYS, SEEDS = 14, (1, 2, 3, 4, 5)


class World:
    """What each host is worth at each step: its speed and the share of its tries that succeed."""

    def __init__(self, seed: int, days: float) -> None:
        self.chance = random.Random(seed)
        self.steps = int(days * DAY / STEP)
        self.speeds: list[list[float]] = []
        self.successes: list[list[float]] = []
        for _host in range(HOSTS):
            middle = log(SPEED) + self.chance.gauss(0, FOR_GOOD)
            self.speeds.append([exp(middle + FOR_A_WHILE * drift) for drift in self._drift()])
            # Mostly between 60 and 99 percent.
            well = [1 / (1 + exp(-2.5 - drift)) for drift in self._drift()]
            self.successes.append(
                [OUTAGE_SUCCESS if out else one for one, out in zip(well, self._outages(), strict=True)]
            )

    def _drift(self) -> list[float]:
        """A walk that always tends back to 0, with the standard deviation 1."""
        keep = exp(-STEP / WHILE)
        values = [self.chance.gauss(0, 1)]
        for _step in range(self.steps - 1):
            values.append(keep * values[-1] + sqrt(1 - keep * keep) * self.chance.gauss(0, 1))
        return values

    def _outages(self) -> list[bool]:
        out, left = [], 0.0
        for _step in range(self.steps):
            if left <= 0 and self.chance.random() < STEP / OUTAGE_EVERY:
                left = self.chance.expovariate(1 / OUTAGE_LASTS)
            out.append(left > 0)
            left -= STEP
        return out

    def at(self, host: int, now: float) -> tuple[float, float]:
        """Speed and share of successes."""
        step = min(self.steps - 1, int(now / STEP))
        return self.speeds[host][step], self.successes[host][step]


class Contestant:
    """Orders the hosts of an episode, and is told what came of it."""

    def order(self, now: float) -> Sequence[int]:
        raise NotImplementedError

    def saw(self, now: float, host: int, size: float, seconds: float) -> None:
        """A try ended; `size` 0: it failed."""


class Oracle(Contestant):
    def __init__(self, world: World) -> None:
        self.world = world

    def order(self, now: float) -> Sequence[int]:
        def seconds(host: int) -> float:
            speed, success = self.world.at(host, now)
            return SIZE / speed + LOSS * (1 - success) / success

        return sorted(range(HOSTS), key=seconds)


class Fixed(Contestant):
    def order(self, _now: float) -> Sequence[int]:
        return range(HOSTS)


class Shuffled(Contestant):
    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def order(self, _now: float) -> Sequence[int]:
        return self.chance.sample(range(HOSTS), HOSTS)


class Ours(Contestant):
    """The score of the product, over downloads added up like the database's: by hour, the last hour one by one."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.logs = [Log() for _host in range(HOSTS)]

    def order(self, now: float) -> Sequence[int]:
        evidence = {str(host): one.evidence(now) for host, one in enumerate(self.logs)}
        scores = judged(evidence)
        names = sorted(evidence, key=lambda name: (-scores[name].value, int(name)))
        if self.chance.random() < EXPLORE:
            first = promising(evidence, names)
            names.sort(key=lambda name: name != first)
        return [int(name) for name in names]

    def saw(self, now: float, host: int, size: float, seconds: float) -> None:
        self.logs[host].add(now, size, seconds)


class Log:
    """One host's downloads."""

    # Seconds after which an hour is rolled up, and for which ages are taken as they were.
    _LATE, _FRESH, _FRESH_HOURS = 120.0, 60.0, 900.0

    def __init__(self) -> None:
        self._recent: list[tuple[float, Stretch]] = []
        self._hours: dict[int, Sums] = defaultdict(Sums)
        self._old: tuple[float, list[Stretch]] = -self._FRESH_HOURS, []
        self._known: tuple[float, Evidence] | None = None

    def add(self, now: float, size: float, seconds: float) -> None:
        done = Stretch(0, 1, 1, size, seconds) if size else Stretch(0, 1, 0, lost=seconds)
        self._recent.append((now, done))
        self._known = None

    def evidence(self, now: float) -> Evidence:
        if self._known is None or now - self._known[0] > self._FRESH:
            stretches = [*self._older(now), *grouped((now - moment, one) for moment, one in self._recent)]
            self._known = now, Evidence.of((one, 1.0) for one in stretches)
        return self._known[1]

    def _older(self, now: float) -> list[Stretch]:
        until = (now - self._LATE) // HOUR * HOUR
        over = [pair for pair in self._recent if pair[0] < until]
        if over or now - self._old[0] >= self._FRESH_HOURS:
            self._recent = self._recent[len(over) :]
            for moment, one in over:
                self._hours[int(moment // HOUR)].add(one, 1)
            for hour in [hour for hour in self._hours if HOUR * hour < now - AGES[-1]]:
                del self._hours[hour]
            self._old = now, grouped((now - HOUR * (hour + 0.5), one) for hour, one in self._hours.items())
        return self._old[1]


def grouped(aged: Iterable[tuple[float, Stretch | Sums]]) -> list[Stretch]:
    """Added up in groups of about the same age."""
    groups: dict[int, Sums] = defaultdict(Sums)
    for age, one in aged:
        groups[min(bisect_right(AGES, age), len(AGES) - 1)].add(one, 1)
    return [
        Stretch(typical_age(group), one.tries, one.successes, one.size, one.seconds, one.lost)
        for group, one in groups.items()
    ]


def throughput(world: World, contestant: Contestant, seed: int) -> tuple[float, int]:
    """Bytes per second over the world's days, and the downloads."""
    chance, now, size_of_all, count = random.Random(seed), 0.0, 0.0, 0
    while now < world.steps * STEP:
        size = SIZE * exp(chance.gauss(0, SIZE_SPREAD))
        for host in contestant.order(now):
            speed, success = world.at(host, now)
            succeeds = chance.random() < success
            seconds = size / (speed * exp(chance.gauss(0, NOISE))) if succeeds else chance.expovariate(1 / LOSS)
            now += seconds
            contestant.saw(now, host, size if succeeds else 0.0, seconds)
            if succeeds:
                size_of_all += size
                count += 1
                break
    return size_of_all / now, count


def shares(seed: int, days: float) -> tuple[float, float, float, int]:
    """Of the oracle's throughput: ours, the fixed order's, the random one's; and our downloads."""
    world = World(seed, days)
    best, _count = throughput(world, Oracle(world), seed)
    ours, count = throughput(world, Ours(seed), seed)
    others = [throughput(world, one, seed)[0] / best for one in (Fixed(), Shuffled(seed))]
    return ours / best, others[0], others[1], count


def measure() -> list[Table]:
    rows, reached = [], []
    # Nothing here is timed, so that the worlds may be lived through side by side, and beside what is.
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), os.nice, (19,)) as pool:
        answers = list(pool.map(shares, SEEDS, repeat(DAYS)))
    for seed, (ours, fixed, shuffled, count) in zip(SEEDS, answers, strict=True):
        work = f"{count} downloads in {DAYS} days, seed {seed}"
        rows.append(show(Row(work, "", f"fixed order {fixed:.0%}, random {shuffled:.0%}", f"{ours:.1%}")))
        reached.append(ours)
    middle = median(reached)
    told = f"{middle:.1%} ({min(reached):.1%} to {max(reached):.1%})"
    work = f"{HOSTS} hosts of changing quality, median of {len(SEEDS)} seeds"
    rows.append(show(Row(work, f"≥ {GOAL:.0%} of the oracle", "oracle 100%", told, f"{middle:.3f}", middle >= GOAL)))
    return [Table("Choice of the host, throughput as a share of the oracle's", rows)]
