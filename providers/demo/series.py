"""The invented series of the demo site: titles that are hard to file, films, gaps, four languages, stable link ids."""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from providers.contracts import Language

DUB, SUB, ENG_SUB, ENG_DUB = Language.GERMAN_DUB, Language.GERMAN_SUB, Language.ENGLISH_SUB, Language.ENGLISH_DUB
HOSTS = ("demo-file", "demo-hls", "demo-aes")
# As a catalogue writes them on its pages
HOST_LABELS = {"demo-file": "Demo File", "demo-hls": "Demo HLS", "demo-aes": "Demo AES"}


@dataclass(frozen=True, slots=True)
class DemoEpisode:
    """One episode; season 0 holds films."""

    season: int
    number: int
    title: str
    title_alt: str
    languages: tuple[Language, ...]


@dataclass(frozen=True, slots=True)
class DemoSeries:
    """One series. `seasons`: number → episodes; `finished` is None while it runs."""

    slug: str
    title: str
    year: int
    finished: int | None
    alternative_titles: tuple[str, ...]
    genres: tuple[str, ...]
    seasons: dict[int, tuple[DemoEpisode, ...]]

    @property
    def description(self) -> str:
        """A few sentences, with characters that pages escape."""
        theme = _THEMES[zlib.crc32(self.slug.encode()) % len(_THEMES)]
        return f"{theme} »{self.title}« erzählt davon mit Herz & Verstand <3. Alles daran ist erfunden."

    @property
    def imdb_id(self) -> str:
        """Of the right form, and nobody's."""
        return f"tt99{zlib.crc32(self.slug.encode()) % 100000:05}"

    def episodes(self) -> Iterator[DemoEpisode]:
        """All of them, films first."""
        for season in sorted(self.seasons):
            yield from self.seasons[season]


@dataclass(frozen=True, slots=True)
class DemoLink:
    """What `/redirect/<id>` stands for."""

    id: int
    series: DemoSeries
    episode: DemoEpisode
    language: Language
    host: str


# Title, year, last year or None, episodes per season, other titles. "0:2": two films, "1:1-3+5": no fourth
_CATALOGUE: tuple[tuple[str, int, int | None, str, tuple[str, ...]], ...] = (
    ("Der Leuchtturm der Uhrmacherin", 2021, None, "1:12 2:8 0:2", ("The Clockmaker's Lighthouse", "時計師の灯台")),
    ("Silberfaden", 2012, 2013, "1:13", ("Silver Thread",)),
    ("Silberfaden (Neuauflage)", 2023, None, "1:6", ()),
    ("Größenwahn & Übermut", 2018, 2020, "1:12 2:12", ("Hubris & Höhenflug",)),
    ("Was? Wie: Wo / Wann!", 2016, 2016, "1:10", ("Who? What?",)),
    ("Herz <3 Maschine", 2024, None, "1:7", ("Heart <3 Machine",)),
    ("Das „letzte“ Café am Rand der Welt", 2015, 2017, "1:11 2:10 0:1", ("Café au bout du monde",)),
    ("Nebelkrähen", 2009, 2011, "1:24 2:1-11+13-24", ("Hooded Crows",)),
    ("星を編む者", 2022, None, "1:12", ("Die Sternenweberin", "Starweaver")),
    ("Звёздный пекарь", 2020, 2021, "1:9", ("Der Sternenbäcker",)),
    ("Con", 2014, 2014, "1:5", ("Kon",)),
    ("...und dann kam der Regen.", 2019, 2019, "1:8", ("And Then Came the Rain",)),
    ("Quark & Quasar", 2017, None, "1:1-3+5-9 3:6", ("Quark and Quasar",)),
    ("Die 7½ Wächter", 2013, 2014, "1:12 0:3", ("The 7½ Wardens",)),
    ("Mondgärtner", 2025, None, "1:4", ("Moon Gardeners",)),
    ("Zwölf Schritte bis Norden", 2008, 2010, "1:26 2:25", ("Twelve Steps North",)),
    ("Kapitän Ohnemeer", 2011, 2012, "1:13 0:1", ("Captain Landlocked",)),
    ("Die Bibliothek unter dem Eis", 2023, None, "1:12", ("The Library Under the Ice", "氷の下の図書館")),
    ("Rost & Rosen", 2019, 2022, "1:10 2:10 3:10", ("Rust & Roses",)),
    ("Schattenboxer im Hinterhof", 2007, 2007, "1:12", ("Backyard Shadowboxers",)),
    ('Ein Haus namens "Vielleicht"', 2016, 2018, "1:6 2:6", ("A House Called Maybe",)),
    ("Papierdrachen 🪁", 2021, 2021, "1:11", ("Paper Kites",)),
    ("École des Étoiles Filées", 2018, 2019, "1:13", ("Schule der Sternschnuppen",)),
    (
        "Der sehr lange Titel einer sehr kurzen Geschichte über einen Drachen, der eigentlich nur in Ruhe seinen Tee"
        " trinken wollte, aber ständig von Helden gestört wurde",
        2022,
        2022,
        "1:4",
        ("Dragon Tea",),
    ),
    ("Turbinenherz", 2010, 2012, "1:12 2:13 0:1", ("Turbine Heart",)),
    ("Wolkenfischer", 2024, None, "1:9", ("Cloud Fishers",)),
    ("Die Kartografin", 2015, 2016, "1:1-5+7-12", ("The Cartographer",)),
    ("Nachtzug nach Nirgendwo", 2013, 2013, "1:10 0:1", ("Night Train to Nowhere",)),
    ("Bernsteinjagd", 2020, None, "1:12 2:5", ("Amber Hunt",)),
    ("O", 2017, 2017, "1:3", ()),
    ("100 % Zufall", 2019, 2020, "1:8", ("One Hundred Percent Chance",)),
    ("Der Geschmack von Regenbögen", 2014, 2015, "1:12", ("The Taste of Rainbows",)),
    ("Zahnrad, Zimt & Zauberei", 2023, 2024, "1:10", ("Cogs & Cinnamon",)),
    ("Fünf vor Ewig", 2006, 2009, "1:20 2:20 3:20", ("Five to Forever",)),
    ("Lichtjahre später", 2025, None, "1:3", ("Light Years Later",)),
    ("Nur Filme", 2018, 2023, "0:4", ("Films Only",)),
)
_GENRES = ("Abenteuer", "Alltag", "Drama", "Fantasy", "Komödie", "Mystery", "Romantik", "Science-Fiction", "Sport")
_THEMES = (
    "In einer Stadt, in der die Zeit rückwärts tickt, sucht ein Mädchen nach dem Anfang.",
    "Drei Freunde finden eine Karte, die jeden Morgen anders aussieht.",
    "Niemand glaubt dem alten Mechaniker, bis die Maschinen zu träumen beginnen.",
    "Am Rand der bekannten Welt eröffnet ein Wirt ein Gasthaus für Verirrte.",
    "Eine Schule, die nur bei Nebel erscheint, nimmt ihre letzte Klasse auf.",
)
_WORDS = (
    "Aufbruch", "Das Versprechen", "Spuren im Sand", "Zwischen den Zeilen", "Ein ungebetener Gast", "Die andere Seite",
    "Tee & Törtchen", "Stille", "Der lange Weg", "Funken", "Was bleibt?", "Heimkehr",
)  # fmt: skip
_WORDS_ALT = (
    "Departure", "The Promise", "Tracks in the Sand", "Between the Lines", "An Uninvited Guest", "The Other Side",
    "Tea & Tarts", "Silence", "The Long Way", "Sparks", "What Remains?", "Homecoming",
)  # fmt: skip


