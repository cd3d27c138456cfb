"""Tells media servers: notes what each is to be told, sends it, and tries out whether one can be reached."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from django.db import transaction
from django.utils.translation import gettext as _

from aniworld import clock
from aniworld.alerts import raise_alert
from aniworld.alerts.models import Condition
from aniworld.live.following import Following
from aniworld.live.models import Event
from integrations import kept, rounds
from integrations.media_servers.changes import TYPES, changed_folders
from integrations.media_servers.dialects import DIALECTS, Changed, Dialect, Server
from integrations.media_servers.models import MediaServer, Notice
from integrations.outgoing import Outcome, Refusal

logger = logging.getLogger(__name__)


def _note(event: Event) -> None:
    servers = list(MediaServer.objects.enabled())
    now = clock.now()
    for folder, change in dict(changed_folders(event)).items():
        for server in servers:
            Notice.objects.note(server, folder, change, now)


_following = Following(MediaServer.READER, TYPES, _note)
_bell = rounds.Bell(Notice, "integrations.media_servers.tasks.deliver")


def look() -> None:
    """Notes what happened since the last look, and wakes a worker for what is due. One query without any."""
    if MediaServer.objects.enabled().exists():
        _following.look()
        _bell.ring_if_due()


def deliver() -> int:
    """Sends what is due, and answers how many servers' folders were told of."""
    return rounds.deliver(Notice, _call, _write_down)


def try_out(server: MediaServer) -> Outcome:
    """Asks a server who it is, and notes how that went. Waits for the answer, some seconds at most."""
    began = time.monotonic()
    try:
        outcome = Outcome(True, about=_dialect(server).about())
    except Refusal as refusal:
        outcome = refusal.outcome
    outcome = replace(outcome, milliseconds=round(1000 * (time.monotonic() - began)))
    if outcome.ok:
        _succeeded(server)
    else:
        server.note_failure(outcome.reason, is_away=outcome.is_away)
    return outcome


def prune() -> int:
    """Deletes old calls."""
    return kept.prune(Notice)


def _call(row: Notice) -> Callable[[], Outcome]:
    changed = Changed(row.receiver.path_of(row.folder), row.change, is_whole=not row.folder)
    return partial(_sent, _dialect(row.receiver), changed)


def _dialect(server: MediaServer) -> Dialect:
    known = Server(server.address.rstrip("/"), server.username, server.secret, server.path_of(""))
    return DIALECTS[server.kind](known)


def _sent(dialect: Dialect, changed: Changed) -> Outcome:
    try:
        dialect.tell(changed)
    except Refusal as refusal:
        return refusal.outcome
    return Outcome(True)


def _write_down(row: Notice, outcome: Outcome | None) -> bool:
    server = row.receiver
    if outcome is None:
        row.give_back()
    elif outcome.ok:
        if row.arrive():
            _succeeded(server)
        return True
    elif row.fail(outcome.reason):
        logger.warning("The media server %s was not told of %s: %s", server, row, outcome.reason)
        server.note_failure(outcome.reason, is_away=outcome.is_away)
        if row.state == Notice.State.FAILED:
            _complain(server, outcome.reason)
    return False


def _succeeded(server: MediaServer) -> None:
    if server.note_success():
        # What was put off while nobody was there need not wait any longer.
        now = clock.now()
        server.notices.filter(state=Notice.State.WAITING, attempts__gt=0).update(next_attempt_at=now)
    Condition.objects.ends(_condition(server))


def _complain(server: MediaServer, reason: str) -> None:
    with transaction.atomic():
        if Condition.objects.begins(_condition(server)):
            title = _("The media server %s can't be told") % server
            raise_alert("integration_failed", title, reason, about=f"media server {server}")


def _condition(server: MediaServer) -> str:
    return f"media-server:{server.pk}"
