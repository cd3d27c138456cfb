#!/usr/bin/env python
"""Entry point of every command: `python manage.py NAME`."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aniworld.settings")
    if sys.argv[1:2] == ["up"]:
        # It and its workers show none; its web server is told so. See aniworld/settings.py.
        os.environ["ANIWORLD_PAGES"] = "off"
    execute_from_command_line(sys.argv)
