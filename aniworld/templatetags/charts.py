"""Small charts as SVG that the server draws: no script, no inline style, and words that say the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, Protocol

from django import template
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

register = template.Library()

# Units of every drawing: its box is stretched to the place it is shown in.
WIDTH, HEIGHT = 240.0, 48.0
_GAP = 2.0
# Percent from which on a stretch of time is called good, and fair.
_GOOD, _FAIR = 99.0, 80.0


class Point(Protocol):
    """A stretch of time with what was measured in it."""

    @property
    def time(self) -> datetime:
        """When it begins."""

    @property
    def requests(self) -> int:
        """How many there were."""

    @property
    def success_rate(self) -> float | None:
        """Percent; None without requests."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One stretch: how high it stands (percent), and the class of its look."""

    x: float
    width: float
    rate: float | None
    look: str


def runs(values: Sequence[float | None]) -> Iterator[list[tuple[int, float]]]:
    """The values with their indices, cut where some are missing."""
    run: list[tuple[int, float]] = []
    for index, value in enumerate(values):
        if value is not None:
            run.append((index, value))
        elif run:
            yield run
            run = []
    if run:
        yield run


def outline(values: Sequence[float | None], top: float, *, joined: bool = False) -> str:
    """The path of a line over the whole width, from 0 at the bottom to `top`.

    It is broken where values are missing, or `joined`: led straight on, where only the trend counts.
    """
    step = WIDTH / max(1, len(values) - 1)
    pieces: list[str] = []
    found = list(runs(values))
    for run in [list(chain.from_iterable(found))] if joined and found else found:
        points = [
            f"{index * step:.1f} {HEIGHT - 2 - (HEIGHT - 4) * (value / top if top else 0):.1f}" for index, value in run
        ]
        # A single value is a dash: a line of no length would not be seen.
        lone = f" h{min(step, 4):.1f}" if len(points) == 1 else ""
        pieces.append(f"M{' L'.join(points)}{lone}")
    return " ".join(pieces)


def bars(points: Iterable[Point]) -> list[Bar]:
    """One bar for each stretch of time."""
    listed = list(points)
    step = WIDTH / max(1, len(listed))
    return [
        Bar(index * step, max(1.0, step - _GAP), point.success_rate, _look(point.success_rate))
        for index, point in enumerate(listed)
    ]


def _look(rate: float | None) -> str:
    if rate is None:
        return "none"
    return "good" if rate >= _GOOD else "fair" if rate >= _FAIR else "poor"


def _drawn(bar: Bar) -> SafeString:
    """The bar, and above it what is missing to the whole."""
    x, width = f"{bar.x:.1f}", f"{bar.width:.1f}"
    if bar.rate is None:
        low = f"{HEIGHT - 4:.1f}"
        return format_html('<rect class="bar bar--none" x="{}" y="{}" width="{}" height="4"></rect>', x, low, width)
    high = max(4.0, HEIGHT * bar.rate / 100)
    body = format_html(
        '<rect class="bar bar--{}" x="{}" y="{}" width="{}" height="{}"></rect>',
        *(bar.look, x, f"{HEIGHT - high:.1f}", width, f"{high:.1f}"),
    )
    if high >= HEIGHT - 1:
        return body
    lost = format_html(
        '<rect class="bar bar--lost" x="{}" y="0" width="{}" height="{}"></rect>', x, width, f"{HEIGHT - high:.1f}"
    )
    return SafeString(lost + body)


def _number(value: float) -> str:
    digits = 0 if value >= 10 else 1
    return number_format(round(value, digits), decimal_pos=digits, force_grouping=False)


