"""What is sent compressed, and what is asked for again only when it changed."""

from __future__ import annotations

import gzip

import pytest
from django.test import Client

from aniworld.accounts.models import User

pytestmark = pytest.mark.django_db
ZIPPED = {"Accept-Encoding": "gzip"}


def test_scripts_are_compressed_and_not_sent_again() -> None:
    plain = Client().get("/static/js/app.js")
    answer = Client().get("/static/js/app.js", headers=ZIPPED)
    assert answer["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer["Vary"]
    body, whole = answer.getvalue(), plain.getvalue()
    assert len(body) < len(whole)
    assert gzip.decompress(body) == whole
    again = Client().get("/static/js/app.js", headers={**ZIPPED, "If-None-Match": answer["ETag"]})
    assert again.status_code == 304


def test_pages_are_compressed() -> None:
    User.objects.create_user("somebody")
    answer = Client().get("/login", headers=ZIPPED)
    assert answer["Content-Encoding"] == "gzip"
    assert b"<html" in gzip.decompress(answer.content)


def test_pictures_are_not() -> None:
    assert "Content-Encoding" not in Client().get("/static/img/icon-192.png", headers=ZIPPED)
