"""What a provider is: two small contracts and the plain, frozen data they answer with. No ORM, no settings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from providers.exceptions import NotConfigured

# For the types alone: what only wants the data, as the demo site does, needs 8 MB less without the HTTP client.
if TYPE_CHECKING:
    from providers.http import Client


class Language(StrEnum):
    """Audio and, in the sub variants, the subtitles that are in the picture."""

    GERMAN_DUB = "German Dub"
    GERMAN_SUB = "German Sub"
    ENGLISH_SUB = "English Sub"
    ENGLISH_DUB = "English Dub"

    @property
    def audio(self) -> str:
        """ISO 639-2 code of the audio track."""
        return {Language.GERMAN_DUB: "deu", Language.ENGLISH_DUB: "eng"}.get(self, "jpn")


# As they are stored and told, in the order in which they are listed.
LANGUAGES = tuple(language.value for language in Language)


class StreamKind(StrEnum):
    """How a stream is fetched."""

    FILE = "file"
    HLS = "hls"
    YTDLP = "ytdlp"
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A series as a catalogue's search shows it. `slug` is the catalogue's own key, `link` an absolute address."""

    slug: str
    name: str
    link: str
    year: int | None = None
    description: str = ""
    cover_url: str = ""


@dataclass(frozen=True, slots=True)
class SeasonEntry:
    """One season; number 0 holds films and specials. `episode_count` is None until its page was read."""

    number: int
    link: str
    episode_count: int | None = None


