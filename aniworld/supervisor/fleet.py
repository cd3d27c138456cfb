"""This `up` among those of all machines: tells that it is there, and knows whether it is the one that leads.

What must be done once for all machines (looking for what is due and ringing for it) is done by the one that leads.
Nothing is doubled when two believe for a moment that they do: what they ring for is claimed, as always.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable

from django.conf import settings
from django.db import IntegrityError
from django.utils.crypto import salted_hmac

from aniworld import __version__, clock
from aniworld.supervisor import instance
from aniworld.supervisor.changes import Changes
from aniworld.supervisor.models import LEADS_FOR, Machine

logger = logging.getLogger(__name__)

# Seconds between two signs of life.
SIGN_EVERY = 5.0
# While nothing is written, what time alone makes due is looked for only this often.
LOOK_ANYWAY = 3.0


class OtherKey(Exception):
    """Another machine on this database has another SECRET_KEY. `host` is which."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self.host = host


class Member:
    """One `up` among all. Used by one thread, but for `leads`."""

    def __init__(self, *, web: bool, workers: bool) -> None:
        self._roles = {"web": web, "workers": workers}
        self._leads_since = self._leads_until = 0.0

    @property
    def leads(self) -> bool:
        """Whether what has to be done once for all is this one's to do, as far as it can know without asking."""
        return time.monotonic() < self._leads_until

    def join(self) -> None:
        """Makes itself known. Raises `OtherKey`."""
        others = Machine.objects.living().besides(instance.name())
        stranger = others.exclude(key_print__in=["", _key_print()]).first()
        if stranger:
            raise OtherKey(stranger.host)
        self._make_known()

    def sign(self) -> None:
        """Says that it is there, and leads when nobody else does. Wants to be called every `SIGN_EVERY` seconds."""
        if not Machine.objects.heard_of(instance.name()):
            self._make_known()
        led, began = self.leads, time.monotonic()
        if Machine.objects.lead(instance.name()):
            # A little less than the others wait for.
            self._leads_until = began + LEADS_FOR.total_seconds() - 2
        else:
            self._leads_until = 0.0
        if self.leads and not led:
            self._leads_since = began
            # Where there is only one, that goes without saying.
            level = logging.DEBUG if settings.EMBEDDED else logging.INFO
            logger.log(level, "This machine leads now: it looks for what is due")

    @property
    def knows_the_others(self) -> bool:
        """Whether it leads for long enough that each of the others must have said since then that it is there."""
        return self.leads and time.monotonic() - self._leads_since > 3 * SIGN_EVERY

    def leading(self, work: Callable[[], object], otherwise: Callable[[], object] | None = None) -> Callable[[], None]:
        """`work` as what only the one that leads does; the others do what `otherwise` says.

        Without an `otherwise` it is work that looks for rows and rings, and is spared while nothing can have come up.
        What it rings is written too (but with Redis, where nothing is spared): so while anything is still due, as after
        a bell that got lost, it is looked for without a pause.
        """
        changes = Changes(anyway_after=LOOK_ANYWAY)

        def looked() -> None:
            try:
                work()
            except Exception:
                changes.forget()
                raise

        def done() -> None:
            if self.leads:
                if otherwise or settings.REDIS_URL or changes.any():
                    looked()
            elif otherwise:
                otherwise()

        return done

    def _make_known(self) -> None:
        now = clock.now()
        values = {"host": socket.gethostname(), "version": __version__, "key_print": _key_print(), **self._roles}
        try:
            Machine.objects.update_or_create(
                instance=instance.name(), defaults={**values, "started_at": now, "seen_at": now, "lost_at": None}
            )
        except IntegrityError:
            logger.exception("This machine could not make itself known; it tries again")


def others_of_another_version() -> bool:
    """Whether a machine runs that was not updated yet, or was already."""
    return Machine.objects.living().exclude(version=__version__).exists()


def _key_print() -> str:
    """Tells whether two machines have the same key, and nothing of the key."""
    return salted_hmac("aniworld.supervisor.fleet", "the same key", algorithm="sha256").hexdigest()[:32]
