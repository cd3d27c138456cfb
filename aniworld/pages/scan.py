"""Scanning the library folder from the library's page, and what scans found."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from aniworld.live.models import Progress
from aniworld.pages import feedback
from aniworld.pages.access import action, members
from library import scanning
from library.models import Finding, Scan
from library.models.scan import PROGRESS_ID


def shown(request: HttpRequest) -> dict[str, Any]:
    """Whether a scan runs, how far it is, and how much waits for an administrator."""
    scan = Scan.objects.live().first()
    progress = Progress.objects.active().filter(pk=PROGRESS_ID).first() if scan else None
    findings = Finding.objects.waiting().count() if request.user.is_staff else 0
    return {"scan": scan, "scan_progress": progress, "finding_count": findings}


def _back(_request: HttpRequest) -> str:
    return reverse("library")


@members
def part(request: HttpRequest) -> HttpResponse:
    """The button, or the bar of the scan that runs; for the page of the findings without their number."""
    told = {**shown(request), "without_findings": "without_findings" in request.GET}
    return render(request, "parts/scan.html", told)


@action(_back)
def start(request: HttpRequest) -> HttpResponse:
    """Asks for a scan of everything."""
    scanning.start()
    return feedback.done(request, _("The library is being scanned."), _back(request), ("scan",), "info")


@action(_back)
def cancel(request: HttpRequest) -> HttpResponse:
    """Ends the scan."""
    if not scanning.cancel():
        return feedback.done(request, _("No scan runs."), _back(request), ("scan",), "info")
    return feedback.done(request, _("The scan ends."), _back(request), ("scan",), "info")
