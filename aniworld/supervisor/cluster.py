"""`python -m aniworld.supervisor.cluster`: the django-q2 cluster named by `Q_CLUSTER_NAME`, tied to its `up`.

This process is the sentinel itself, which django-q2's own command would fork, and then only wait for. It loads
everything first; workers, pusher and monitor are its forks and share that.
"""

from __future__ import annotations

import gc
import logging
import time
from multiprocessing import Event
from uuid import uuid4

import django

from aniworld.supervisor import tie

django.setup()

# What knows models can be imported only after Django was set up above.
from django.db import DatabaseError, connections  # noqa: E402 - see above
from django_q.brokers import get_broker  # noqa: E402 - see above
from django_q.cluster import Sentinel  # noqa: E402 - see above

from aniworld.supervisor import models  # noqa: E402 - see above

logger = logging.getLogger(__name__)


def run() -> None:
    """Starts the workers and guards them, until this process is ended."""
    _ask_once()
    _wait_for_broker()
    # A collection in a worker would write to every object it looks at, and so copy what is shared.
    gc.collect()
    gc.freeze()
    Sentinel(Event(), Event(), uuid4())


def _ask_once() -> None:
    """What Django loads and works out at the first query is then shared as well: 2 MB less for each process."""
    try:
        get_broker()
        models.Cluster.objects.working().exists()
    except DatabaseError as error:
        # The workers wait for it themselves.
        logger.warning("The database does not answer yet: %s", error)
    finally:
        connections.close_all()


def _wait_for_broker() -> None:
    """Without it the sentinel would end, and be started again after ever longer waits."""
    complained = False
    while True:
        try:
            get_broker().ping()
        except Exception as error:  # broker errors come in every kind
            if not complained:
                logger.warning("The broker does not answer yet: %s", error)
            complained = True
            time.sleep(1)
        else:
            return


if __name__ == "__main__":
    tie.to_parent()
    run()
