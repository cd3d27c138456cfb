"""Importing this first makes Django ready for the models that are imported after it."""

import django

django.setup()
