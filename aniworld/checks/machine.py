"""The machine it runs on: Python, memory, limits, time, and the programs it needs."""

from __future__ import annotations

import os
import resource
import socket
import sys
import zoneinfo
from datetime import date, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from aniworld.checks.check import Check, fine, note, warning
from aniworld.supervisor import instance

OLDEST_PYTHON = (3, 11)
NEWEST_PYTHON = (3, 14)
FEW_HANDLES = 1024
LITTLE_MEMORY = 200 * 1024 * 1024
YTDLP_IS_OLD = timedelta(days=120)
MEMORY = Path("/proc/meminfo")


def python_version() -> Check:
    """Whether this Python is one that the program is made for."""
    found = sys.version_info[:2]
    shown = ".".join(map(str, sys.version_info[:3]))
    if found < OLDEST_PYTHON:
        return Check("python", False, _("Python %s is too old.") % shown, _("Use Python 3.11 or newer."))
    if found > NEWEST_PYTHON:
        return note("python", _("Python %s is newer than what was tried.") % shown, _("If something fails, use 3.14."))
    return fine("python", _("Python %s.") % shown)


def open_files() -> Check:
    """Whether enough files and connections can be open at once."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit != resource.RLIM_INFINITY and limit < FEW_HANDLES:
        message = _("Only %d files and connections may be open at once.") % limit
        return warning("open_files", message, _("Raise it: ulimit -n 4096, or LimitNOFILE=4096 in the systemd unit."))
    return fine("open_files", _("Enough files may be open at once."))


def memory() -> Check:
    """Whether there is memory left."""
    free = available_memory()
    if free is None:
        return fine("memory", _("The system does not tell how much memory is free."))
    if free < LITTLE_MEMORY:
        message = _("Only %d MB of memory are available.") % (free / 1024**2)
        return warning("memory", message, _("Lower DOWNLOAD_WORKERS, end other programs, or give the machine more."))
    return fine("memory", _("%d MB of memory are available.") % (free / 1024**2))


def available_memory() -> int | None:
    """Bytes, as Linux counts them; None elsewhere."""
    try:
        lines = MEMORY.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def time_zone() -> Check:
    """Whether TZ names a time zone."""
    try:
        zoneinfo.ZoneInfo(settings.TIME_ZONE)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        message = _("TZ=%s is no time zone.") % settings.TIME_ZONE
        return Check("time_zone", False, message, _("Set TZ to a name such as Europe/Berlin."))
    return fine("time_zone", _("Times are shown in %s.") % settings.TIME_ZONE)


def user() -> Check:
    """Whether it runs as somebody who may do anything."""
    if os.geteuid() == 0:
        message = _("The program runs as root: a fault in it could touch the whole machine.")
        return note("user", message, _("Start it as a user of its own; README.md (Start at boot) shows how."))
    return fine("user", _("It does not run as root."))


def environment_file() -> Check:
    """Whether the file .env holds only names that mean something."""
    if settings.UNKNOWN_VARIABLES:
        message = _("The file .env sets what nothing reads: %s.") % ", ".join(settings.UNKNOWN_VARIABLES)
        return warning("environment_file", message, _("README.md lists the names."))
    return fine("environment_file", _("The file .env sets nothing unknown."))


def ytdlp() -> Check:
    """Whether yt-dlp is recent: sites change, and what worked stops working."""
    try:
        found = version("yt-dlp")
        made = date(*map(int, found.split(".")[:3]))
    except (PackageNotFoundError, ValueError, TypeError):
        message = _("yt-dlp is not installed: hosts that only it knows can't be used.")
        return Check("ytdlp", False, message, _("Install what requirements.txt names: make run does it."))
    if timezone.now().date() - made > YTDLP_IS_OLD:
        message = _("yt-dlp %s is old: hosts change, and it may not know them any more.") % found
        return note("ytdlp", message, _("Update this program, or: .venv/bin/pip install -U yt-dlp"))
    return fine("ytdlp", _("yt-dlp %s.") % found)


def port() -> Check:
    """Whether the port is free for `up`, or taken by it."""
    if instance.is_held("web"):
        return fine("port", _("The web server runs."))
    family = socket.AF_INET6 if ":" in settings.HOST else socket.AF_INET
    with socket.socket(family) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((settings.HOST, settings.PORT))
        except (OSError, OverflowError) as error:
            facts = {
                "port": settings.PORT,
                "host": settings.HOST,
                "reason": getattr(error, "strerror", "") or str(error),
            }
            message = _("Port %(port)d on %(host)s can't be used: %(reason)s") % facts
            return warning("port", message, _("Stop what listens there, or choose others with HOST and PORT."))
    return fine("port", _("Port %d is free.") % settings.PORT)