@cache
def all_series() -> dict[str, DemoSeries]:
    """Every series by slug, in the order of the list."""
    made = (_make(position, *row) for position, row in enumerate(_CATALOGUE))
    return {series.slug: series for series in made}


@cache
def links() -> tuple[DemoLink, ...]:
    """Every link; `links()[id - 1]` has that id, the same in every process and after every start."""
    found: list[DemoLink] = []
    for series in all_series().values():
        for episode in series.episodes():
            for language in episode.languages:
                for host in HOSTS:
                    found.append(DemoLink(len(found) + 1, series, episode, language, host))
    return tuple(found)


def newest(limit: int = 60) -> list[tuple[DemoSeries, DemoEpisode, Language, date]]:
    """The last episodes of running series, as if they had come out one a day."""
    today = date.today()  # noqa: DTZ011 - a catalogue shows the day where it is
    rows = []
    running = [series for series in all_series().values() if series.finished is None]
    for position, series in enumerate(running):
        last_season = max(series.seasons)
        for age, episode in enumerate(reversed(series.seasons[last_season][-3:])):
            published = today - timedelta(days=position % 7 + 7 * age)
            rows += [(series, episode, language, published) for language in episode.languages]
    return sorted(rows, key=lambda row: row[3], reverse=True)[:limit]


def slug_of(title: str) -> str:
    """As catalogues make them: ASCII, small, words joined by dashes; what has no ASCII form gets a number."""
    german = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "ae", "Ö": "oe", "Ü": "ue"})
    plain = unicodedata.normalize("NFKD", title.translate(german)).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    return "-".join(words)[:80].strip("-") or f"serie-{zlib.crc32(title.encode()) % 10000}"


def _make(
    position: int, title: str, year: int, finished: int | None, layout: str, others: tuple[str, ...]
) -> DemoSeries:
    slug = slug_of(title)
    seasons = {}
    for part in layout.split():
        season, _, numbers = part.partition(":")
        seasons[int(season)] = tuple(
            _episode(position, int(season), number, finished is None) for number in _numbers(numbers)
        )
    genres = tuple(dict.fromkeys(_GENRES[(position * step + step) % len(_GENRES)] for step in (1, 2, 5)))
    return DemoSeries(slug, title, year, finished, others, genres, seasons)


def _numbers(text: str) -> list[int]:
    """ "1-3+5" → 1, 2, 3, 5; a bare number counts from 1."""
    if "-" not in text:
        return list(range(1, int(text) + 1))
    found: list[int] = []
    for part in text.split("+"):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def _episode(position: int, season: int, number: int, running: bool) -> DemoEpisode:
    word = (position * 5 + season * 3 + number) % len(_WORDS)
    german = "" if season == 0 and number % 2 else _WORDS[word]
    return DemoEpisode(season, number, german, _WORDS_ALT[word], _languages(position, season, number, running))


def _languages(position: int, season: int, number: int, running: bool) -> tuple[Language, ...]:
    """Dubs come later than subs: the last episodes of what still runs have none."""
    if season == 0:
        return (SUB, DUB) if number % 2 == 0 else (ENG_SUB, SUB)
    if running and number > 4:
        return (SUB, ENG_SUB)
    if position % 5 == 4:
        return (SUB,)
    return (DUB, SUB, ENG_SUB, ENG_DUB) if position % 3 == 0 else (DUB, SUB, ENG_SUB)
