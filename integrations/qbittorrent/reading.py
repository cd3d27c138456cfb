"""The calls that only look."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, JsonResponse

from integrations.qbittorrent import places, shown
from integrations.qbittorrent.asked import Call
from integrations.qbittorrent.models import Category, ClientTorrent
from integrations.qbittorrent.working import named
from integrations.releases import one_line

# What is spoken here: of 2.11 on it is “stopped” instead of “paused”.
WEB_API_VERSION = "2.11.2"
VERSION = "v5.0.2"
_MOST_LISTED = 10_000


def version(_call: Call) -> HttpResponse:
    """Of the program that this speaks like."""
    return HttpResponse(VERSION, content_type="text/plain")


def web_api_version(_call: Call) -> HttpResponse:
    """Of the protocol."""
    return HttpResponse(WEB_API_VERSION, content_type="text/plain")


def build_info(_call: Call) -> HttpResponse:
    """What such a program is made of."""
    return JsonResponse({"qt": "6.7.3", "libtorrent": "2.0.11", "boost": "1.86", "openssl": "3.4", "bitness": 64})


def default_save_path(_call: Call) -> HttpResponse:
    """Where downloads without a category are handed over."""
    return HttpResponse(places.seen(), content_type="text/plain; charset=utf-8")


def preferences(_call: Call) -> HttpResponse:
    """What managers look at before they send anything: nothing is removed by itself, and magnets are understood."""
    return JsonResponse(
        {
            "save_path": places.seen(),
            "temp_path_enabled": False,
            "temp_path": "",
            "max_ratio_enabled": False,
            "max_ratio": -1,
            "max_seeding_time_enabled": False,
            "max_seeding_time": -1,
            "max_inactive_seeding_time_enabled": False,
            "max_inactive_seeding_time": -1,
            "max_ratio_act": 0,
            "queueing_enabled": True,
            "dht": True,
            "auto_tmm_enabled": False,
            "create_subfolder_enabled": True,
            "start_paused_enabled": False,
            "add_stopped_enabled": False,
            "web_ui_username": "",
        }
    )


def torrents(call: Call) -> HttpResponse:
    """The list, narrowed, in order, and in part; as many queries however long it is."""
    rows = named(call.hashes() if call.has("hashes") else None)
    if call.has("category"):
        rows = rows.filter(category=one_line(call.text("category")))
    found = [one for one in shown.rows(rows) if _is_wanted(call, one)]
    order = call.text("sort")
    if order in ORDERS:
        found.sort(key=lambda one: one[order])
    if call.flag("reverse"):
        found.reverse()
    offset = call.count("offset") or 0
    begin = max(0, offset if offset >= 0 else len(found) + offset)
    limit = call.count("limit") or 0
    return JsonResponse(found[begin : begin + (limit if limit > 0 else _MOST_LISTED)], safe=False)


ORDERS = frozenset(
    ("hash", "name", "size", "progress", "eta", "state", "category", "added_on", "completion_on", "dlspeed",
     "amount_left", "last_activity", "save_path", "time_active")
)  # fmt: skip


def properties(call: Call) -> HttpResponse:
    """One torrent; managers ask this to see whether it was added."""
    return JsonResponse(shown.properties(call.torrent()))


def files(call: Call) -> HttpResponse:
    """What a torrent consists of."""
    return JsonResponse(shown.files(call.torrent()), safe=False)


def nothing(call: Call) -> HttpResponse:
    """Trackers and web seeds of a torrent: there are none."""
    call.torrent()
    return JsonResponse([], safe=False)


def count(_call: Call) -> HttpResponse:
    """How many torrents there are."""
    return HttpResponse(str(ClientTorrent.objects.count()), content_type="text/plain")


def categories(_call: Call) -> HttpResponse:
    """All of them by name."""
    return JsonResponse(_categories())


def tags(_call: Call) -> HttpResponse:
    """Those that torrents have."""
    return JsonResponse(_tags(), safe=False)


def main_data(_call: Call) -> HttpResponse:
    """All at once; always in full."""
    rows = shown.rows(named(None))
    return JsonResponse(
        {
            "rid": 1,
            "full_update": True,
            "torrents": {one["hash"]: one for one in rows},
            "categories": _categories(),
            "tags": _tags(),
            "trackers": {},
            "server_state": {**_transfer(rows), "queueing": True},
        }
    )


def transfer(_call: Call) -> HttpResponse:
    """The speed of all together."""
    return JsonResponse(_transfer(shown.rows(named(None))))


def _transfer(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "connection_status": "connected",
        "dht_nodes": 0,
        "dl_info_speed": sum(one["dlspeed"] for one in rows),
        "dl_info_data": sum(one["completed"] for one in rows),
        "dl_rate_limit": 0,
        "up_info_speed": 0,
        "up_info_data": 0,
        "up_rate_limit": 0,
    }


def _categories() -> dict[str, dict[str, str]]:
    return {name: shown.category(name) for name in Category.objects.values_list("name", flat=True)}


def _tags() -> list[str]:
    return sorted({tag for tags_ in ClientTorrent.objects.values_list("tags", flat=True) for tag in tags_})


def _is_wanted(call: Call, one: dict[str, Any]) -> bool:
    if call.has("category") and one["category"] != call.text("category"):
        return False
    if call.has("tag") and call.text("tag") not in one["tags"].split(", "):
        return False
    return shown.matches(one, call.text("filter"))
