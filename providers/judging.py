"""How good a host is, judged from what was measured. Pure: no database, no clock, no chance but what is passed in.

A host's score is the throughput that is expected of it, time lost with failures included, as a share of the best
host's. Two figures make it: how often its downloads succeed (Beta) and how fast they then are. Both are remembered for
different times: a short memory follows what changes within minutes, a long one is what the short one starts from when
it has seen little, and the longest starts from what is usual for hosts of the language.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from math import exp, log
from typing import Any

from django.utils.translation import gettext as _

from aniworld.templatetags.quantities import size


@dataclass(frozen=True, slots=True)
class Memory:
    """How one memory works: after `half_life` seconds what was seen counts half.

    What was expected without it is worth as many downloads as `success` and `speed` say beside what it holds: how fast
    a host is, one download shows well; how often it fails, only many do. `known` is what one of its downloads adds to
    what is known of a host.
    """

    half_life: float
    success: float
    speed: float
    known: float


_HOUR = 3600.0
# The long one first: each starts from what the one before it expects.
MEMORIES = (
    Memory(48 * _HOUR, success=8, speed=0.5, known=0.1),
    Memory(6 * _HOUR, success=12, speed=0.3, known=0.3),
    Memory(1 * _HOUR, success=12, speed=0.3, known=1),
    # Notices within minutes that a busy host has begun to fail.
    Memory(_HOUR / 5, success=12, speed=2, known=0),
)
# So many of the last links of a host are looked at: fewer say nothing.
LAST_LINKS = 10
# The share of successes of a host of which nothing is known.
USUAL_SUCCESS = 0.85
# How much faster than expected an unknown host may be, as the logarithm of the factor.
DOUBT = 1.4
# While nothing was measured: bytes of a download, bytes per second, seconds lost with a failed one.
USUAL_SIZE, USUAL_SPEED, USUAL_LOSS = 300e6, 3e6, 20.0

# Downloads are added up in groups of about the same age: younger than so many seconds. What is older is forgotten.
AGES = (300.0, 900.0, _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR, 24 * _HOUR, 48 * _HOUR, 96 * _HOUR, 192 * _HOUR)


def typical_age(group: int) -> float:
    """Of what is in a group of `AGES`, in seconds."""
    return (AGES[group] + (AGES[group - 1] if group else 0.0)) / 2


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a host's downloads came to over a stretch of time, some `age` seconds ago.

    `size` and `seconds` are those of the successful ones, `lost` the seconds spent on the failed.
    """

    age: float
    tries: float
    successes: float
    size: float = 0.0
    seconds: float = 0.0
    lost: float = 0.0


@dataclass(slots=True)
class Sums:
    """Stretches added up, each by its weight."""

    tries: float = 0.0
    successes: float = 0.0
    size: float = 0.0
    seconds: float = 0.0
    lost: float = 0.0

    def add(self, stretch: Stretch | Sums, weight: float) -> None:
        """Takes a stretch in, or other sums."""
        self.tries += weight * stretch.tries
        self.successes += weight * stretch.successes
        self.size += weight * stretch.size
        self.seconds += weight * stretch.seconds
        self.lost += weight * stretch.lost


@dataclass(slots=True)
class Evidence:
    """What each of a host's memories holds, and what was counted in the language itself."""

    memories: tuple[Sums, ...]
    successes: int = 0
    tries: int = 0

    @classmethod
    def of(cls, stretches: Iterable[tuple[Stretch, float]]) -> Evidence:
        """What is left of the stretches now, each with its weight: below 1 for what says only something about it."""
        found = cls(tuple(Sums() for _memory in MEMORIES))
        for stretch, weight in stretches:
            for memory, sums in zip(MEMORIES, found.memories, strict=True):
                sums.add(stretch, weight * 0.5 ** (stretch.age / memory.half_life))
            if weight == 1:
                found.tries += round(stretch.tries)
                found.successes += round(stretch.successes)
        return found

    @property
    def longest(self) -> Sums:
        """What the longest memory holds."""
        return self.memories[0]


@dataclass(frozen=True, slots=True)
class Links:
    """`gone` of the `asked` links; never more than the last ones, and none older than a day."""

    gone: int = 0
    asked: int = 0

    @property
    def all_gone(self) -> bool:
        """Whether enough were asked for, and none was there."""
        return self.asked >= LAST_LINKS and self.gone == self.asked


NO_LINKS = Links()


