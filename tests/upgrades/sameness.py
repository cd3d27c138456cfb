"""Importing this makes chance and the clock give the same in every run, and Django ready for what is imported after."""

import datetime
import itertools
import os
import random
import time
import uuid

import django
from django.utils import timezone

BEGINNING = datetime.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=datetime.UTC)
_chance, _seconds = random.Random(7), itertools.count()  # nothing of it is secret

# What `secrets` draws from as well.
os.urandom = random._urandom = _chance.randbytes  # type: ignore[attr-defined]  # replaced on purpose
uuid.uuid4 = lambda: uuid.UUID(bytes=_chance.randbytes(16), version=4)
time.time = lambda: BEGINNING.timestamp() + next(_seconds)
timezone.now = lambda: BEGINNING + datetime.timedelta(seconds=next(_seconds))

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aniworld.settings")
django.setup()
