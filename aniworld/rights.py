"""What members may do in the admin, should an operator let them in: the one place that names it.

Letting them in makes them staff, which is what the API and the pages call an administrator.
"""

from __future__ import annotations

from aniworld.accounts import roles

OF_MEMBERS: roles.Rights = {
    "downloads": ("view_queueitem", "change_queueitem"),
    "library": ("view_favorite", "add_favorite", "change_favorite", "delete_favorite"),
}


def put_in_place() -> None:
    """At each start, after the database was brought up to date."""
    roles.put_in_place(OF_MEMBERS)