@dataclass(frozen=True, slots=True)
class Score:
    """A host's standing: `value` 0 to 1 (1: the best of its language now), `throughput` in bytes per second or None.

    `successes` of `tries` downloads are those of the last days, as they were counted. `links` tells of the links that
    were asked for last, which the value knows nothing of: where none leads anywhere, nothing is downloaded.
    """

    value: float
    successes: int
    tries: int
    throughput: float | None
    links: Links = NO_LINKS

    @property
    def explanation(self) -> str:
        """Why, as a sentence for a person."""
        if not self.links.gone:
            return self._of_downloads
        told = {"downloads": self._of_downloads, "gone": self.links.gone, "asked": self.links.asked}
        return _("%(downloads)s; %(gone)d of its last %(asked)d links were gone") % told

    @property
    def _of_downloads(self) -> str:
        told: dict[str, Any] = {"value": self.value, "successes": self.successes, "tries": self.tries}
        if not self.tries and self.throughput is None:
            return _("score %(value).2f: no download tried yet, so it counts as an ordinary host") % told
        told["speed"] = size(self.throughput or 0)
        if not self.tries:
            return _("score %(value).2f: no download tried yet in this language, about %(speed)s/s in others") % told
        if self.throughput is None:
            return _("score %(value).2f: %(successes)d of %(tries)d downloads succeeded lately") % told
        return _("score %(value).2f: %(successes)d of %(tries)d downloads succeeded lately, about %(speed)s/s") % told


@dataclass(frozen=True, slots=True)
class Expected:
    """What is to be expected of a host: its share of successes, its bytes per second, and how much is known of it.

    `known` is about the number of its latest downloads.
    """

    success: float
    speed: float
    known: float

    def pays(self, usual: Usual) -> float:
        """Bytes per second with the time lost in failures, each of which is followed by another try."""
        lost = usual.loss * (1 - self.success) / max(self.success, 1e-3)
        return usual.size / (usual.size / self.speed + lost)

    def may_pay(self, usual: Usual) -> float:
        """The same with the speed that it may have for all that is known: the less that is, the more."""
        return self.pays(usual) * exp(DOUBT / (1 + self.known) ** 0.5)


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual among the hosts of a language: a download's bytes, bytes per second, seconds lost by a failure."""

    size: float = USUAL_SIZE
    speed: float = USUAL_SPEED
    loss: float = USUAL_LOSS

    @classmethod
    def among(cls, hosts: Iterable[Evidence]) -> Usual:
        """Each host that was measured has one voice on speed, whatever its share of the downloads."""
        total, speeds = Sums(), []
        for host in hosts:
            kept = host.longest
            total.add(kept, 1)
            if kept.seconds > 0 and kept.size > 0:
                speeds.append((log(kept.size / kept.seconds), min(1.0, kept.successes)))
        voices = sum(weight for _speed, weight in speeds)
        speed = exp(sum(one * weight for one, weight in speeds) / voices) if voices else USUAL_SPEED
        failures = total.tries - total.successes
        return cls(
            (USUAL_SIZE + total.size) / (1 + total.successes),
            speed,
            (USUAL_LOSS + total.lost) / (1 + failures),
        )

    def expected(self, host: Evidence) -> Expected:
        """Of a host; without any evidence, what is usual."""
        success, pace, known = USUAL_SUCCESS, 1 / self.speed, 0.0
        for memory, sums in zip(MEMORIES, host.memories, strict=True):
            success = (memory.success * success + sums.successes) / (memory.success + sums.tries)
            weight = memory.speed * self.size
            pace = (weight * pace + sums.seconds) / (weight + sums.size)
            known += memory.known * sums.tries
        return Expected(success, 1 / pace, known)


def expectations(hosts: Mapping[str, Evidence]) -> tuple[Usual, dict[str, Expected]]:
    """What is usual among the hosts, and what is expected of each."""
    usual = Usual.among(hosts.values())
    return usual, {name: usual.expected(host) for name, host in hosts.items()}


def judged(hosts: Mapping[str, Evidence]) -> dict[str, Score]:
    """The score of each host beside the others."""
    usual, expected = expectations(hosts)
    pays = {name: one.pays(usual) for name, one in expected.items()}
    best = max(pays.values(), default=1.0)
    return {name: _score(hosts[name], expected[name], pays[name] / best) for name in hosts}


def _score(host: Evidence, expected: Expected, value: float) -> Score:
    return Score(value, host.successes, host.tries, expected.speed if host.longest.seconds else None)


def promising(hosts: Mapping[str, Evidence], among: Collection[str]) -> str | None:
    """Of some hosts the one that may be the best for all that is known. None while nothing is known of any.

    Much is known of a good host and of a bad one alike, so it is mostly one of which little is.
    """
    usual, expected = expectations(hosts)
    if not any(expected[name].known for name in among):
        return None
    return max(among, key=lambda name: expected[name].may_pay(usual))
