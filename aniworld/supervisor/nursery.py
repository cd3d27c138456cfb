"""`python -m aniworld.supervisor.nursery DESCRIPTOR`: loads once what all workers need. Each cluster is its fork.

So all workers of a machine share that memory. `up` asks for a cluster by a message that holds its name; the answers are
`ready`, `started NAME PID` and `ended PID CODE`. This process has one thread and no connection, so that it can fork.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import sys
from collections.abc import Iterator
from typing import NoReturn

import django

from aniworld.supervisor import linux, tie

LARGEST_MESSAGE = 200


def serve(channel: socket.socket) -> NoReturn:
    """Forks a cluster whenever it is asked to, and tells of each that ended, until this process is ended."""
    ended = _told_of_children()
    # A collection in a worker would write to every object it looks at, and so copy what is shared.
    gc.collect()
    gc.freeze()
    channel.send(b"ready")
    while True:
        readable, _, _ = select.select([channel, ended], [], [])
        if ended in readable:
            ended.recv(LARGEST_MESSAGE)
            for pid, code in _ended():
                channel.send(f"ended {pid} {code}".encode())
        if channel in readable:
            _start(channel.recv(LARGEST_MESSAGE).decode(), channel)


def _told_of_children() -> socket.socket:
    """Becomes readable when a child ended."""
    told, teller = socket.socketpair()
    teller.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    # The descriptor must outlive this function: nobody closes it but `_become`.
    signal.set_wakeup_fd(teller.detach(), warn_on_full_buffer=False)
    return told


def _ended() -> Iterator[tuple[int, int]]:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        yield pid, os.waitstatus_to_exitcode(status)


def _start(name: str, channel: socket.socket) -> None:
    if os.fork() == 0:
        _become(name, channel)


def _become(name: str, channel: socket.socket) -> NoReturn:
    try:
        os.close(signal.set_wakeup_fd(-1))
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        # A group of its own, so that it can be ended whole; only then `up` hears of it.
        os.setsid()
        channel.send(f"started {name} {os.getpid()}".encode())
        channel.close()
        cluster.run(name)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(1)


if __name__ == "__main__":
    tie.to_parent()
    linux.call_itself("nursery")
    django.setup()
    # It knows models, so it can be imported only now.
    from aniworld.supervisor import cluster

    cluster.prepare()
    serve(socket.socket(fileno=int(sys.argv[1])))
