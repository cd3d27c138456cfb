"""What is configured and kept: the configuration itself, and backups of the database."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from pydantic import ValidationError

from aniworld import environment
from aniworld.backups import schedule, shelf
from aniworld.checks.check import Check, fine, note, warning
from aniworld.configuration import store
from aniworld.configuration.models import Configuration

# A backup is late when it is that much older than it should be.
GRACE = timedelta(hours=12)


def configuration() -> Check:
    """Whether what is stored can be understood."""
    row = Configuration.objects.filter(pk=1).first()
    try:
        store.strictly_parsed(row)
    except ValidationError as error:
        places = ", ".join(".".join(str(part) for part in one["loc"]) for one in error.errors())
        message = _("The stored configuration is not understood: %s") % places
        return Check(
            "configuration", False, message, _("Restore a backup of it in the admin, or: manage.py config reset")
        )
    return fine("configuration", _("The configuration is understood."))


def log_level() -> Check:
    """Whether LOG_LEVEL says something else than what is in force."""
    given, now = environment.raw("LOG_LEVEL"), store.current().logging.level
    if given and given.upper() != now:
        message = _("LOG_LEVEL=%(given)s is only the first value; the configured level %(now)s is in force.")
        remedy = _("Change it under Logging, or remove LOG_LEVEL.")
        return note("log_level", message % {"given": given, "now": now}, remedy)
    return fine("log_level", _("The log level is %s.") % now)


def backups() -> Check:
    """Whether the database is backed up as often as configured."""
    interval, newest, elsewhere = schedule.interval(), shelf.newest(), schedule.made_by()
    if elsewhere and (newest is None or newest.made_at < elsewhere[1]):
        return _made_elsewhere(*elsewhere, interval)
    remedy = _("Make one: manage.py backup --verify")
    if interval is None and newest is None:
        return warning("backups", _("There is no backup of the database, and the schedule is off."), remedy)
    if newest is None:
        first = Configuration.objects.filter(pk=1).values_list("created_at", flat=True).first() or timezone.now()
        if timezone.now() - first < interval + GRACE:  # type: ignore[operator]  # it is given when there is none
            return fine("backups", _("The first backup is made within a day."))
        return Check("backups", False, _("There is no backup of the database."), _("Are workers running? %s") % remedy)
    age = timezone.now() - newest.made_at
    facts = {"name": newest.name, "age": _hours(age)}
    if interval is not None and age > interval + GRACE:
        message = _("The last backup, %(name)s, is %(age)s old.") % facts
        return Check(
            "backups", False, message, _("Are workers running? error.log says whether one failed. %s") % remedy
        )
    return fine("backups", _("The last backup is %(name)s, %(age)s old.") % facts)


def _made_elsewhere(host: str, made_at: datetime, interval: timedelta | None) -> Check:
    age = timezone.now() - made_at
    message = _("The last backup was made on %(host)s, %(age)s ago.") % {"host": host, "age": _hours(age)}
    if interval is not None and age > interval + GRACE:
        return Check("backups", False, message, _("Are workers running? error.log there says whether one failed."))
    return fine("backups", message)


def _hours(age: timedelta) -> str:
    hours = int(age.total_seconds() // 3600)
    return ngettext("%d hour", "%d hours", hours) % hours if hours else _("less than an hour")


def verified_backup() -> Check:
    """Whether the last backup was proved by restoring it for a trial."""
    newest = shelf.newest()
    if newest is None:
        return fine("verified_backup", _("There is no backup to be proved."))
    if not newest.path.is_file() or newest.path.stat().st_size != newest.size:
        message = _("The backup %s is not what it was when it was made.") % newest.name
        return Check("verified_backup", False, message, _("Make another: manage.py backup --verify"))
    if not newest.is_verified:
        message = _("The backup %(name)s was not restored for a trial. %(reason)s")
        facts = {"name": newest.name, "reason": newest.problem}
        return warning("verified_backup", message % facts, _("Run: manage.py backup --verify"))
    return fine("verified_backup", _("The backup %s was restored for a trial, and is whole.") % newest.name)
