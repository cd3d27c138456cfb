"""`/integrations/torznab/api`: the one address of the indexer. Its answers are XML, whatever happens."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from aniworld.accounts.authentication import given
from aniworld.accounts.tokens import Principal
from aniworld.configuration import store
from aniworld.refusals import SlowDown
from integrations import access
from integrations.torznab import answering, feed
from integrations.torznab.query import WrongParameter, read

log = logging.getLogger(__name__)

# As the protocol numbers them.
WRONG_KEY, MISSING, WRONG_VALUE, NO_SUCH_FUNCTION, LIMIT, FAILED = 100, 200, 201, 202, 500, 900
LIMIT_REACHED = "Request limit reached"


@csrf_exempt
def api(request: HttpRequest) -> HttpResponse:
    """Asks for a key in `apikey`, `X-Api-Key` or `Authorization`; changes nothing."""
    if not store.current().integrations.torznab_enabled:
        return _xml(feed.error(NO_SUCH_FUNCTION, _("The indexer is switched off.")), status=404)
    if request.method not in ("GET", "HEAD"):
        return _xml(feed.error(NO_SUCH_FUNCTION, _("Only GET is understood here.")), status=405)
    return _xml(_answered(request))


def _answered(request: HttpRequest) -> bytes:
    try:
        principal = access.holder(request.GET.get("apikey", "") or given(request))
        if principal is None:
            return feed.error(WRONG_KEY, _("The API key is missing or wrong."))
        return _function(request.GET.get("t", ""))(request, principal)
    except _Told as told:
        return feed.error(told.code, str(told))
    except WrongParameter as error:
        return feed.error(WRONG_VALUE, _("Incorrect parameter: %s.") % error)
    except SlowDown:
        return feed.error(LIMIT, LIMIT_REACHED)
    except Exception:
        log.exception("The indexer could not answer")
        return feed.error(FAILED, _("Something went wrong here. The log tells what."))


class _Told(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def _function(name: str) -> Callable[[HttpRequest, Principal], bytes]:
    found = _FUNCTIONS.get(name)
    if found is None and not name:
        raise _Told(MISSING, _("The parameter t is missing."))
    if found is None:
        raise _Told(NO_SUCH_FUNCTION, _("There are t=caps, t=search and t=tvsearch."))
    return found


def _caps(_request: HttpRequest, _principal: Principal) -> bytes:
    return feed.capabilities(store.current().general.site_name)


def _search(request: HttpRequest, principal: Principal) -> bytes:
    query = read({name: str(value) for name, value in request.GET.items()})
    offers, total = answering.answer(query, principal)
    address = request.build_absolute_uri(f"{request.META.get('SCRIPT_NAME', '')}/")
    title = store.current().general.site_name
    return feed.items(offers, title=title, address=address, offset=query.offset, total=total)


_FUNCTIONS = {"caps": _caps, "search": _search, "tvsearch": _search}


def _xml(content: bytes, status: int = 200) -> HttpResponse:
    kind = "application/rss+xml" if b"<rss" in content[:200] else "application/xml"
    return HttpResponse(
        content, status=status, content_type=f"{kind}; charset=utf-8", headers={"Cache-Control": "no-store"}
    )
