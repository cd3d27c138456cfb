"""A django-q2 cluster: its sentinel, which guards, below it the workers and the clerk. Forked by the fork server."""

from __future__ import annotations

import importlib
import logging
import os
import threading
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import Event
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any, NoReturn
from uuid import uuid4

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connections
from django.utils.module_loading import import_string
from django_q import conf
from django_q.brokers import get_broker
from django_q.cluster import Sentinel
from django_q.monitor import monitor
from django_q.pusher import pusher
from django_q.scheduler import scheduler

from aniworld.supervisor import linux, models
from aniworld.supervisor.robust_lock import RobustLock

logger = logging.getLogger(__name__)

NAME = "Q_CLUSTER_NAME"
# Seconds. A process that ends is noticed at once, but for one that left children behind.
LOOK_EVERY = 1.0
# Where processes die as soon as they are started, more of them would only make that worse.
AFTER_A_DEATH = 0.5
BETWEEN_SCHEDULES = 30.0
# Of a broker that does not answer.
BETWEEN_TRIES = 1.0


def prepare() -> None:
    """What is loaded and worked out at a first query and a first task is then shared too: 4 MB less a process."""
    try:
        get_broker()
        models.Cluster.objects.working().exists()
        models.Cluster.objects.beat("", "")
        import_string(settings.WORKERS_CONFIGURATION)()
    except DatabaseError as error:
        # The workers wait for it themselves.
        logger.warning("The database does not answer yet: %s", error)
    finally:
        connections.close_all()


def process_name(name: str) -> str:
    """How the sentinel of this cluster calls itself in the process table."""
    return f"tasks:{name}"[:15]


def run(name: str) -> None:
    """Makes this process the sentinel of the cluster of that name. Returns only when it was told to stop."""
    os.environ[NAME] = name
    linux.call_itself(process_name(name))
    _read_configuration_again()
    _wait_for_broker()
    _Guard(Event(), Event(), uuid4())


def _wait_for_broker() -> None:
    """Without it the sentinel would end, and be started again after ever longer waits."""
    complained = False
    while True:
        try:
            get_broker().ping()
        except Exception as error:  # broker errors come in every kind
            if not complained:
                logger.warning("The broker does not answer yet: %s", error)
            complained = True
            time.sleep(BETWEEN_TRIES)
        else:
            break
    connections.close_all()


def _read_configuration_again() -> None:
    # django-q2 looks at the name once, when it is imported; everybody has imported this class by now.
    known = conf.Conf
    fresh = importlib.reload(conf).Conf
    for name, value in vars(fresh).items():
        if not name.startswith("__"):
            setattr(known, name, value)
    conf.Conf = known


class _Guard(Sentinel):  # type: ignore[misc]  # django-q2 is published without types
    """Django-q2's, with one process for what it has two for: taking tasks from the broker, and noting results.

    It sleeps until a process ends, and asks no database: what it would do there every half minute is the clerk's too.
    """

    def spawn_cluster(self) -> None:
        """Starts all processes, with queues that outlive each of their readers."""
        for queue in (self.task_queue, self.result_queue):
            queue._rlock = RobustLock()
        super().spawn_cluster()

    def spawn_monitor(self) -> BaseProcess:
        """Starts the clerk."""
        queues = self.task_queue, self.result_queue
        clerk: BaseProcess = self.spawn_process(_clerk, *queues, self.event_out, self.broker)
        return clerk

    def spawn_pusher(self) -> BaseProcess:
        """The clerk again: django-q2 asks for it after the monitor, at the start."""
        process: BaseProcess = self.monitor
        return process

    def guard(self) -> NoReturn:
        """Starts another process for each that ended, and for a worker whose task takes longer than it may."""
        self.start_event.set()
        while True:
            began, before = time.monotonic(), self.reincarnations
            wait([process.sentinel for process in (*self.pool, self.monitor)], LOOK_EVERY)
            for process in list(self.pool):
                self._look_at(process, time.monotonic() - began)
            if not self.monitor.is_alive():
                self.reincarnate(self.monitor)
                self.pusher = self.monitor
            if self.reincarnations > before:
                time.sleep(AFTER_A_DEATH)

    def _look_at(self, process: Any, passed: float) -> None:
        lock = process.timer.get_lock()
        if not lock.acquire(timeout=LOOK_EVERY):
            if not process.is_alive():
                # Killed while it held the lock, which is gone for good: only a whole new cluster helps.
                logger.critical("A worker died over its timer; the cluster ends, to be started again")
                os._exit(1)
            return
        # The worker sets its timer when it takes up a task. Below zero it has none; at zero it is to be ended.
        try:
            if process.timer.value > 0:
                process.timer.value = max(0.0, process.timer.value - passed)
            if not process.is_alive() or process.timer.value == 0:
                self.reincarnate(process)
        finally:
            lock.release()


def _clerk(tasks: Any, results: Any, event: Any, broker: Any) -> None:
    for name, work in (("results", partial(monitor, results, broker)), ("schedules", partial(_keep_schedules, broker))):
        threading.Thread(target=_until_it_fails, args=(name, work), name=name, daemon=True).start()
    broker.dequeue = _Patient(broker)
    pusher(tasks, event, broker)


class _Patient:
    """A broker's `dequeue` that has nothing while the broker is away: the pusher would end by an error."""

    def __init__(self, broker: Any) -> None:
        self._dequeue = broker.dequeue
        self._answers = True

    def __call__(self) -> Any:
        try:
            tasks = self._dequeue()
        except Exception as error:  # broker errors come in every kind
            if self._answers:
                logger.warning("The broker does not answer: %s", error, exc_info=True)
            self._answers = False
            close_old_connections()
            time.sleep(BETWEEN_TRIES)
            return None
        if not self._answers:
            logger.info("The broker answers again")
        self._answers = True
        return tasks


def _keep_schedules(broker: Any) -> NoReturn:
    while True:
        time.sleep(BETWEEN_SCHEDULES)
        scheduler(broker)
        connections.close_all()


def _until_it_fails(name: str, work: Callable[[], object]) -> NoReturn:
    try:
        work()
    except Exception:  # whatever it is: the sentinel starts another clerk
        logger.exception("The clerk could not go on with its %s", name)
    os._exit(1)
