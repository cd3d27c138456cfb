"""Names are safe, stay inside, and tell episodes apart."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aniworld.configuration.sections import Library
from aniworld.refusals import Invalid
from library import naming
from library.models import Episode, Series
from providers.contracts import Language

EVIL = st.text(max_size=400) | st.text(alphabet="/\\.:~-_ \0\n\u202eCONnulaux\u0301e&amp;#lt{}", max_size=300)
NUMBERS = st.integers(0, 2**31 - 1)


@pytest.fixture(autouse=True)
def _default_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names need nothing of the configuration but its defaults here, and no database."""
    from aniworld.configuration import sections, store

    monkeypatch.setattr(store, "_cached", (float("inf"), sections.Settings()))


# What a file can be in: the language of what a scan found may be unknown.
LANGUAGES = ["", *Language]


def path(
    name: str, season: int, number: int, language: str, template: str | None = None, title: str | None = None
) -> PurePosixPath:
    series = Series(name=name, year=2013, folder=naming.series_folder(name, 2013))
    episode = Episode(season=season, number=number, title=name if title is None else title)
    return naming.episode_path(series, episode, language, template=template)


@given(EVIL)
@example("CON")
@example("con.txt")
@example("Nul ")
@example(".hidden")
@example("-rf.mkv")
@example("name.")
@example("..")
@example("")
@example("\ud800")
@example("あ" * 300)
@example("e" + "\u0301" * 300)
@example("&amp;amp;lt;b&amp;gt;")
@example("&am<p;lt;")
def test_sanitised_titles_are_safe_parts(title: str) -> None:
    name = naming.sanitise(title)
    assert name
    assert len(name.encode()) <= naming.STEM_LIMIT
    assert not set(name) & set('/\\:*?"<>|\0')
    assert name == name.lstrip(" .-").rstrip(" .")
    assert name.split(".")[0].strip().upper() not in {"CON", "PRN", "AUX", "NUL", "COM1", "LPT9"}
    assert naming.sanitise(name) == name


@given(EVIL, NUMBERS, NUMBERS, st.sampled_from(Language), st.integers(0, 9999) | st.none())
def test_paths_stay_inside_and_short(name: str, season: int, number: int, language: Language, year: int | None) -> None:
    folder = naming.series_folder(name, year)
    assert folder == naming.series_folder(name, year)
    found = path(name, season, number, language)
    assert len(found.parts) == 3
    for part in found.parts:
        assert part not in (".", "..")
        assert "/" not in part
        assert len(part.encode()) <= naming.PART_LIMIT
    assert found.name.endswith(f"({language}).mp4")


KEYS = st.tuples(NUMBERS, NUMBERS, st.sampled_from(LANGUAGES))


@given(EVIL, KEYS, KEYS)
def test_each_episode_and_language_has_its_own_path(
    name: str, one: tuple[int, int, str], other: tuple[int, int, str]
) -> None:
    same = str(path(name, *one)).casefold() == str(path(name, *other)).casefold()
    assert same == (one == other)


PIECES = st.lists(
    st.sampled_from(
        ["{series}", "{season}", "{season:02}", "{episode}", "{episode:3}", "{language}", "{title}", "{year}"]
    )
    | st.text(alphabet="x1?. -([])e", max_size=3),
    max_size=9,
)


@given(EVIL, PIECES, KEYS, KEYS, st.sampled_from(["", None]))
@example("K", ["{season}", "(", "{language}", ")", "{episode}"], (1, 11, ""), (11, 1, ""), None)
@example("K", ["{season}", "-", "{title}", "-", "{language}", "-", "{episode}"], (1, 11, ""), (11, 1, ""), "")
@example("x" * 190 + "German Dub" * 20, ["{episode}", "{title}{language}"], (1, 1, ""), (1, 1, "German Dub"), None)
@example("x" * 195 + "German Dub" * 20, ["{episode} ", "{title}{language}"], (1, 1, ""), (1, 1, "German Dub"), None)
def test_every_accepted_template_keeps_them_apart(
    name: str, pieces: list[str], one: tuple[int, int, str], other: tuple[int, int, str], title: str | None
) -> None:
    template = "".join(pieces) or "x"
    try:
        first, second = path(name, *one, template, title), path(name, *other, template, title)
    except Invalid:
        return
    assert (str(first).casefold() == str(second).casefold()) == (one == other)


# Shortened so that a title could end in what the language of another file says.
@pytest.mark.parametrize("length", range(170, 215))
def test_a_long_title_does_not_stand_in_for_a_language(length: int) -> None:
    name = "x" * length + "German Dub" * 10
    names = {path("K", 1, 1, language, "{episode} {title}{language}", title=name) for language in LANGUAGES}
    assert len(names) == len(LANGUAGES)


