"""Starts everything: database, web server, workers and the demo site, and keeps it running."""

from __future__ import annotations

import os
import socket
import threading
from argparse import ArgumentParser
from contextlib import suppress
from functools import partial
from typing import Any

from django.conf import settings
from django.core.checks import Tags, run_checks
from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError, connections

from aniworld import rights, schedules
from aniworld.live.publish import publish
from aniworld.management.command import OneLineErrors
from aniworld.supervisor import fleet, instance, listening
from aniworld.supervisor.chores import Chore
from aniworld.supervisor.fork_server import WEB
from aniworld.supervisor.forks import Cluster, Fork, ForkServer
from aniworld.supervisor.migrating import DatabaseUnavailable, alone, migrate_apart, wait_for_database
from aniworld.supervisor.models import Cluster as ClusterRecord
from aniworld.supervisor.models import Machine
from aniworld.supervisor.parts import Part
from aniworld.supervisor.supervision import Supervision
from aniworld.supervisor.watchdog import Watch
from downloads import upkeep
from providers import checking, registry

# Seconds at the very end for what killed workers held.
GIVING_BACK = 2.0


class Command(OneLineErrors):
    help = "Starts the web server and the workers, and keeps them running until SIGTERM or Ctrl-C."
    requires_system_checks = []

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._is_ready = threading.Event()

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> CommandParser:
        """Flags are written out: what this process loads is decided by them before anything reads them as such."""
        return super().create_parser(prog_name, subcommand, allow_abbrev=False, **options)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=settings.HOST, help="Where to listen (default: HOST, %(default)s).")
        parser.add_argument("--port", type=_port, default=settings.PORT, help="Default: PORT, %(default)s.")
        only = parser.add_mutually_exclusive_group()
        only.add_argument("--web-only", action="store_true", help="Only the web server (and the demo site).")
        only.add_argument("--workers-only", action="store_true", help="Only the workers.")

    def handle(self, *args: Any, **options: Any) -> None:
        web, workers = not options["workers_only"], not options["web_only"]
        roles = (*(["web"] if web else []), *(["workers"] if workers else []))
        name = instance.own_name()
        try:
            claim = instance.Claim(name, roles)
        except instance.AlreadyRunning as error:
            raise CommandError(
                f"Aniworld already runs on {settings.DATA_DIR} ({error}): stop it first, or choose another DATA_DIR."
            ) from None
        os.environ |= {**instance.marks(name), **instance.beginning()}
        try:
            listener = self._listen(options["host"], options["port"]) if web else None
            member = fleet.Member(web=web, workers=workers)
            self._prepare(member)
            parts = self._parts(listener, options, workers)
            self._run(parts, schedules.chores(member, workers=workers), listener, options["host"])
        finally:
            claim.release()

    def _listen(self, host: str, port: int) -> socket.socket:
        try:
            return listening.open_port(host, port)
        except listening.UnknownHost as error:
            raise CommandError(
                f"HOST={host} cannot be used ({error}): name an address of this machine, or 0.0.0.0 for all of them."
            ) from None
        except OSError as error:
            raise CommandError(
                f"Port {port} on {host} cannot be used ({error.strerror}): "
                "stop what listens there, or choose another with --port or PORT."
            ) from None

    def _prepare(self, member: fleet.Member) -> None:
        dead = instance.dead_ones()
        reaped = instance.reap(dead)
        if reaped:
            self._say(f"Ended {reaped} processes that an earlier run left behind")
        try:
            wait_for_database()
            applied = migrate_apart()
            self._check()
            with alone():
                self._put_in_place(member, dead)
        except DatabaseUnavailable as error:
            raise CommandError(f"The database is not available: {error}") from None
        upkeep.release_dead_owners()
        instance.forget(dead)
        connections.close_all()
        self._say(f"Database ready ({applied} migrations applied)" if applied else "Database ready")

    def _put_in_place(self, member: fleet.Member, dead: list[str]) -> None:
        """One machine after the other: each would make the same rows."""
        ClusterRecord.objects.tidy(dead)
        Machine.objects.tidy(dead)
        try:
            member.join()
        except fleet.OtherKey as error:
            raise CommandError(
                f"SECRET_KEY is not the one of {error.host}, which works on the same database: "
                "give every machine the same, or nobody stays signed in and no task is understood."
            ) from None
        schedules.put_in_place()
        rights.put_in_place()
        registry.sync()

    def _check(self) -> None:
        # Only what depends on this installation: the rest is checked before a change is taken, and loads every page.
        found = run_checks(tags=["installation", Tags.database])
        for message in found:
            self._say(f"Note: {message.msg}{f' {message.hint}' if message.hint else ''}")
        if any(message.is_serious() for message in found):
            raise CommandError("The installation is not usable; the notes above say why.")

    def _parts(self, listener: socket.socket | None, options: dict[str, Any], workers: bool) -> list[Part]:
        parts: list[Part] = []
        if settings.DEMO:
            parts.append(_demo_site())
        server = ForkServer("Common part", listener.fileno() if listener else None, workers=workers)
        parts.append(server)
        if listener:
            parts.append(_web(listener, options["host"], server))
        if workers:
            parts += _workers(server)
        return parts

    def _run(self, parts: list[Part], chores: list[Chore], listener: socket.socket | None, host: str) -> None:
        watches = [Watch(part, instance.name()) for part in parts if isinstance(part, Cluster)]
        work = [Chore(f"Watching the cluster {watch.part.name}", watch.look, 1.0) for watch in watches]
        work += [Chore("Watching the fork server", part.look, 1.0) for part in parts if isinstance(part, ForkServer)]
        if watches:
            work.append(Chore("Having the providers checked", self._check_providers, 0.5))
        supervision = Supervision(parts, [*work, *chores], say=self._say, warn=_warn)
        supervision.on_ready = partial(self._greet, _address(listener, host) if listener else "")
        supervision.run(_leave)
        # Not for longer: a database that can't be reached is asked for 5 s, and the promise is to be gone after ten.
        last = threading.Thread(target=_give_back, name="give-back", daemon=True)
        last.start()
        last.join(GIVING_BACK)

    def _greet(self, address: str) -> None:
        self._say(self.style.SUCCESS(f"Aniworld is ready on {address}" if address else "Aniworld's workers are ready"))
        self._is_ready.set()

    def _check_providers(self) -> None:
        """Once, when everything answers: the demo's providers among the rest. It is the workers who do it."""
        if self._is_ready.is_set():
            self._is_ready.clear()
            checking.ring()

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _give_back() -> None:
    """A worker that had to be killed could not give its item back itself. Without the database the lease runs out."""
    with suppress(DatabaseError):
        upkeep.release(instance.name())
    connections.close_all()


