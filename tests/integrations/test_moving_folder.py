"""Moving files of a folder into the library: looked over first, never over what is there, and going on after a kill."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from aniworld.refusals import Conflict, Invalid
from integrations.moving import imports, working
from integrations.moving.models import ImportLine, ImportRun
from library import scanning
from library.models import EpisodeFile, Scan, Series
from providers.demo.site import Site
from tests.aniworld.people import user
from tests.library.factories import make_episodes, make_series

State = ImportLine.State
HEAD = b"\0\0\0\x18ftypisom"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What another program left: a series that is known, one that is new, and what can't come."""
    root = tmp_path / "old"
    for number, name in enumerate(
        (
            "Known Show/Season 1/Known.Show.S01E01.GERMAN.1080p.mkv",
            "Known Show/Season 1/Known.Show.S01E02.mkv",
            "Known Show/Season 1/Known.Show.S01E02.again.mkv",
            "New Show (2019) {tvdb-77}/New Show - 1x03 - Title (English Sub).mp4",
            "New Show (2019) {tvdb-77}/New Show - 1x03 - Title (English Sub).de.srt",
            "New Show (2019) {tvdb-77}/just words.mp4",
            "New Show (2019) {tvdb-77}/S01E04.mp4",
            "loose S01E01.mp4",
        )
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(HEAD + bytes([number + 1]) * (5000 + number))
    (root / "New Show (2019) {tvdb-77}" / "S01E04.mp4").write_bytes(b"")
    (root / "Known Show" / "Season 1" / "Known.Show.S01E09.mkv").symlink_to(root / "loose S01E01.mp4")
    return root


@pytest.fixture
def library(site: Site, tmp_path: Path) -> Path:
    series = make_series(name="Known Show", folder="Known Show (1999)", key="known")
    make_episodes(series)
    return tmp_path / "library"


def _looked_at(tree: Path, **options: Any) -> ImportRun:
    return _worked(imports.from_folder(str(tree), options=options, by="anna"))


def _worked(run: ImportRun) -> ImportRun:
    claimed = ImportRun.objects.claim()
    assert claimed == run
    working.work(claimed)
    run.refresh_from_db()
    return run


def _applied(run: ImportRun) -> ImportRun:
    imports.apply(run, by="anna", via="api")
    return _worked(run)


def _states(run: ImportRun) -> dict[str, tuple[str, str]]:
    return {line.text.rpartition("/")[2]: (str(line.state), line.target) for line in run.lines.all()}


def _files(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


FIRST = "Known Show (1999)/Season 01/Known Show - S01E01 - (German Dub).mkv"
SECOND = "Known Show (1999)/Season 01/Known Show - S01E02 - (German Sub).mkv"
NEW = "New Show (2019)/Season 01/New Show - S01E03 - (English Sub).mp4"


def test_the_preview_says_what_would_become_what_and_changes_nothing(tree: Path, library: Path) -> None:
    before = _files(tree)
    run = _looked_at(tree, language="German Sub")
    assert run.status == ImportRun.Status.READY, run.error
    assert _states(run) == {
        "Known.Show.S01E01.GERMAN.1080p.mkv": ("matched", FIRST),
        "Known.Show.S01E02.again.mkv": ("matched", SECOND),
        "Known.Show.S01E02.mkv": ("duplicate", SECOND),
        "Known.Show.S01E09.mkv": ("wrong", ""),
        "New Show - 1x03 - Title (English Sub).mp4": ("matched", NEW),
        "just words.mp4": ("unmatched", ""),
        "S01E04.mp4": ("wrong", ""),
        "loose S01E01.mp4": ("wrong", ""),
    }
    assert (_files(tree), _files(library)) == (before, [])


@pytest.mark.parametrize("mode", ["copy", "move", "hardlink"])
def test_files_come_under_our_names_and_a_scan_knows_them(mode: str, tree: Path, library: Path) -> None:
    before = _files(tree)
    run = _applied(_looked_at(tree, mode=mode, language="German Sub"))
    assert run.status == ImportRun.Status.COMPLETED, run.error
    done = {target for state, target in _states(run).values() if state == "done"}
    assert done == {FIRST, SECOND, NEW}
    beside = NEW.replace(".mp4", ".de.srt")
    assert _files(library) == sorted([FIRST, SECOND, NEW, beside])
    gone = set(before) - set(_files(tree))
    assert len(gone) == (4 if mode == "move" else 0)
    if mode == "hardlink":
        assert (library / FIRST).stat().st_nlink == 2
    scan = Scan.objects.claim()
    assert scan
    scanning.work(scan)
    assert set(EpisodeFile.objects.values_list("path", flat=True)) == {FIRST, SECOND, NEW}
    assert Series.objects.get(folder="New Show (2019)").year == 2019
    again = _looked_at(tree, mode=mode, language="German Sub")
    assert {state for state, target in _states(again).values() if target in (FIRST, NEW)} <= {"there"}


def test_what_is_there_is_never_written_over(tree: Path, library: Path) -> None:
    run = _looked_at(tree, mode="move", language="German Sub")
    (library / FIRST).parent.mkdir(parents=True)
    (library / FIRST).write_bytes(b"mine")
    source = tree / "Known Show/Season 1/Known.Show.S01E02.again.mkv"
    source.write_bytes(HEAD + b"other now")
    _applied(run)
    assert (library / FIRST).read_bytes() == b"mine"
    assert (tree / "Known Show/Season 1/Known.Show.S01E01.GERMAN.1080p.mkv").exists()
    states = {target: state for state, target in _states(run).values() if target}
    assert states[FIRST] == "there"
    assert source.exists(), "what was changed since the preview stays where it is"
    assert "failed" in {state for state, _target in _states(run).values()}


def test_an_apply_that_was_killed_goes_on_where_it_stood(tree: Path, library: Path) -> None:
    run = _looked_at(tree, mode="move", language="German Sub")
    imports.apply(run, by="anna", via="api")
    first = run.lines.get(target=FIRST)
    # Moved, and killed before its row was written.
    (library / FIRST).parent.mkdir(parents=True)
    os.replace(tree / first.facts["path"], library / FIRST)  # noqa: PTH105 - as the product does
    _worked(run)
    assert {state for state, target in _states(run).values() if target in (FIRST, NEW)} == {"done"}


def test_a_file_that_became_a_link_is_not_followed(tree: Path, library: Path, tmp_path: Path) -> None:
    run = _looked_at(tree, language="German Sub")
    secret = tmp_path / "secret"
    secret.write_bytes(b"s" * 5000)
    source = tree / "Known Show/Season 1/Known.Show.S01E01.GERMAN.1080p.mkv"
    facts = source.stat()
    source.unlink()
    source.symlink_to(secret)
    os.utime(secret, (facts.st_atime, facts.st_mtime))
    _applied(run)
    assert not (library / FIRST).exists()


def test_a_file_is_what_its_name_says_and_no_series_of_a_catalogue(
    tree: Path, library: Path, site: Site, client: Client
) -> None:
    run = _looked_at(tree, language="German Sub")
    before = _states(run)
    link = f"{site.address}/anime/stream/silberfaden"
    client.force_login(user())
    page = f"/settings/move-in/{run.pk}"
    for line in run.lines.filter(state__in=[State.MATCHED, State.UNMATCHED]):
        with pytest.raises(Invalid):
            imports.choose(line, link=link)
        with pytest.raises(Conflict):
            imports.look_again(run, [line])
        client.post(page, {"verb": f"choose:{line.number}", f"link-{line.number}": link})
        client.post(page, {"verb": f"retry:{line.number}"})
    assert _states(run) == before
    assert 'value="retry:' not in client.get(page).content.decode()
    _applied(run)
    assert {target for state, target in _states(run).values() if state == "done"} == {FIRST, SECOND, NEW}


def test_a_single_series_folder_is_understood_as_one(tree: Path, library: Path) -> None:
    run = _looked_at(tree / "Known Show", language="German Sub")
    assert _states(run)["Known.Show.S01E01.GERMAN.1080p.mkv"] == ("matched", FIRST)


def test_only_folders_outside_the_library_are_taken(library: Path, tmp_path: Path, tree: Path) -> None:
    for folder in (library, tmp_path, library / "x", tree / "loose S01E01.mp4", tmp_path / "gone", Path("relative")):
        with pytest.raises(Invalid):
            imports.from_folder(str(folder), options={}, by="")
    for options in ({"mode": "burn"}, {"language": "Klingon"}):
        with pytest.raises(Invalid):
            imports.from_folder(str(tree), options=options, by="")


def test_a_library_that_is_away_fails_the_lines_and_they_can_be_repeated(tree: Path, library: Path) -> None:
    run = _looked_at(tree, language="German Sub")
    library.rename(library.with_name("away"))
    _applied(run)
    failed = run.lines.filter(state=State.FAILED)
    assert failed.count() == 3
    library.with_name("away").rename(library)
    imports.look_again(run, [failed.get(target=NEW)])
    _worked(run)
    assert _states(run)["New Show - 1x03 - Title (English Sub).mp4"][0] == "done"
    assert failed.count() == 2
