"""Who can reach it, and how safely: names, proxies, HTTPS, keys and people."""

from __future__ import annotations

from ipaddress import ip_address

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from aniworld.accounts.models import User
from aniworld.checks.check import Check, fine, note, warning

SHORTEST_KEY = 32
# A network of more addresses than that is no proxy.
WIDEST_NETWORK = 2**16


def https() -> Check:
    """Whether somebody can come by HTTPS at all: TLS is the matter of a proxy, and only a trusted one is believed."""
    if settings.HTTPS and not settings.TRUSTED_PROXIES:
        message = _("HTTPS is on, but TRUSTED_PROXIES names no proxy: every page would be redirected for ever.")
        return warning("https", message, _("Set TRUSTED_PROXIES to the address of the reverse proxy."))
    plain = [origin for origin in settings.CSRF_TRUSTED_ORIGINS if origin.lower().startswith("http://")]
    if settings.HTTPS and plain:
        message = _("HTTPS is on, but CSRF_TRUSTED_ORIGINS trusts pages without it: %s") % ", ".join(plain)
        return warning("https", message, _("Write https:// there."))
    return fine("https", _("HTTPS is on.") if settings.HTTPS else _("HTTPS is off."))


def allowed_hosts() -> Check:
    """Whether the names under which it answers fit where it listens."""
    if "*" in settings.ALLOWED_HOSTS:
        message = _("ALLOWED_HOSTS is “*”: foreign sites can make a browser talk to it under their name.")
        return warning("allowed_hosts", message, _("Name the hosts, such as nas.lan,192.168.1.20."))
    local = {"localhost", "127.0.0.1", "[::1]", "::1"}
    if not is_local(settings.HOST) and set(settings.ALLOWED_HOSTS) <= local:
        message = _("It listens on %s, but ALLOWED_HOSTS has only names of this machine: others are refused.")
        remedy = _("Add the names under which others reach it to ALLOWED_HOSTS.")
        return warning("allowed_hosts", message % settings.HOST, remedy)
    return fine("allowed_hosts", _("It answers to: %s") % ", ".join(settings.ALLOWED_HOSTS))


def is_local(host: str) -> bool:
    """Whether it is a name or address of this machine itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def proxies() -> Check:
    """Whether only real proxies are believed."""
    wide = [str(network) for network in settings.TRUSTED_PROXIES if network.num_addresses > WIDEST_NETWORK]
    if wide:
        message = _("TRUSTED_PROXIES believes whole networks: %s. Anybody there can pretend to be anybody.")
        return warning("proxies", message % ", ".join(wide), _("Name the addresses of the proxies alone."))
    count = len(settings.TRUSTED_PROXIES)
    return fine("proxies", ngettext("%d proxy is believed.", "%d proxies are believed.", count) % count)


def debug() -> Check:
    """Whether error pages show the inside."""
    if settings.DEBUG:
        message = _("DEBUG is on: error pages show settings and code to everybody.")
        return warning("debug", message, _("Turn it off; it is for development only."))
    return fine("debug", _("DEBUG is off."))


def key_strength() -> Check:
    """Whether the secret key can't be guessed."""
    if len(settings.SECRET_KEY) < SHORTEST_KEY or len(set(settings.SECRET_KEY)) < 8:
        message = _("The SECRET_KEY is too simple: sessions could be forged.")
        remedy = _("Leave it out, and a good one is made; or give 50 random characters.")
        return Check("key_strength", False, message, remedy)
    return fine("key_strength", _("The secret key is long enough."))


def passwords() -> Check:
    """Whether new passwords are judged."""
    if not settings.AUTH_PASSWORD_VALIDATORS:
        message = _("Any password is taken, however simple.")
        return warning("passwords", message, _("Set AUTH_PASSWORD_VALIDATORS back to what the program came with."))
    return fine("passwords", _("Simple passwords are refused."))


def administrator() -> Check:
    """Whether somebody can administer it."""
    people = User.objects.filter(is_active=True)
    if people.filter(is_superuser=True).exists():
        return fine("administrator", _("There is an administrator."))
    if not User.objects.exists():
        message = _("Nobody has set a password yet: whoever opens it first becomes the administrator.")
        return note("administrator", message, _("Open it in the browser, or use manage.py setup."))
    message = _("No active user may administer it.")
    return Check("administrator", False, message, _("Make one: manage.py createsuperuser"))
