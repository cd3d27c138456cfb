"""Pages show times in the zone that the browser names, and the server's where it names none."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from aniworld.configuration import store
from aniworld.middleware import TimeZone
from aniworld.templatetags.quantities import ago, clock_time
from downloads import window

MOMENT = datetime(2020, 7, 1, 12, 30, tzinfo=UTC)


def test_pages_take_the_zone_of_the_browser() -> None:
    seen = []

    def answer(_request: HttpRequest) -> HttpResponse:
        seen.append(timezone.get_current_timezone_name())
        return HttpResponse()

    for given in ("Europe/Berlin", "Asia/Kolkata", "No/Such", "../../etc/passwd", "Europe", "x" * 300, ""):
        request = RequestFactory().get("/queue")
        request.COOKIES["zone"] = given
        TimeZone(answer)(request)
    assert seen == ["Europe/Berlin", "Asia/Kolkata", *(["UTC"] * 5)]
    assert timezone.get_current_timezone_name() == "UTC", "what is over leaves nothing behind"


def test_a_moment_names_its_zone() -> None:
    with timezone.override("Europe/Berlin"):
        assert "CEST" in ago(MOMENT)
        assert ">14:30<" in clock_time(MOMENT)
        assert "CEST" in clock_time(MOMENT)
    assert "UTC" in clock_time(MOMENT)


@pytest.mark.django_db
def test_the_download_window_stays_the_servers() -> None:
    with timezone.override("Pacific/Kiritimati"):
        now = timezone.now()
        start = time((now.hour + 2) % 24)
        end = time((now.hour + 3) % 24)
        store.change({"downloads": {"window_start": f"{start:%H:%M}", "window_end": f"{end:%H:%M}"}}, by="test")
        opens = window.opens_at()
    assert opens is not None
    assert opens.astimezone(UTC).hour == start.hour