def _leave() -> None:
    """Nobody shall wait for this one."""
    for records in (ClusterRecord.objects, Machine.objects):
        records.filter(instance=instance.name()).delete()


def _warn(message: str) -> None:
    publish("system_warning", {"message": message})


def _port(text: str) -> int:
    if not 0 <= int(text) <= 65535:
        raise ValueError(text)
    return int(text)


def _address(listener: socket.socket, host: str) -> str:
    name = listening.reachable_name(host)
    base = f"/{settings.BASE_PATH}" if settings.BASE_PATH else ""
    return f"http://{f'[{name}]' if ':' in name else name}:{listener.getsockname()[1]}{base}"


def _web(listener: socket.socket, host: str, server: ForkServer) -> Part:
    # Not /health, which rightly complains while the workers are still starting.
    path = f"/{settings.BASE_PATH}/api/auth/status" if settings.BASE_PATH else "/api/auth/status"
    # By a name that it answers to, whatever the operator allows: others are told of in the log.
    allowed = settings.ALLOWED_HOSTS[0]
    called = "localhost" if allowed == "*" else allowed.lstrip(".")
    answers = partial(listening.answers, host, listener.getsockname()[1], path, called)
    return Fork(WEB, "Web server", server, probe=answers)


def _workers(server: ForkServer) -> list[Part]:
    # One more than may download: the bell that proves the cluster alive always finds a free worker.
    downloads = settings.Q_CLUSTER["ALT_CLUSTERS"]["downloads"]["workers"]
    return [
        Cluster("default", f"Background tasks ({settings.TASK_WORKERS} workers)", settings.TASK_WORKERS, server),
        Cluster(
            "downloads",
            f"Downloads ({settings.DOWNLOAD_WORKERS} workers)",
            downloads,
            server,
            spare=downloads - settings.DOWNLOAD_WORKERS,
        ),
    ]


def _demo_site() -> Part:
    port = listening.free_port(settings.DEMO_SITE_PORT)
    os.environ["DEMO_SITE_PORT"] = str(port)
    return Part(
        "demo",
        f"Demo site on port {port}",
        ["providers.demo", str(settings.DEMO_DIR), "--port", str(port), "--quiet"],
        probe=partial(listening.answers, "127.0.0.1", port, "/", "localhost"),
    )
