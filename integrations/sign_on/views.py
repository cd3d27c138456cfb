"""The two addresses of single sign-on: the way to the provider, and where the provider sends the browser back to."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import wraps

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from aniworld.accounts import throttling
from aniworld.accounts.addresses import address_of, counted_as
from aniworld.accounts.returning import wanted_page
from aniworld.refusals import SlowDown
from integrations.sign_on.provider import PROVIDER_ID, GuardedAdapter
from integrations.sign_on.refusing import refused_page
from providers.exceptions import ProviderError

logger = logging.getLogger(__name__)
# Each costs requests to the provider.
TRIES_A_MINUTE = 20

View = Callable[[HttpRequest], HttpResponse]


def _careful(view: View) -> View:
    """Counts tries, and says in plain words what the provider did not do."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        try:
            place = counted_as(address_of(request))
            throttling.count(f"sign-on {place}", TRIES_A_MINUTE, timedelta(minutes=1))
            return view(request)
        except SlowDown as refusal:
            response = refused_page(request, str(refusal), status=refusal.status)
            response["Retry-After"] = str(refusal.retry_after)
            return response
        except ProviderError as error:
            logger.warning("The OpenID provider can't be asked: %s", error)
            return refused_page(request, _("The provider can't be asked: %s") % error, status=502)
        except (OAuth2Error, KeyError, TypeError, ValueError) as error:
            logger.warning("The OpenID provider's answer makes no sense: %r", type(error).__name__)
            return refused_page(request, _("The provider's answer makes no sense."), status=502)

    return never_cache(require_GET(guarded))


@_careful
def begin(request: HttpRequest) -> HttpResponse:
    """To the provider, with a state and a nonce that only this browser's session knows, and PKCE."""
    wanted = wanted_page(request)
    if request.user.is_authenticated:
        return HttpResponseRedirect(wanted)
    provider = get_adapter(request).get_provider(request, PROVIDER_ID)
    nonce = secrets.token_urlsafe(24)
    answer: HttpResponse = provider.redirect(
        request, "login", next_url=wanted, auth_params={"nonce": nonce}, nonce=nonce
    )
    return answer


@_careful
def callback(request: HttpRequest) -> HttpResponse:
    """Back from the provider. `allauth_hooks` ends it."""
    view = OAuth2CallbackView.adapter_view(GuardedAdapter(request, PROVIDER_ID))
    answer: HttpResponse = view(request)
    return answer
