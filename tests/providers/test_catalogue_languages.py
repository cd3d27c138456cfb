"""What a file counts as whose name tells no language."""

from __future__ import annotations

from pathlib import Path

from pytest_django import Settings

from providers import registry
from providers.contracts import Language
from providers.demo.site import Site
from providers.models import Provider
from tests.providers import sites


def _listed(name: str, link: str) -> tuple[Language, Language | None]:
    """In which language the only episode there is listed, and whether that is a guess."""
    catalogue = registry.catalogue(name)
    [entry] = catalogue.episodes(catalogue.details(link.rpartition("/")[0]).seasons[0])
    [language] = entry.languages
    return language, entry.guessed


def test_it_counts_as_wanted_or_as_the_operator_says(providers: Site, tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "Sea Show").mkdir()
    (tmp_path / "Sea Show" / "1.mp4").write_bytes(b"x")
    with sites.serving() as served:
        settings.ALLOWED_PRIVATE_HOSTS = [f"127.0.0.1:{served.port}"]
        served.tree(tmp_path)
        row = Provider.objects.get(name="http-index")
        row.change(base_url=served.address)
        row.enable()
        link = f"{served.address}/Sea%20Show/1.mp4"
        [guess] = registry.catalogue("http-index").sources(link).sources
        assert (guess.language, guess.is_guess) == (Language.GERMAN_DUB, True)
        [guess] = registry.catalogue("http-index", Language.GERMAN_SUB).sources(link).sources
        assert (guess.language, guess.is_guess) == (Language.GERMAN_SUB, True)
        assert _listed("http-index", link) == (Language.GERMAN_DUB, Language.GERMAN_DUB)
        row.change(custom_params={"language": "English Dub", "token": "x"})
        [told] = registry.catalogue("http-index", Language.GERMAN_SUB).sources(link).sources
        assert (told.language, told.is_guess) == (Language.ENGLISH_DUB, False)
        assert _listed("http-index", link) == (Language.ENGLISH_DUB, None)
        assert served.asked[-1].endswith("/Sea%20Show/?token=x"), "it is no business of the site's"