def told_of_success(points: Sequence[Point]) -> str:
    """What the bars show, in a sentence."""
    asked = [point for point in points if point.requests and point.success_rate is not None]
    if not asked:
        return _("No requests in this time.")
    requests = sum(point.requests for point in asked)
    rate = sum(point.requests * (point.success_rate or 0) for point in asked) / requests
    worst = min(point.success_rate or 0 for point in asked)
    return _("%(rate)s %% of %(requests)d requests succeeded; in the worst stretch %(worst)s %%.") % {
        "rate": number_format(int(rate * 10) / 10, decimal_pos=1),
        "requests": requests,
        "worst": int(worst),
    }


def told_of_times(values: Sequence[float | None], unit: str) -> str:
    """What a line shows, in a sentence."""
    known = [value for value in values if value is not None]
    if not known:
        return _("Nothing was measured in this time.")
    return _("From %(least)s to %(most)s %(unit)s, lately %(last)s %(unit)s.") % {
        "least": _number(min(known)),
        "most": _number(max(known)),
        "last": _number(known[-1]),
        "unit": unit,
    }


@register.simple_tag
def success_bars(points: Sequence[Point], label: str) -> SafeString:
    """How many requests succeeded, a bar for each stretch of time; empty stretches are low and grey."""
    drawn = format_html_join("", "{}", ((_drawn(bar),) for bar in bars(points)))
    return format_html(
        '<svg class="drawing drawing--bars" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">'
        "{}</svg>",
        *(int(WIDTH), int(HEIGHT), f"{label}: {told_of_success(points)}", drawn),
    )


@register.simple_tag
def time_line(
    points: Sequence[Any], attribute: str, label: str, unit: str = "ms", *, joined: bool = False
) -> SafeString:
    """How a measure went over time; the line is broken where nothing was measured, unless it is `joined`."""
    values: list[float | None] = [getattr(point, attribute) for point in points]
    top = max((value for value in values if value is not None), default=0.0)
    return format_html(
        '<svg class="drawing drawing--line" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<path class="drawing__path" d="{}" vector-effect="non-scaling-stroke"></path></svg>',
        *(int(WIDTH), int(HEIGHT), f"{label}: {told_of_times(values, unit)}", outline(values, top, joined=joined)),
    )


@register.simple_tag
def value_bars(values: Sequence[float], told: str) -> SafeString:
    """A bar for each value, the highest as high as the drawing; `told` says the same in words."""
    step, top = WIDTH / max(1, len(values)), max(values, default=0) or 1
    drawn = format_html_join(
        "", "{}", ((_value_bar(number * step, step, value / top),) for number, value in enumerate(values))
    )
    return format_html(
        '<svg class="drawing drawing--values" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" '
        'aria-label="{}">{}</svg>',
        *(int(WIDTH), int(HEIGHT), told, drawn),
    )


def _value_bar(x: float, step: float, share: float) -> SafeString:
    """Nothing is a low grey line, so that the hours can be counted."""
    high = max(6.0, HEIGHT * share) if share else 4.0
    return format_html(
        '<rect class="bar bar--{}" x="{}" y="{}" width="{}" height="{}"></rect>',
        *(
            "value" if share else "none",
            f"{x:.1f}",
            f"{HEIGHT - high:.1f}",
            f"{max(1.0, step - _GAP):.1f}",
            f"{high:.1f}",
        ),
    )


@register.inclusion_tag("parts/chart.html")
def chart(points: Sequence[Any], attribute: str, title: str, unit: str = "ms") -> dict[str, Any]:
    """A drawing with its title, scale and times. `attribute` `success_rate` is drawn as bars, any other as a line."""
    values = [value for point in points if (value := getattr(point, attribute)) is not None]
    is_rate = attribute == "success_rate"
    return {
        "points": points,
        "attribute": attribute,
        "title": title,
        "unit": "%" if is_rate else unit,
        "is_rate": is_rate,
        "top": "100" if is_rate else _number(max(values, default=0.0)),
        "is_empty": not values,
        "first": points[0].time if points else None,
        "told": told_of_success(points)
        if is_rate
        else told_of_times([getattr(one, attribute) for one in points], unit),
    }
