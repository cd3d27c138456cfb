"""A rate that all machines keep together, counted in Redis. Loaded only where there is one."""

from __future__ import annotations

import math
from functools import cache

import redis

from aniworld.live import redis_channel
from providers.rate import Rate

# What any of this raises when Redis is away.
AWAY = redis_channel.AWAY

_ANSWERS_WITHIN = 0.5
_FOREVER = 1e15
# As in `providers.shared_bucket`: when it was looked at, what had passed by then, what was taken. By Redis's clock, so
# that those of the machines do not matter. A key that nobody asked for in a day is forgotten.
_SCRIPT = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local known = redis.call('HMGET', KEYS[1], 'at', 'passed', 'taken')
local count, rate, burst = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local extra, within = tonumber(ARGV[5]), tonumber(ARGV[6])
local taken = tonumber(known[3]) or 0
local at, passed = math.min(tonumber(known[1]) or now, now), tonumber(known[2]) or taken + burst
passed = math.min(passed + (now - at) * rate, taken + burst)
local place, seconds = taken + count, 0
if ARGV[1] == 'remaining' then
    -- A place beyond all that was taken is of before Redis forgot everything.
    place = count
    if place > taken then place = passed end
end
seconds = math.max(0, (place - passed) / rate)
if ARGV[1] == 'take' and seconds <= within then taken = place + extra end
local function exact(number) return string.format('%.17g', number) end
redis.call('HSET', KEYS[1], 'at', exact(now), 'passed', exact(passed), 'taken', exact(taken))
redis.call('EXPIRE', KEYS[1], 86400)
return {exact(place), exact(seconds)}
"""


class RedisBucket:
    """One rate by name. Every method raises one of `AWAY` when Redis does not answer."""

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._key = f"aniworld:rate:{name}"

    def take(self, count: float, rate: Rate, *, extra: float = 0, within: float = math.inf) -> float | None:
        """As `SharedBucket.take`."""
        place, seconds = self._ask("take", count, rate, extra, within)
        return place if seconds <= within else None

    def remaining(self, place: float, rate: Rate) -> float:
        """As `SharedBucket.remaining`; 0 for a place that Redis has forgotten in a restart."""
        return self._ask("remaining", place, rate)[1]

    def wait_for(self, count: float, rate: Rate) -> float:
        """As `SharedBucket.wait_for`."""
        return self._ask("look", count, rate)[1]

    def _ask(
        self, verb: str, count: float, rate: Rate, extra: float = 0, within: float = math.inf
    ) -> tuple[float, float]:
        numbers = (count, rate.per_second, rate.burst, extra, min(within, _FOREVER))
        place, seconds = _script(self._url)(keys=[self._key], args=[verb, *(repr(float(one)) for one in numbers)])
        return float(place), float(seconds)


@cache
def _script(url: str) -> redis.commands.core.Script:
    """Registered once: its client keeps connections, and is safe over threads and forks."""
    client = redis_channel.client(url, socket_timeout=_ANSWERS_WITHIN, socket_connect_timeout=_ANSWERS_WITHIN)
    return client.register_script(_SCRIPT)