@pytest.mark.parametrize(
    ("template", "without_language", "without_both"),
    [
        ("{series} - S{season:02}E{episode:02} - ({language})", "K - S01E05", "K - S01E05"),
        ("{series} - S{season:02}E{episode:02} - {title} - ({language})", "K - S01E05 - Key", "K - S01E05"),
        ("{series} - S{season:02}E{episode:02} - {title} [{language}]", "K - S01E05 - Key", "K - S01E05"),
        ("({language}) - {series} {episode}", "K 5", "K 5"),
        ("{series} - {language} - {episode}", "K - 5", "K - 5"),
        ("{series}_{language}_{episode}", "K_5", "K_5"),
        ("{episode} ({title}, {language})", "5 (Key)", "5"),
        ("{episode} ({language}, {title})", "5 (Key)", "5"),
        ("{season}({language}){episode}", "1 5", "1 5"),
        ("{episode} [{language}] of {series}", "5 of K", "5 of K"),
    ],
)
def test_what_is_unknown_goes_with_its_brackets_and_dash(
    template: str, without_language: str, without_both: str
) -> None:
    assert path("K", 1, 5, "", template, title="Key").stem == without_language
    assert path("K", 1, 5, "", template, title=" ").stem == without_both


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Attack on Titan", "Attack on Titan"),
        ("Fate/stay night: Unlimited Blade Works", "Fate stay night - Unlimited Blade Works"),
        ("Re:Zero", "Re Zero"),
        ("Tom &amp;amp; Jerry", "Tom & Jerry"),
        ("Haikyu!!  What?", "Haikyu!! What"),
        ("Pokémon", "Pokémon"),
        ("進撃の巨人", "進撃の巨人"),
        ("evil\u202egpj.mp4", "evilgpj.mp4"),
        ("../../etc/passwd", "etc passwd"),
        ("CON", "CON_"),
        ("   ", "Untitled"),
    ],
)
def test_titles_keep_what_a_person_reads(title: str, name: str) -> None:
    assert naming.sanitise(title) == name


def test_usual_names() -> None:
    assert naming.series_folder("Attack on Titan", 2013) == "Attack on Titan (2013)"
    assert naming.series_folder("Attack on Titan", None) == "Attack on Titan"
    assert naming.series_folder("K", None, "{series} [{year}] anime") == "K anime"
    assert str(path("Attack on Titan", 1, 5, Language.GERMAN_DUB)) == (
        "Attack on Titan (2013)/Season 01/Attack on Titan - S01E05 - (German Dub).mp4"
    )
    assert path("Attack on Titan", 0, 1, Language.GERMAN_SUB).parts[1] == "Season 00"


@pytest.mark.parametrize(
    "template",
    [
        "{series.__class__}", "{series!r}", "{0}", "{}", "{series[0]}", "{password}", "{series:>99999999}",
        "{series}/{year}", "{year}", "{series", "{series}{year:0{series}}", "{series:%s}", "{year:999999}",
    ],
)  # fmt: skip
def test_wrong_folder_templates_are_refused(template: str) -> None:
    with pytest.raises(Invalid):
        naming.series_folder("Name", 2020, template)


@pytest.mark.parametrize(
    "template",
    ["{series}", "{series} {episode}", "{episode}{season} {language}", "{season}1{episode} {language}", "E{episode:02",
     "{language} {episode} " + "x" * 300, "..\\{episode} {language}"],
)  # fmt: skip
def test_wrong_file_templates_are_refused(template: str) -> None:
    def use() -> None:
        naming.file_pieces(template, season_folders=False)
        path("Name", 1, 1, Language.GERMAN_DUB, template)

    with pytest.raises(Invalid):
        use()


def test_a_flat_layout_needs_the_season_in_the_name() -> None:
    naming.file_pieces("{episode} {language}", season_folders=True)
    with pytest.raises(Invalid, match="season"):
        naming.file_pieces("{episode} {language}", season_folders=False)
    assert Library().file_template


@pytest.mark.parametrize("folder", ["", ".", "..", "a/b", "/etc", "a\0b", "x" * 256, "\ud800"])
def test_a_series_folder_is_one_part(folder: str) -> None:
    with pytest.raises(Invalid):
        naming.checked_part(folder)


def test_numbered_names_keep_their_extension() -> None:
    assert naming.numbered("Film.mp4", 2) == "Film (2).mp4"
    assert naming.numbered("Film", 3) == "Film (3)"
    assert len(naming.numbered("あ" * 84 + ".mp4", 12).encode()) <= naming.PART_LIMIT


@pytest.mark.parametrize("extension", ["", "mp4", "./x", ".mp4/", ".é", ".averyverylong", ".m p"])
def test_extensions_are_plain(extension: str) -> None:
    with pytest.raises(Invalid):
        naming.checked_extension(extension)
