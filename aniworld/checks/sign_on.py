"""Whether people can sign in by another system: the OpenID provider, and the header of a reverse proxy."""

from __future__ import annotations

from django.conf import settings
from django.urls import get_script_prefix
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from aniworld.checks.access import is_local
from aniworld.checks.check import Check, fine, note, warning
from aniworld.environment_sign_on import OpenIdProvider, ProxyHeader

# Imported on first use: it needs the packages of the optional extra.
_PROBE = "integrations.sign_on.probe.run"
# Its address is there only while a provider is configured.
_CALLBACK = "integrations/sign-on/callback"
_DOCS = "docs/integrations/single-sign-on.md"


def openid_settings() -> Check:
    """Whether what the environment says of the OpenID provider is enough to sign in by it."""
    provider: OpenIdProvider | None = settings.OPENID_PROVIDER
    if provider is None:
        return fine("openid_settings", _("No OpenID provider is configured."))
    if not provider.client_secret:
        message = _("OIDC_CLIENT_SECRET is not set: only a provider that takes this client without one lets people in.")
        return warning(
            "openid_settings", message, _("Set OIDC_CLIENT_SECRET to what the provider shows for the client.")
        )
    if provider.issuer.startswith("http://"):
        message = _("OIDC_ISSUER is reached without HTTPS: whoever is in between can sign in as anybody.")
        return warning("openid_settings", message, _("Use the provider's https:// address."))
    return fine("openid_settings", _("The OpenID provider is configured: %s") % provider.issuer)


def openid_callback() -> Check:
    """Where the provider has to send browsers back to, as far as that can be told without a browser."""
    if settings.OPENID_PROVIDER is None:
        return fine("openid_callback", _("No OpenID provider is configured."))
    path, scheme = f"{get_script_prefix()}{_CALLBACK}", "https" if settings.HTTPS else "http"
    # Browsers reach a proxy, which there always is with HTTPS, at a port of its own.
    port = "" if settings.HTTPS or settings.TRUSTED_PROXIES else f":{settings.PORT}"
    hosts = [host for host in settings.ALLOWED_HOSTS if not is_local(host.strip("[]"))]
    named = [host for host in hosts if host != "*" and not host.startswith(".")]
    if not hosts:
        message = _("ALLOWED_HOSTS has only names of this machine: nobody else is sent back to %s.") % path
        return warning("openid_callback", message, _("Add the name under which browsers reach it to ALLOWED_HOSTS."))
    shown = ", ".join(f"{scheme}://{host}{port}{path}" for host in named) or f"{scheme}://…{port}{path}"
    return fine("openid_callback", _("The provider has to send browsers back to: %s") % shown)


def openid_provider() -> Check:
    """Whether the provider describes itself as it has to. It is asked."""
    if settings.OPENID_PROVIDER is None:
        return fine("openid_provider", _("No OpenID provider is configured."))
    wrong = [finding.text for finding in import_string(_PROBE)() if not finding.ok]
    if wrong:
        return Check("openid_provider", False, " ".join(wrong), _("See “When it does not work” in %s.") % _DOCS)
    return fine("openid_provider", _("The OpenID provider describes itself, and its keys can be read."))


def proxy_header() -> Check:
    """Whether only a proxy can name users in a header."""
    option: ProxyHeader | None = settings.AUTH_PROXY
    if option is None:
        return fine("proxy_header", _("No header of a reverse proxy signs anybody in."))
    if not settings.TRUSTED_PROXIES:
        message = _("AUTH_PROXY_HEADER is set, but TRUSTED_PROXIES names no proxy: nobody is signed in by it.")
        return Check("proxy_header", False, message, _("Set TRUSTED_PROXIES to the address of the reverse proxy."))
    wide = [str(network) for network in settings.TRUSTED_PROXIES if network.num_addresses > 1]
    if wide:
        message = _("Every machine in %(networks)s may be anybody, by the header %(header)s.") % {
            "networks": ", ".join(wide),
            "header": option.name,
        }
        return note("proxy_header", message, _("Name the address of the proxy alone in TRUSTED_PROXIES."))
    return fine("proxy_header", _("The proxy may name users in the header %s.") % option.name)
