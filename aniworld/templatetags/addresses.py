"""Addresses of which a page of rows has many hundreds: looked up once, then put together."""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.urls import get_script_prefix, reverse

register = template.Library()


@register.simple_tag
def item_address(pk: int, verb: str) -> str:
    """Where `verb` is done to an item of the queue."""
    return f"{_of_items(get_script_prefix())}{pk}/{verb}"


@lru_cache(maxsize=8)
def _of_items(_prefix: str) -> str:
    return reverse("queue-item", args=[0, "verb"]).removesuffix("0/verb")
