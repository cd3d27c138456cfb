"""Whether it is our own network that is down, and no provider to blame."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from providers import demo, recording
from providers.exceptions import ConnectionFailed
from providers.models import Provider, RequestLog

# How far back requests tell something of now.
_LATELY = timedelta(minutes=10)
_MOST = 500


def is_down(row: Provider | None = None) -> bool:
    """Whether since the last answer of anybody two providers or more were asked, and none could be connected to.

    `row` is the provider whose failure is to be judged: the demo's are on this machine and tell nothing of the others.
    """
    # What this process just measured counts too.
    recording.flush()
    is_demo = row is not None and row.name in demo.PROVIDERS
    lately = RequestLog.objects.filter(created_at__gt=timezone.now() - _LATELY).order_by("-created_at", "-id")
    names = demo.PROVIDERS
    ours = lately.filter(provider__name__in=names) if is_demo else lately.exclude(provider__name__in=names)
    unreached: set[int] = set()
    for provider, error_code in ours.values_list("provider_id", "error_code")[:_MOST]:
        if error_code != ConnectionFailed.code:
            break
        unreached.add(provider)
    return len(unreached) > 1
