"""The process of which web server and workers are forks, so that they share the memory of what all have loaded.

It is a fork of `up`, or `python -m aniworld.supervisor.fork_server CHANNEL [LISTENER]`, which loads all of it anew.
`up` asks on the channel for one by its name, `web` or that of a cluster; the answers are `ready`, `started NAME PID`
and `ended PID CODE`. LISTENER is the web server's socket. This process has one thread and no connection, so that it can
fork.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from typing import NoReturn

import django

from aniworld.supervisor import linux, tie

LARGEST_MESSAGE = 200
WEB = "web"
NAME = "fork-server"


def serve(channel: socket.socket, run: Callable[[str], None]) -> NoReturn:
    """Forks whenever it is asked to, has the fork `run` what was named, and tells of each that ended; never returns."""
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
            name = channel.recv(LARGEST_MESSAGE).decode()
            if os.fork() == 0:
                _become(name, channel, ended, run)


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


def _become(name: str, channel: socket.socket, ended: socket.socket, run: Callable[[str], None]) -> NoReturn:
    try:
        ended.close()
        os.close(signal.set_wakeup_fd(-1))
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        # A group of its own, so that it can be ended whole; only then `up` hears of it.
        os.setsid()
        channel.send(f"started {name} {os.getpid()}".encode())
        channel.close()
        run(name)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(1)


def become_fork_server(parent: int, channel: int, listeners: list[int], theirs: socket.socket | None) -> NoReturn:
    """Makes a fork of `up` that, before anything else. `parent` is the id of `up`, `theirs` its end of the channel."""
    try:
        if theirs:
            theirs.close()
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        if nothing:
            os.close(nothing)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        tie.to(parent)
        linux.call_itself(NAME)
        import_module("aniworld.supervisor.cluster").prepare()
        serve(socket.socket(fileno=channel), partial(_run, listeners))
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(1)


def _run(listeners: list[int], name: str) -> None:
    """What the fork is for. Its module is loaded by the fork that needs it alone."""
    if name == WEB:
        import_module("aniworld.supervisor.web").run(listeners[0])
    else:
        for listener in listeners:
            # What outlives a web server must not keep its port.
            os.close(listener)
        import_module("aniworld.supervisor.cluster").run(name)


def _load() -> None:
    django.setup()
    # It knows models, so it can be imported only now.
    import_module("aniworld.supervisor.cluster").prepare()


if __name__ == "__main__":
    tie.to_parent()
    linux.call_itself(NAME)
    _load()
    serve(socket.socket(fileno=int(sys.argv[1])), partial(_run, [int(number) for number in sys.argv[2:]]))
