"""Tries the configured provider without signing anybody in, and says in plain sentences what it found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.sign_on import discovery
from integrations.sign_on.finding import Finding
from providers.exceptions import ProviderError


def run() -> Iterator[Finding]:
    """Asks the configured provider; ends at the first thing that keeps everybody out."""
    asked, issuer = discovery.client(), discovery.configured().issuer
    try:
        description = discovery.read(asked, issuer)
        yield Finding(True, _("The provider describes itself and calls itself as OIDC_ISSUER says."))
        count = len(discovery.keys(asked, description))
        text = ngettext("%d key of the provider can be read.", "%d keys of the provider can be read.", count)
        yield Finding(True, text % count)
    except ProviderError as error:
        yield Finding(False, str(error))
        return
    finally:
        asked.close()
    yield from _promises(description)


def _promises(description: dict[str, Any]) -> Iterator[Finding]:
    """What it says it can do, as far as it says so."""
    offered = _listed(description, "id_token_signing_alg_values_supported")
    if offered and not set(offered) & set(discovery.ALGORITHMS):
        facts = {"found": ", ".join(offered), "wanted": "RS256"}
        text = _("It signs with %(found)s alone: choose a key pair (%(wanted)s) for this client there.")
        yield Finding(False, text % facts)
    methods = _listed(description, "code_challenge_methods_supported")
    if methods and "S256" not in methods:
        yield Finding(False, _("It does not take PKCE with S256, without which nobody can sign in."))
    known = _listed(description, "scopes_supported")
    lost = [scope for scope in discovery.configured().scopes if known and scope not in known]
    if lost:
        yield Finding(False, _("It does not know these of OIDC_SCOPES: %s") % ", ".join(lost))


def _listed(description: dict[str, Any], name: str) -> list[str]:
    found = description.get(name)
    return [value for value in found if isinstance(value, str)] if isinstance(found, list) else []
