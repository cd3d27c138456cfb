"""What TMDB says of a series, as plain data. Its answers are read with distrust: what has the wrong type is left out.

The format: https://developer.themoviedb.org/reference/tv-series-details and its neighbours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

LARGEST_ID = 2**31 - 1
_MOST_ACTORS = 20
_MOST_EPISODES = 2000
_LONGEST_TEXT = 10_000
_PICTURE = re.compile(r"/[\w.-]{1,100}")
_NO_TITLE = re.compile(r"(?i)(?:episode|folge|épisode|episodio|第)\s*\d+\s*話?")
_OVER = {"Ended", "Canceled"}


@dataclass(frozen=True, slots=True)
class Ids:
    """What a series is called elsewhere; None and empty where nobody knows."""

    tmdb: int | None = None
    tvdb: int | None = None
    imdb: str = ""

    def __bool__(self) -> bool:
        return bool(self.tmdb or self.tvdb or self.imdb)


NO_IDS = Ids()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A series that may be the one meant. `poster` is a path below TMDB's pictures, `score` from 0 to 1."""

    tmdb_id: int
    name: str
    original_name: str = ""
    year: int | None = None
    overview: str = ""
    poster: str = ""
    titles: tuple[str, ...] = ()
    score: float = 0.0

    @property
    def all_titles(self) -> tuple[str, ...]:
        """Every title it goes by."""
        return tuple(title for title in (self.name, self.original_name, *self.titles) if title)

    def rated(self, score: float, titles: tuple[str, ...] | None = None) -> Candidate:
        """The same with a score."""
        return replace(self, score=score, titles=self.titles if titles is None else titles)


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody of the cast; `picture` is a path below TMDB's pictures."""

    name: str
    role: str = ""
    picture: str = ""


@dataclass(frozen=True, slots=True)
class SeasonFacts:
    """A season; 0 holds specials. `began` may lie ahead."""

    number: int
    name: str = ""
    poster: str = ""
    began: date | None = None


@dataclass(frozen=True, slots=True)
class EpisodeFacts:
    """An episode. `runtime` is in minutes, `title` empty where TMDB only counts ("Episode 5")."""

    number: int
    tmdb_id: int | None = None
    title: str = ""
    plot: str = ""
    aired: date | None = None
    runtime: int | None = None


@dataclass(frozen=True, slots=True)
class ShowFacts:
    """A series in full. Pictures are paths below TMDB's pictures, empty where there is none."""

    ids: Ids
    name: str
    original_name: str = ""
    plot: str = ""
    premiered: date | None = None
    is_over: bool = False
    genres: tuple[str, ...] = ()
    studios: tuple[str, ...] = ()
    certification: str = ""
    rating: float | None = None
    votes: int = 0
    actors: tuple[Actor, ...] = ()
    seasons: tuple[SeasonFacts, ...] = ()
    poster: str = ""
    fanart: str = ""
    logo: str = ""
    titles: tuple[str, ...] = field(default=())


def candidates(answer: Any) -> list[Candidate]:
    """The results of a search, or of `find`, in TMDB's order."""
    listed = _dict(answer)
    found = []
    for row in _rows(listed.get("results", listed.get("tv_results"))):
        number, name = _id(row.get("id")), _text(row.get("name"))
        if number and name:
            began = _date(row.get("first_air_date"))
            found.append(
                Candidate(
                    tmdb_id=number,
                    name=name,
                    original_name=_text(row.get("original_name")),
                    year=began.year if began else None,
                    overview=_text(row.get("overview")),
                    poster=_picture(row.get("poster_path")),
                )
            )
    return found


def titles(answer: Any) -> tuple[str, ...]:
    """The alternative titles of a series."""
    found = (_text(row.get("title")) for row in _rows(_dict(answer).get("results")))
    return tuple(title for title in found if title)