@dataclass(frozen=True, slots=True)
class SeriesDetails:
    """A series' own page. `status` is ongoing, completed or unknown."""

    slug: str
    name: str
    link: str
    year: int | None = None
    description: str = ""
    cover_url: str = ""
    status: str = "unknown"
    genres: tuple[str, ...] = ()
    alternative_titles: tuple[str, ...] = ()
    imdb_id: str = ""
    seasons: tuple[SeasonEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class EpisodeEntry:
    """A row of a season page. `languages` and `hosts` are hints there; `sources()` is the authority.

    What has no language there counts as announced: monitoring queues it once it has one. `guessed` is the one of them
    that nothing tells, and that only counts because it is wanted first.
    """

    season: int
    number: int
    link: str
    title: str = ""
    title_alt: str = ""
    languages: tuple[Language, ...] = ()
    hosts: tuple[str, ...] = ()
    guessed: Language | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One (language, host, link) of one episode.

    `host` is the label on the catalogue's page; through the registry it is a registered host's name where there is one.
    `is_guess`: nothing tells its language, and it counts as the one that is wanted first.
    """

    language: Language
    host: str
    link: str
    is_guess: bool = False


@dataclass(frozen=True, slots=True)
class EpisodeSources:
    """An episode's own page: its titles and every source it offers."""

    title: str
    title_alt: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class NewEpisode:
    """A row of a catalogue's list of new episodes."""

    slug: str
    name: str
    season: int
    number: int
    language: Language
    published: date | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """What a host's page resolves to just before the download; valid for minutes.

    `headers` must go with every request to it (Referer and User-Agent as the host bound them).
    """

    url: str
    kind: StreamKind
    host: str
    headers: Mapping[str, str] = field(default_factory=dict)
    expires_at: datetime | None = None


def _site(netloc: str) -> str:
    return netloc.lower().removeprefix("www.")


class Catalogue(ABC):
    """A site that lists series and says where their episodes can be had.

    Subclasses are constructed with the address configured by the operator and the one HTTP client;
    every method may raise `providers.exceptions.ProviderError`.
    """

    name: ClassVar[str]
    display_name: ClassVar[str]
    default_address: ClassVar[str] = ""
    enabled_by_default: ClassVar[bool] = False
    # Where most people use it: what a pasted link is recognised by while it is off, and help beside the address. It is
    # asked only once an operator enters it, or pastes a link of it.
    usual_site: ClassVar[str] = ""
    # Whether there is nothing to ask before somebody says where it is.
    needs_address: ClassVar[bool] = True
    # Whether its address is a folder or file of this machine, as an absolute path.
    is_local: ClassVar[bool] = False
    # Whether it may take links of any site: then every other catalogue is asked first.
    takes_any_link: ClassVar[bool] = False
    # Whether what it lists may tell no language. Then the operator's parameter `language` says which one that is,
    # and is not sent along with requests.
    may_lack_language: ClassVar[bool] = False
    # What counts where nothing tells one: the operator's word, else a guess. The registry sets both.
    usual_language: Language = Language.GERMAN_DUB
    is_usual_guessed: bool = True

    def __init__(self, address: str, client: Client) -> None:
        self.address = address.rstrip("/")
        self.client = client

    @classmethod
    def usual_address(cls) -> str:
        """Where it is when the operator names no address; empty when only the operator can know."""
        return cls.default_address

    @abstractmethod
    def search(self, query: str) -> list[SearchResult]:
        """Series whose title matches, best first; an empty list when there is none."""

    @abstractmethod
    def details(self, link: str) -> SeriesDetails:
        """The series behind a link or a bare slug, with its seasons. Raises `NotFound`."""

    @abstractmethod
    def episodes(self, season: SeasonEntry) -> list[EpisodeEntry]:
        """Every episode of one season in order."""

    @abstractmethod
    def sources(self, episode_link: str) -> EpisodeSources:
        """Titles and sources of one episode; the authority on languages."""

    def is_language(self, episode_link: str, language: Language) -> bool:
        """Whether the episode can be had in that language now."""
        return any(source.language == language for source in self.sources(episode_link).sources)

    @abstractmethod
    def newest(self) -> list[NewEpisode]:
        """What the catalogue lists as new, newest first."""

    def accepts(self, link: str) -> bool:
        """Whether a pasted link belongs to this catalogue, with or without www and TLS."""
        try:
            own, given = urlsplit(self.address), urlsplit(link.strip())
        except ValueError:
            return False
        same_site = bool(own.netloc) and _site(own.netloc) == _site(given.netloc)
        return same_site and given.scheme in ("http", "https") and given.path.startswith(f"{own.path}/")

    def source(self, told: Language | None, host: str, link: str) -> Source:
        """A source in the language that was told, or else in the usual one."""
        return Source(told or self.usual_language, host, link, is_guess=told is None and self.is_usual_guessed)

    def guess(self, *told: Language | None) -> Language | None:
        """What an episode is listed in by guess alone, where its files tell these languages; None for no guess."""
        is_guess = self.is_usual_guessed and None in told and self.usual_language not in told
        return self.usual_language if is_guess else None

    def key_of(self, link: str) -> str:  # noqa: ARG002 - for who overrides it
        """The catalogue's own key of the series that an accepted link means, without asking anybody.

        Empty where it is the last part of the path, as on most sites. `details` takes every key that this answers.
        """
        return ""

    def check(self) -> None:
        """Asks the site cheaply whether it answers. Raises `ProviderError` when it does not."""
        self.client.get(self.address)


class Host(ABC):
    """A streaming host that serves the video of an episode."""

    name: ClassVar[str]
    display_name: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    default_address: ClassVar[str] = ""
    enabled_by_default: ClassVar[bool] = True
    # As for catalogues.
    is_local: ClassVar[bool] = False
    # The catalogue whose address is this host's, too, until it has one of its own.
    address_of: ClassVar[str] = ""

    def __init__(self, address: str, client: Client) -> None:
        self.address = address.rstrip("/")
        self.client = client

    @classmethod
    def usual_address(cls) -> str:
        """Where it is when the operator names no address; most hosts need none, since links lead to them."""
        return cls.default_address

    @abstractmethod
    def resolve(self, link: str) -> Stream:
        """The stream behind a link, to be fetched within minutes. Raises `ProviderError`."""

    def check(self) -> None:
        """Asks the host cheaply whether it answers. Raises `NotConfigured` without an address, else `ProviderError`."""
        if not self.address:
            raise NotConfigured(f"{self.display_name} has no address that could be checked.")
        self.client.get(self.address)
