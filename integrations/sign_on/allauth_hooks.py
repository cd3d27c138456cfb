"""Where django-allauth asks the product: how to reach the world, who arrived, and what to say when it failed."""

from __future__ import annotations

import logging
from typing import Any, NoReturn

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter, _build_apps_from_settings
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.translation import gettext as _

from aniworld.accounts import returning, sessions
from aniworld.accounts.vouching import NotLetIn
from integrations.sign_on import arriving, discovery, id_token
from integrations.sign_on.outgoing import Session
from integrations.sign_on.refusing import refused_page

logger = logging.getLogger(__name__)


class Hooks(DefaultSocialAccountAdapter):
    """Ends every sign-in with an answer of ours, so that none of allauth's own pages is ever reached."""

    def get_requests_session(self) -> Session:
        """The guarded one."""
        return Session()

    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> list[Any]:  # noqa: ARG002
        """The one of the environment: none in the database counts."""
        found = _build_apps_from_settings(provider=provider, client_id=client_id)
        return [app for apps in found.values() for app in apps]

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:  # noqa: ARG002 - allauth's interface
        """Never: users are made by `arriving`."""
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> NoReturn:
        """Somebody arrived: signed in here, or refused with the reason."""
        said = sociallogin.account.extra_data
        id_claims, user_claims = said["id_token"], said.get("userinfo") or {}
        try:
            id_token.demand_nonce(id_claims, sociallogin.state.get("nonce"))
            id_token.demand_same(id_claims, user_claims)
            provider = discovery.configured()
            values = arriving.roles_of(id_claims, user_claims, provider.role_claim)
            user = arriving.arrive(provider, id_claims["iss"], {**user_claims, **id_claims}, values)
        except id_token.WrongToken as error:
            self._fail(request, str(error))
        except NotLetIn as refusal:
            raise ImmediateHttpResponse(refused_page(request, str(refusal), status=403)) from None
        sessions.begin(request, user)
        wanted = returning.checked(request, str(sociallogin.state.get("next") or ""))
        raise ImmediateHttpResponse(HttpResponseRedirect(wanted))

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,  # noqa: ARG002 - allauth's interface
        error: Any = None,
        exception: Exception | None = None,
        extra_context: Any = None,  # noqa: ARG002 - allauth's interface
    ) -> NoReturn:
        """A sign-in that was called off, or that nobody here began, or that proves nothing."""
        if str(error) == "cancelled":
            raise ImmediateHttpResponse(refused_page(request, _("Signing in was called off."), status=403))
        self._fail(request, str(exception) if exception else "no sign-in of this browser waits for that answer")

    def _fail(self, request: HttpRequest, reason: str) -> NoReturn:
        logger.warning("A sign-in at the OpenID provider failed: %s", reason)
        told = _("The provider's answer could not be proved. Try again; the log says what was wrong.")
        raise ImmediateHttpResponse(refused_page(request, told, status=403))
