"""Draws the demo's covers: a sun behind hills in colours of the title, as PNG."""

from __future__ import annotations

import colorsys
import math
import random
import struct
import zlib
from functools import lru_cache

WIDTH, HEIGHT = 300, 450
Colour = bytes


@lru_cache(maxsize=64)
def cover(title: str) -> bytes:
    """A PNG of 300 × 450, always the same for a title."""
    chance = random.Random(zlib.crc32(title.encode()))  # noqa: S311 - a picture, not a secret
    hue = chance.random()
    sun = (chance.randrange(70, 230), chance.randrange(110, 230), chance.randrange(35, 75))
    hills = [(230 + 60 * layer, chance.random() * 6, 0.012 + 0.01 * chance.random()) for layer in range(3)]
    rows = bytearray()
    for y in range(HEIGHT):
        row = bytearray(_colour(hue, 0.55, 0.25 + 0.55 * y / HEIGHT) * WIDTH)
        _draw_sun(row, y, sun, _colour(hue + 0.1, 0.35, 1.0))
        for layer, hill in enumerate(hills):
            _draw_hill(row, y, hill, _colour(hue + 0.5, 0.5, 0.55 - 0.17 * layer))
        rows += b"\x00" + row
    return _png(bytes(rows))


def _colour(hue: float, saturation: float, value: float) -> Colour:
    return bytes(int(255 * part) for part in colorsys.hsv_to_rgb(hue % 1, saturation, value))


def _draw_sun(row: bytearray, y: int, sun: tuple[int, int, int], colour: Colour) -> None:
    x, middle, radius = sun
    reach = radius**2 - (y - middle) ** 2
    if reach > 0:
        half = int(math.sqrt(reach))
        left, right = max(0, x - half), min(WIDTH, x + half)
        row[left * 3 : right * 3] = colour * (right - left)


def _draw_hill(row: bytearray, y: int, hill: tuple[int, float, float], colour: Colour) -> None:
    base, phase, width = hill
    for x in range(0, WIDTH, 3):
        if y > base + 40 * math.sin(phase + x * width):
            row[x * 3 : x * 3 + 9] = colour * 3


def _png(rows: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(rows, 6)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
