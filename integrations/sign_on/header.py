"""Looks at what a trusted proxy's header did in one request, and says it in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from aniworld.accounts import proxied
from aniworld.accounts.proxied import Carried
from aniworld.environment_sign_on import ProxyHeader
from integrations.sign_on.finding import Finding


def findings(request: HttpRequest) -> Iterator[Finding]:
    """From whom the request came, whether it carried the header, and who is signed in by it."""
    option: ProxyHeader | None = settings.AUTH_PROXY
    if option is None:
        yield Finding(False, _("No header is configured: set AUTH_PROXY_HEADER and TRUSTED_PROXIES."))
        return
    carried = proxied.carried_by(request, option)
    yield _sender(carried)
    yield _content(carried, option)
    if carried.name:
        yield _person(request, carried)


def _sender(carried: Carried) -> Finding:
    facts = {"address": carried.peer or "–", "proxies": ", ".join(map(str, settings.TRUSTED_PROXIES)) or "–"}
    if carried.is_believed:
        return Finding(True, _("This request came from %(address)s, which TRUSTED_PROXIES names.") % facts)
    text = _(
        "This request came from %(address)s, which is none of TRUSTED_PROXIES (%(proxies)s): its headers are dropped."
    )
    return Finding(False, text % facts)


def _content(carried: Carried, option: ProxyHeader) -> Finding:
    facts = {"header": option.name, "address": carried.peer, "name": carried.name}
    if carried.name:
        return Finding(True, _("It carried the header %(header)s: “%(name)s”.") % facts)
    if carried.is_dropped:
        text = _("It carried the header %(header)s. If %(address)s is your proxy, add it to TRUSTED_PROXIES.")
        return Finding(False, text % facts)
    text = _("It carried no header %(header)s: you are signed in by your password. Does the proxy send it?")
    return Finding(False, text % facts)


def _person(request: HttpRequest, carried: Carried) -> Finding:
    """Whoever gets as far as this page has been let in by it already."""
    facts = {"user": request.user.get_username(), "groups": ", ".join(carried.groups) or "–"}
    if not proxied.is_named(request):
        return Finding(False, _("It names nobody here: the request brought a token or key, which counts more."))
    if request.user.is_staff:
        return Finding(True, _("It signs in %(user)s as administrator; groups: %(groups)s.") % facts)
    return Finding(True, _("It signs in %(user)s as member; groups: %(groups)s.") % facts)
