"""A check for a person who waits for it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from aniworld.refusals import Conflict
from providers import checking
from providers.exceptions import NotConfigured
from providers.lookup import state_of
from providers.models import Provider, ProviderStatus


def check_now(row: Provider) -> ProviderStatus:
    """Checks `row` and answers its status record. Raises `Conflict` while it is being checked, or can't be asked.

    Nobody waits for a check that another one began: its outcome is told live, and whoever asks again and again would
    take every thread of the web server.
    """
    if state_of(row).is_being_checked:
        raise Conflict(_("%s is being checked already.") % row.display_name, code="testing")
    try:
        return checking.check(row.name)
    except NotConfigured as error:
        raise Conflict(str(error), code=error.code) from None
