"""Which series of the catalogues somebody's title may be: ranked, and whether the first one is to be taken unasked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from library.catalog import Found
from library.metadata import matching
from library.metadata.records import Candidate

# From here on a match is taken without asking anybody, if none comes close to it.
SURE = 0.9
_CLEARLY = 0.02


def ranked(titles: Sequence[str], year: int | None, items: Sequence[Found]) -> list[tuple[float, Found]]:
    """Best first; of equal ones the catalogue that answered first."""
    rated = [(matching.score(titles, year, Candidate(0, item.name, year=item.year)), item) for item in items]
    return sorted(rated, key=lambda pair: -pair[0])


def is_sure(found: Sequence[tuple[float, Found]]) -> bool:
    """Whether the first of those ranked is it, by its title, and no other one of its catalogue as much so."""
    best, first = found[0]
    # The same series at another catalogue is no rival.
    rivals = [score for score, other in found[1:] if other.provider == first.provider]
    return best >= SURE and (not rivals or rivals[0] <= best - _CLEARLY)


def shown(found: Found, score: float) -> dict[str, Any]:
    """A candidate as it is kept with a row."""
    return {
        "provider": found.provider,
        "slug": found.slug,
        "link": found.link,
        "name": found.name,
        "year": found.year,
        "score": round(score, 3),
        "in_library": found.in_library,
    }
