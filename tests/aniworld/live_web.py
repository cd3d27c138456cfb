"""The product's web server alone, on a listening socket whose descriptor is named: what a fork of `up` runs."""

from __future__ import annotations

import gc
import os
import sys

import django

os.environ |= {"DJANGO_SETTINGS_MODULE": "aniworld.settings", "ANIWORLD_PAGES": "on"}
django.setup()

from aniworld.supervisor import web  # noqa: E402  # after django.setup()

if __name__ == "__main__":
    # As the fork server does before it forks.
    gc.collect()
    gc.freeze()
    web.run(int(sys.argv[1]))
