"""`/integrations/qbittorrent/api/v2/…`: which call is which, who may make it, and how a refusal is told."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from aniworld.configuration import store
from aniworld.refusals import Forbidden, Refused
from integrations import access
from integrations.qbittorrent import changing, doors, reading
from integrations.qbittorrent.asked import Call

Answer = Callable[[Call], HttpResponse]

# Clients ask by GET and by POST alike.
READING: dict[str, Answer] = {
    "app/version": reading.version,
    "app/webapiVersion": reading.web_api_version,
    "app/buildInfo": reading.build_info,
    "app/preferences": reading.preferences,
    "app/defaultSavePath": reading.default_save_path,
    "torrents/info": reading.torrents,
    "torrents/count": reading.count,
    "torrents/properties": reading.properties,
    "torrents/files": reading.files,
    "torrents/trackers": reading.nothing,
    "torrents/webseeds": reading.nothing,
    "torrents/categories": reading.categories,
    "torrents/tags": reading.tags,
    "sync/maindata": reading.main_data,
    "transfer/info": reading.transfer,
}
CHANGING: dict[str, Answer] = {
    "torrents/add": changing.add,
    "torrents/delete": changing.delete,
    "torrents/stop": changing.stop,
    "torrents/pause": changing.stop,
    "torrents/start": changing.start,
    "torrents/resume": changing.start,
    "torrents/recheck": changing.start,
    "torrents/reannounce": changing.share_limits,
    "torrents/setForceStart": changing.force_start,
    "torrents/topPrio": changing.to_top,
    "torrents/bottomPrio": changing.to_bottom,
    "torrents/setShareLimits": changing.share_limits,
    "torrents/setCategory": changing.set_category,
    "torrents/createCategory": changing.create_category,
    "torrents/editCategory": changing.edit_category,
    "torrents/removeCategories": changing.remove_categories,
    "torrents/addTags": changing.add_tags,
    "torrents/removeTags": changing.remove_tags,
    "torrents/createTags": changing.nothing,
    "torrents/deleteTags": changing.delete_tags,
}
# Known without a login, and asked by POST.
OPEN: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "auth/login": doors.log_in,
    "auth/logout": doors.log_out,
}
# Something that is not ready, such as the library, is no failure of this program.
_STATUS = {422: 400, 429: 403, 503: 409}


@csrf_exempt
def call(request: HttpRequest, part: str, verb: str) -> HttpResponse:
    """One call. Nobody but who may queue changes anything, and no page of another origin may act for anybody."""
    try:
        response = _answered(request, f"{part}/{verb}")
    except Refused as refusal:
        status = _STATUS.get(refusal.status, refusal.status)
        response = HttpResponse(str(refusal), status=status, content_type="text/plain; charset=utf-8")
    response.setdefault("Cache-Control", "no-store")
    return response


def _answered(request: HttpRequest, name: str) -> HttpResponse:
    known = OPEN.keys() | READING.keys() | CHANGING.keys()
    if not store.current().integrations.qbittorrent_enabled or name not in known:
        return _plain("Not Found", 404)
    if request.method not in (("GET", "HEAD", "POST") if name in READING else ("POST",)):
        return _plain("Method Not Allowed", 405)
    if name in OPEN:
        return OPEN[name](request)
    principal = doors.holder(request)
    if principal is None:
        return _plain("Forbidden", 403)
    if name in CHANGING and not access.may_queue(principal):
        raise Forbidden(_("This API key has scope “%s”, which does not allow this.") % principal.scope, code="scope")
    return (READING.get(name) or CHANGING[name])(Call(request, principal))


def _plain(text: str, status: int) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain")