def show(answer: Any, language: str) -> ShowFacts | None:
    """A series with what was appended to it; None when the answer is no series. `language` is like de-DE."""
    row = _dict(answer)
    number, name = _id(row.get("id")), _text(row.get("name"))
    if not number or not name:
        return None
    others, images = _dict(row.get("external_ids")), _dict(row.get("images"))
    score, votes = row.get("vote_average"), row.get("vote_count")
    return ShowFacts(
        ids=Ids(number, _id(others.get("tvdb_id")), imdb_id(others.get("imdb_id"))),
        name=name,
        original_name=_text(row.get("original_name")),
        plot=_text(row.get("overview")),
        premiered=_date(row.get("first_air_date")),
        is_over=row.get("status") in _OVER,
        genres=_names(row.get("genres")),
        studios=_names(row.get("networks")) or _names(row.get("production_companies")),
        certification=_certification(row.get("content_ratings"), language),
        rating=float(score) if isinstance(score, int | float) and 0 < score <= 10 else None,
        votes=votes if isinstance(votes, int) and votes > 0 else 0,
        actors=tuple(_actors(row.get("aggregate_credits"))),
        seasons=tuple(_seasons(row.get("seasons"))),
        poster=_picture(row.get("poster_path")),
        fanart=_picture(row.get("backdrop_path")),
        logo=_logo(images.get("logos"), language),
        titles=titles(row.get("alternative_titles")),
    )


def season(answer: Any) -> dict[int, EpisodeFacts]:
    """The episodes of a season by their number."""
    found = {}
    for row in _rows(_dict(answer).get("episodes"))[:_MOST_EPISODES]:
        number, title, minutes = row.get("episode_number"), _text(row.get("name")), row.get("runtime")
        if isinstance(number, int) and 0 <= number <= LARGEST_ID:
            found[number] = EpisodeFacts(
                number=number,
                tmdb_id=_id(row.get("id")),
                title="" if _NO_TITLE.fullmatch(title) else title[:500],
                plot=_text(row.get("overview")),
                aired=_date(row.get("air_date")),
                runtime=minutes if isinstance(minutes, int) and 0 < minutes < 10_000 else None,
            )
    return found


def imdb_id(text: object) -> str:
    """`tt0944947` and the like; anything else is nothing."""
    return text if isinstance(text, str) and re.fullmatch(r"tt[0-9]{5,12}", text) else ""


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _rows(value: Any) -> list[Mapping[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    return value.replace("\0", "").encode(errors="ignore").decode()[:_LONGEST_TEXT].strip()


def _id(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST_ID else None


def _date(value: Any) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _picture(value: Any) -> str:
    return value if isinstance(value, str) and _PICTURE.fullmatch(value) else ""


def _names(value: Any) -> tuple[str, ...]:
    return tuple(name for row in _rows(value) if (name := _text(row.get("name"))[:200]))


def _certification(value: Any, language: str) -> str:
    """Of the language's country, else of the United States, which media servers know best."""
    rated = {_text(row.get("iso_3166_1")): _text(row.get("rating"))[:20] for row in _rows(_dict(value).get("results"))}
    country = language.rpartition("-")[2].upper()
    if rated.get(country):
        return f"{country}-{rated[country]}" if country != "US" else rated["US"]
    return rated.get("US", "")


def _actors(value: Any) -> Iterator[Actor]:
    for row in _rows(_dict(value).get("cast"))[:_MOST_ACTORS]:
        name = _text(row.get("name"))[:200]
        role = next((_text(role.get("character")) for role in _rows(row.get("roles"))), "")[:200]
        if name:
            yield Actor(name, role, _picture(row.get("profile_path")))


def _seasons(value: Any) -> Iterator[SeasonFacts]:
    for row in _rows(value):
        number = row.get("season_number")
        if isinstance(number, int) and 0 <= number < 10_000:
            name, poster = _text(row.get("name"))[:200], _picture(row.get("poster_path"))
            yield SeasonFacts(number, name, poster, _date(row.get("air_date")))


def _logo(value: Any, language: str) -> str:
    """The best liked PNG in the wanted language, else in English, else without words."""
    wanted: dict[object, int] = {None: 2, "en": 1, language.partition("-")[0]: 0}
    logos = [row for row in _rows(value) if _picture(row.get("file_path")).endswith(".png")]
    fitting = [row for row in logos if isinstance(row.get("iso_639_1"), str | None) and row.get("iso_639_1") in wanted]
    # The sort is stable, and TMDB lists the best liked first.
    fitting.sort(key=lambda row: wanted[row.get("iso_639_1")])
    return _picture(fitting[0]["file_path"]) if fitting else ""
