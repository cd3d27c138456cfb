"""What every child of `up` does first: it ties the process and all its forks to their parent.

So a kill -9 of `up` leaves nobody behind. Nothing of Django is loaded here, since not every child needs it.
"""

from __future__ import annotations

import os
import sys

from aniworld.supervisor import linux

PARENT = "ANIWORLD_PARENT"


def to_parent() -> None:
    """From here on this process and its forks end with the one that started it and named itself in `PARENT`."""
    to(int(os.environ.get(PARENT, "0")))


def to(parent: int) -> None:
    """The same for the parent with this id."""
    linux.die_with_parent()
    if os.getppid() != parent:
        # The parent was gone before the tie was made.
        sys.exit("This is started by another process, which names itself, and not by hand.")
    linux.tie_forks_too()
