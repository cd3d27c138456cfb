"""Each line that a download logs names its item and provider, and holds no address, whatever goes wrong."""

from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Iterator

import pytest

from aniworld.configuration import store
from aniworld.logs import ContextFilter, LineFormatter
from downloads import engine, queue, tasks
from library.models import Episode, Series
from tests.downloads.conftest import Demo
from tests.downloads.driving import AES, HLS, MP4


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What goes into download.log and, of providers, into app.log; as JSON.

    Not of threads that earlier tests left: what was cancelled while a host hung is told when that times out.
    """
    stream = io.StringIO()
    left = {thread.ident for thread in threading.enumerate()} - {threading.get_ident()}
    handler = logging.StreamHandler(stream)
    handler.addFilter(lambda record: record.thread not in left)
    handler.setFormatter(LineFormatter(as_json=True))
    handler.addFilter(ContextFilter())
    loggers = [logging.getLogger(name) for name in ("downloads", "providers")]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel("DEBUG")
    yield stream
    for logger in loggers:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)


def test_every_line_names_item_and_provider(demo: Demo, series: Series, episode: Episode, written: io.StringIO) -> None:
    store.change({"providers": {"max_retries": 1, "retry_delay": 0}})
    demo.fault(MP4, "500", stage="embed")
    demo.fault(HLS, "404", stage="segment")
    [pk] = queue.enqueue(series, [episode], language="German Dub").added
    claimed = tasks.claim()
    assert claimed
    written.truncate(0)
    written.seek(0)
    engine.run(claimed)
    claimed.refresh_from_db()
    assert claimed.status == "completed"
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert {line["item"] for line in lines} == {str(pk)}
    assert {MP4, HLS, AES} <= {line["provider"] for line in lines}
    assert any(line["provider"] == AES and line["message"].startswith("Arrived as ") for line in lines)
    told = written.getvalue()
    assert not [word for word in (demo.address + "/", "?", claimed.download_url or demo.address + "/") if word in told]
