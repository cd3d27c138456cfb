"""The calls that change something."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext as _

from aniworld.refusals import Conflict, Refused
from downloads.models import Priority
from integrations.qbittorrent import grabbing, places, working
from integrations.qbittorrent.asked import Call
from integrations.qbittorrent.models import Category, ClientTorrent
from integrations.qbittorrent.models.category import checked
from integrations.releases import one_line

_MOST_LINKS = 100
_PLAIN = "text/plain; charset=utf-8"


def add(call: Call) -> HttpResponse:
    """`Ok.` when one of the links was taken on, else `Fails.`; torrent files are nothing that could be had here."""
    category = one_line(call.text("category"))
    links = [line.strip() for line in call.text("urls").splitlines() if line.strip()]
    taken = 0
    for link in links[:_MOST_LINKS]:
        try:
            grabbing.add(
                link,
                category=category,
                tags=working.tags_of(call.text("tags")),
                is_stopped=call.flag("stopped", "paused"),
                by=call.user,
            )
            taken += 1
        except Refused as refusal:
            working.logger.warning("A link was not added: %s", refusal)
    return HttpResponse("Ok." if taken else "Fails.", content_type="text/plain")


def delete(call: Call) -> HttpResponse:
    """With `deleteFiles` also what was handed over."""
    working.delete(call.torrents(), with_files=call.flag("deleteFiles"), by=call.user)
    return _done()


def stop(call: Call) -> HttpResponse:
    """Parks them."""
    working.stop(call.torrents())
    return _done()


def start(call: Call) -> HttpResponse:
    """Goes on with them."""
    working.start(call.torrents())
    return _done()


def force_start(call: Call) -> HttpResponse:
    """`value` true: at once, before others."""
    found = call.torrents()
    if call.flag("value"):
        working.start(found)
        working.prioritise(found, Priority.HIGH)
    return _done()


def to_top(call: Call) -> HttpResponse:
    """Before others."""
    working.prioritise(call.torrents(), Priority.HIGH)
    return _done()


def to_bottom(call: Call) -> HttpResponse:
    """Behind others."""
    working.prioritise(call.torrents(), Priority.LOW)
    return _done()


def share_limits(call: Call) -> HttpResponse:
    """Nothing is shared, so there is nothing to limit."""
    call.hashes()
    return _done()


def set_category(call: Call) -> HttpResponse:
    """Of torrents; a category that there is, or none."""
    name = call.text("category")
    if name and not Category.objects.filter(name=one_line(name)).exists():
        raise Conflict(_("There is no such category."))
    call.torrents().sort_into(one_line(name))
    return _done()


def create_category(call: Call) -> HttpResponse:
    """A new one. Its folder is ours to choose, whatever `savePath` says."""
    places.make(Category.objects.put(call.text("category"), is_new=True).name)
    return _done()


def edit_category(call: Call) -> HttpResponse:
    """There is nothing of it to edit but its folder, which is ours to choose."""
    if not Category.objects.filter(name=checked(call.text("category"))).exists():
        raise Conflict(_("There is no such category."))
    return _done()


def remove_categories(call: Call) -> HttpResponse:
    """Those named, one a line; their torrents have none any more."""
    names = {one_line(line) for line in call.text("categories").splitlines()[:10_000]} - {""}
    known = [pk for pk, name in Category.objects.values_list("pk", "name") if name in names]
    Category.objects.filter(pk__in=known).delete()
    had = ClientTorrent.objects.order_by().exclude(category="").values_list("category", flat=True).distinct()
    for name in names.intersection(had):
        ClientTorrent.objects.filter(category=name).sort_into("")
    return _done()


def add_tags(call: Call) -> HttpResponse:
    """Besides those they have."""
    more = working.tags_of(call.text("tags"))
    call.torrents().tag(lambda tags: list(dict.fromkeys([*tags, *more]))[: working.MOST_TAGS])
    return _done()


def remove_tags(call: Call) -> HttpResponse:
    """Those named, or all without any."""
    gone = working.tags_of(call.text("tags"))
    call.torrents().tag(lambda tags: [tag for tag in tags if gone and tag not in gone])
    return _done()


def delete_tags(call: Call) -> HttpResponse:
    """Of every torrent."""
    gone = working.tags_of(call.text("tags"))
    working.named(None).tag(lambda tags: [tag for tag in tags if tag not in gone])
    return _done()


def nothing(_call: Call) -> HttpResponse:
    """There is nothing to do here."""
    return _done()


def _done() -> HttpResponse:
    return HttpResponse("", content_type=_PLAIN)
