"""The provider as django-allauth sees it: its own, with our client for every request and our proof of the ID token."""

from __future__ import annotations

from typing import Any

from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import HttpRequest
from django.urls import reverse

from integrations.sign_on import discovery
from integrations.sign_on.id_token import WrongToken, claims_of

PROVIDER_ID = "openid"


class GuardedAdapter(OpenIDConnectOAuth2Adapter):
    """One sign-in. What the provider says of itself is read once for it."""

    @property
    def openid_config(self) -> dict[str, Any]:
        """Raises `ProviderError`."""
        if not hasattr(self, "_description"):
            self._description = discovery.read(discovery.client(), discovery.configured().issuer)
        return self._description

    def _decode_id_token(self, app: Any, id_token: str) -> dict[str, Any]:
        """allauth would not check a signature that came by TLS; a provider in the house may have none."""
        keys = discovery.keys(discovery.client(), self.openid_config)
        try:
            return claims_of(id_token, keys, self.openid_config["issuer"], app.client_id)
        except WrongToken as error:
            raise OAuth2Error(str(error)) from None

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> Any:
        """allauth's, for which an answer without an ID token would do."""
        if not kwargs["response"].get("id_token"):
            raise OAuth2Error("the provider sent no ID token")
        return super().complete_login(request, app, token, **kwargs)

    def get_callback_url(self, request: HttpRequest, app: Any) -> str:  # noqa: ARG002 - allauth's interface
        """Ours."""
        return request.build_absolute_uri(reverse("sign-on-callback"))


class GuardedProvider(OpenIDConnectProvider):
    """The only one there is."""

    oauth2_adapter_class = GuardedAdapter

    def extract_uid(self, data: dict[str, Any]) -> str:
        """Of the token that was proved."""
        return str(data["id_token"]["sub"])

    def extract_email_addresses(self, data: dict[str, Any]) -> list[Any]:  # noqa: ARG002 - allauth's interface
        """None: an address of mail says nothing about who somebody is here."""
        return []

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - allauth's interface
        """None, for the same reason."""
        return {}


# What allauth's registry looks for.
provider_classes = [GuardedProvider]
