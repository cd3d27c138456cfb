"""Finds clusters that are there but do no work.

Living processes prove nothing: one killed in the middle of a message, say, leaves half of it in the pipe that all
read from, and they wait for ever. So the watchdog rings a bell every 15 s that some worker must answer by a heartbeat.
A cluster whose workers are all busy owes no answer; one with a free worker that stays silent for 45 s is started again,
sooner when one of its processes vanished or is held by SIGSTOP.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable

from django.db import DatabaseError
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.tasks import async_task

from aniworld.supervisor import linux
from aniworld.supervisor import models as records
from aniworld.supervisor.changes import Changes
from aniworld.supervisor.forks import HELD_FOR, Cluster
from aniworld.supervisor.workers import BUSY

logger = logging.getLogger(__name__)

# Seconds.
RING_EVERY = 15.0
RING_AGAIN_AFTER = 3.0  # another machine's cluster may have taken the bell
SILENT_FOR = records.SILENCE.total_seconds()
SILENT_AT_START = 90.0
SILENT_AFTER_A_DEATH = 20.0
# Nobody looked for so long: this process itself was held or starved, and the silence in between says nothing.
BLIND_AFTER = 5.0
# More waiting tasks than this answer for the bell; another one would only pile up.
MOST_WAITING = 10


class Watch:
    """Judges one cluster of this `up`. Used by one thread; `look` wants to be called each second or two."""

    def __init__(self, part: Cluster, instance: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.part = part
        self._row = records.Cluster.objects.filter(instance=instance, name=part.name)
        self._instance = instance
        self._clock = clock
        self._starts = 0
        self._wedged = 0
        self._heartbeat: object = None
        self._changes = Changes()
        self._pids: set[int] = set()
        self._looked_at = self._quiet_since = self._held_since = clock()
        self._rung_at = self._proved_at = -RING_EVERY
        self._suspected_at: float | None = None

    def look(self) -> None:
        """One look: notices the heartbeat, rings when it is time, and says on the part why it must be started again."""
        if not self.part.is_running or self.part.complaint:
            return
        now = self._clock()
        if now - self._looked_at > BLIND_AFTER:
            self._excuse(now - self._looked_at)
        self._looked_at = now
        try:
            self._observe(now)
            self._ring(now)
        except Exception as error:  # broker errors come in every kind
            # Without database or broker no worker can answer, so none is blamed.
            logger.warning("The workers cannot be watched now: %s", error)
            self._quiet_since = now
            self._changes.forget()
            if isinstance(error, DatabaseError):
                raise
            return
        self._judge(now)

    def _observe(self, now: float) -> None:
        if self._starts != self.part.starts:
            self._begin(now)
        # A heartbeat is written, so there is no other one while nothing was.
        heartbeat = self._row.values_list("heartbeat_at", flat=True).first() if self._changes.any() else self._heartbeat
        if heartbeat != self._heartbeat:
            # Only that it changed counts, so a clock that is set wrong or jumps does no harm.
            self._heartbeat, self._quiet_since, self._suspected_at = heartbeat, now, None
            self.part.ready = True
        self._look_at_processes(now)

    def _begin(self, now: float) -> None:
        records.Cluster.objects.update_or_create(
            instance=self._instance,
            name=self.part.name,
            defaults={
                "host": socket.gethostname(),
                "process_group": self.part.group,
                "workers": self.part.workers - self.part.spare,
                "started_at": timezone.now(),
                "heartbeat_at": None,
                "restarts": self._wedged,
            },
        )
        self._starts, self._heartbeat, self._pids, self._suspected_at = self.part.starts, None, set(), None
        self._quiet_since = self._held_since = now
        self._rung_at = -RING_EVERY

    def _look_at_processes(self, now: float) -> None:
        group = self.part.group
        members = [member for member in linux.family(group) if member.group == group]
        pids = {member.pid for member in members}
        if self._suspected_at is None and not self._pids <= pids:
            self._suspected_at = now
        self._pids = pids
        if not any(member.stopped for member in members):
            self._held_since = now
        busy = sum(member.name == BUSY and not member.stopped for member in members)
        if busy >= self.part.workers:
            self._prove(now)

    def _prove(self, now: float) -> None:
        # Everybody is at work, so nobody is free to answer; the heartbeat that others read must not run out.
        self._quiet_since = now
        if now - self._proved_at >= RING_EVERY:
            self._proved_at = now
            records.Cluster.objects.beat(self._instance, self.part.name)

    def _ring(self, now: float) -> None:
        quiet = now - self._quiet_since
        pressing = quiet >= RING_EVERY or self._suspected_at is not None or not self.part.ready
        if now - self._rung_at < (RING_AGAIN_AFTER if pressing else RING_EVERY):
            return
        self._rung_at = now
        if get_broker(self.part.name).queue_size() < MOST_WAITING:
            async_task("aniworld.supervisor.tasks.tick", cluster=self.part.name, save=False)

    def _judge(self, now: float) -> None:
        if now - self._held_since >= HELD_FOR:
            self._complain("is held by SIGSTOP")
        elif now - self._quiet_since >= (SILENT_FOR if self.part.ready else SILENT_AT_START) or self._died_of_it(now):
            self._complain(f"has done no work for {now - self._quiet_since:.0f} s")

    def _died_of_it(self, now: float) -> bool:
        # A process vanished, and since then no worker took up anything although several bells rang.
        since = None if self._suspected_at is None else max(self._suspected_at, self._quiet_since)
        return since is not None and now - since >= SILENT_AFTER_A_DEATH

    def _complain(self, complaint: str) -> None:
        self._wedged += 1
        self.part.complaint = complaint

    def _excuse(self, seconds: float) -> None:
        self._quiet_since += seconds
        self._held_since += seconds
        if self._suspected_at is not None:
            self._suspected_at += seconds
