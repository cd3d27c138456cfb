"""What alerts need from above: the way out, and the rule for addresses, which is in force once this is imported."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from aniworld.alerts import sending
from aniworld.configuration import rules, store
from aniworld.configuration.sections import Notifications
from providers.http.address_guard import AddressGuard
from providers.http.filtering_proxy import filtering_proxy


@contextmanager
def proxy() -> Iterator[str]:
    """The address of a proxy that lets through what is public, and what `ALLOWED_PRIVATE_HOSTS` names."""
    with filtering_proxy(AddressGuard(frozenset(settings.ALLOWED_PRIVATE_HOSTS))) as address:
        yield address


def check_targets(notifications: Notifications) -> None:
    """Raises ValueError, with a sentence that names the label only, for a new address that nothing could be sent to."""
    rules.whole_targets(notifications)
    known = {target["address"] for target in store.current().notifications.targets}
    new = [target for target in notifications.targets if target["address"] not in known]
    for target, reason in zip(new, sending.check([target["address"] for target in new]), strict=True):
        if reason:
            raise ValueError(f"{target['label']}: {reason}")


rules.add(rules.Rule("notifications", ("targets",), check_targets))
