"""Bells. The work is done by a process of its own: it takes memory that a worker would keep."""

from __future__ import annotations

import os
import subprocess
import sys

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from aniworld.alerts import raise_alert
from aniworld.alerts.models import Condition, Kind
from aniworld.backups import schedule
from aniworld.live.publish import publish
from aniworld.supervisor import cluster, linux, marking

# A little less than a task may take.
_LONGEST = 1700
_CONDITION = "backups fail"
_OF_WORKERS = (cluster.NAME, marking.WORKERS)


def back_up_if_due() -> str:
    """Makes and proves a backup when the configured time has come: one machine of all."""
    if not schedule.is_due():
        return "not due"
    if settings.EMBEDDED:
        return back_up("schedule")
    turn = schedule.take_turn()
    if turn is None:
        return "another machine makes it"
    problem, told = _back_up("schedule")
    schedule.give_back(turn, problem)
    return told


def back_up(reason: str) -> str:
    """Makes and proves a backup now; tells people once when that begins to fail."""
    return _back_up(reason)[1]


def _back_up(reason: str) -> tuple[str, str]:
    """What went wrong, if anything, and what there is to say."""
    problem, told = _run("--verify", f"--reason={reason}")
    if problem:
        _tell(problem)
        return problem, f"failed: {problem}"
    Condition.objects.ends(_CONDITION)
    return "", told


def prove(name: str) -> str:
    """Restores one for a trial; the outcome is noted with it."""
    problem, told = _run("--verify", f"--file={name}")
    return problem or told


def _run(*options: str) -> tuple[str, str]:
    """What went wrong, if anything, and what the command printed."""
    # What tells a worker that it is one would make the child one as well.
    environment = {name: value for name, value in os.environ.items() if name not in _OF_WORKERS}
    try:
        done = subprocess.run(
            [sys.executable, str(settings.BASE_DIR / "manage.py"), "backup", *options],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LONGEST,
            check=False,
            preexec_fn=linux.die_with_parent,
        )
    except subprocess.TimeoutExpired:
        return _("It took longer than %d s.") % _LONGEST, ""
    problem = (done.stderr.strip().splitlines() or [str(done.returncode)])[-1] if done.returncode else ""
    return problem, done.stdout.strip()


def _tell(problem: str) -> None:
    with transaction.atomic():
        if Condition.objects.begins(_CONDITION):
            title = _("The backup of the database failed")
            publish("system_warning", {"title": title, "message": problem})
            raise_alert(Kind.BACKUP_FAILED, title, problem, about="backup")
