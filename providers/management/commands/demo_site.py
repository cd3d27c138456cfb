"""Runs the demo site until it is told to stop."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from providers import demo
from providers.demo.serving import serve


class Command(BaseCommand):
    help = "Serves the demo catalogue and its three hosts on loopback until SIGTERM."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=demo.port(), help="0 takes a free one.")

    def handle(self, *args: Any, **options: Any) -> None:
        serve(settings.DEMO_DIR, options["port"])
