"""Alerts: tells people, wherever they want to be told, of what they would rather know. docs/alerts.md."""

from __future__ import annotations

import logging

from django.apps import apps as installed
from django.db import transaction

logger = logging.getLogger(__name__)


def raise_alert(kind: str, title: str, body: str, *, about: str = "") -> None:
    """Writes an alert down, in the caller's transaction when there is one; it is sent later, by a worker.

    `kind` is one of `models.Kind`; `title` is a short sentence, `body` what else helps. `about` names what it is about
    as exactly as the alert does (a provider, a series with its episode): the same kind about the same thing is not
    told again within the digest's window, and a provider that is back before it was told of makes both needless.
    Without `about` each one counts. Never raises: telling people must not fail the work that is told of.
    """
    try:
        # A savepoint, because a failed statement would otherwise spoil the caller's transaction on PostgreSQL. The
        # model is looked up by name, because this package is imported before any model may be.
        with transaction.atomic():
            installed.get_model("alerts", "Alert").objects.note(kind, title, body, about=about)
    except Exception:  # whatever it is, it is not the caller's
        logger.exception("The alert %s about %s could not be written down", kind, about or "nothing in particular")
