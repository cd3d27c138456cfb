"""A finished file gets into the library whole or not at all, and a vanished library is never made anew."""

from __future__ import annotations

import ctypes
import errno
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

import pytest
from pytest_django import Settings

from aniworld.configuration import sections, store
from library import exclusive_rename, files, folders, moving
from library.files import ArrivalFailed, LibraryUnavailable, arrive, discard, library_root, locate

DESTINATION = PurePosixPath("Show (2020)/Season 01/Show - S01E01 - (German Dub).mp4")


@pytest.fixture(autouse=True)
def library(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings.DATA_DIR = tmp_path / "data"
    settings.LIBRARY_DIR = tmp_path / "data" / "library"
    settings.DATA_DIR.mkdir()
    monkeypatch.setattr(store, "_cached", (float("inf"), sections.Settings()))
    return library_root()


@pytest.fixture
def work(tmp_path: Path) -> Path:
    path = tmp_path / "work.mp4"
    path.write_bytes(b"whole film" * 1000)
    path.chmod(0o600)
    return path


@pytest.fixture
def other_disk() -> Iterator[Path]:
    folder = Path("/dev/shm") / f"aniworld-test-{os.getpid()}"
    if not folder.parent.is_dir():
        pytest.skip("needs /dev/shm as a second file system")
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mount.returncode:
        pytest.skip("may not mount a small tmpfs here; run as root to test a full disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False)


def configure(monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
    chosen = sections.Settings(library=sections.Library(directory=str(directory)))
    monkeypatch.setattr(store, "_cached", (float("inf"), chosen))


def everything(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()}


def test_arrives_by_rename(library: Path, work: Path) -> None:
    inode = work.stat().st_ino
    arrived = arrive(work, DESTINATION)
    there = library / DESTINATION
    assert (arrived.path, arrived.size, arrived.kept) == (DESTINATION, 10000, False)
    assert arrived.mtime == there.stat().st_mtime
    assert there.stat().st_ino == inode
    assert not work.exists()
    umask = os.umask(0)
    os.umask(umask)
    assert there.stat().st_mode & 0o777 == 0o666 & ~umask


def test_arrives_from_another_disk(library: Path, other_disk: Path) -> None:
    work = other_disk / "work.mp4"
    content = os.urandom(3 * 1024 * 1024 + 17)
    work.write_bytes(content)
    heard: list[int] = []
    arrived = arrive(work, DESTINATION, report=heard.append)
    assert (library / DESTINATION).read_bytes() == content
    assert arrived.size == len(content) == heard[-1]
    assert everything(library) == {str(DESTINATION)}
    assert not work.exists()


def test_comparing_with_what_stands_there_shows_signs_of_life(library: Path, work: Path) -> None:
    there = library / DESTINATION
    there.parent.mkdir(parents=True)
    there.write_bytes(work.read_bytes())
    heard: list[int] = []
    assert arrive(work, DESTINATION, report=heard.append).size == 10000
    assert heard == [10000]
    assert not work.exists()


def test_a_stopped_copy_leaves_nothing(library: Path, other_disk: Path) -> None:
    work = other_disk / "work.mp4"
    work.write_bytes(bytes(5 * 1024 * 1024))

    def stop(_copied: int) -> None:
        raise InterruptedError

    with pytest.raises(ArrivalFailed):
        arrive(work, DESTINATION, report=stop)
    with pytest.raises(KeyboardInterrupt):
        arrive(work, DESTINATION, report=lambda copied: (_ for _ in ()).throw(KeyboardInterrupt))
    assert everything(library) == set()
    assert work.stat().st_size == 5 * 1024 * 1024


@pytest.mark.parametrize("elsewhere", [False, True])
def test_an_existing_file_is_kept_replaced_or_numbered(
    library: Path, tmp_path: Path, other_disk: Path, elsewhere: bool
) -> None:
    there = library / DESTINATION
    there.parent.mkdir(parents=True)
    there.write_bytes(b"old")
    work = (other_disk if elsewhere else tmp_path) / "new.mp4"
    work.write_bytes(b"brand new")

    kept = arrive(work, DESTINATION, "keep")
    assert (kept.kept, kept.size, there.read_bytes(), work.exists()) == (True, 3, b"old", True)

    numbered = arrive(work, DESTINATION, "number")
    assert numbered.path == DESTINATION.with_name("Show - S01E01 - (German Dub) (2).mp4")
    assert (there.read_bytes(), (library / numbered.path).read_bytes()) == (b"old", b"brand new")

    work.write_bytes(b"newest")
    assert arrive(work, DESTINATION, "replace").path == DESTINATION
    assert there.read_bytes() == b"newest"
    assert len(everything(library)) == 2


def test_the_same_file_may_arrive_again(library: Path, work: Path) -> None:
    shutil.copy(work, work.with_name("again.mp4"))
    arrive(work, DESTINATION)
    again = arrive(work.with_name("again.mp4"), DESTINATION)
    assert (again.path, again.kept) == (DESTINATION, False)
    # a crash between the two steps of the rename left the file under both names
    os.link(library / DESTINATION, work)
    assert arrive(work, DESTINATION).path == DESTINATION
    assert not work.exists()
    assert everything(library) == {str(DESTINATION)}


def test_without_hard_links_it_is_still_never_overwritten(
    library: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", _refuse)
    second = work.with_name("second.mp4")
    second.write_bytes(b"second")
    arrive(work, DESTINATION)
    assert arrive(second, DESTINATION, "number").path.name.endswith("(2).mp4")
    assert len(everything(library)) == 2


@pytest.mark.parametrize("atomically", [True, False])
def test_without_hard_links_files_that_arrive_at_once_leave_each_other_alone(
    atomically: bool, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", _refuse)
    if not atomically:
        # As some FUSE file systems answer; who comes at the very same time can't be told apart there.
        monkeypatch.setattr(exclusive_rename, "_renameat2", _invalid)
    works = [tmp_path / f"{number}.mp4" for number in range(4 if atomically else 1)]
    for round_ in range(50 if atomically else 1):
        destination = DESTINATION.with_name(f"{round_}.mp4")
        arrive(_written(tmp_path / "first.mp4"), destination)
        with ThreadPoolExecutor(len(works)) as threads:
            arrived = list(threads.map(lambda work: arrive(_written(work), destination, "number"), works))  # noqa: B023
        assert len({one.path for one in arrived} | {destination}) == len(works) + 1
    texts = [path.read_text() for path in library.rglob("*.mp4")]
    assert len(set(texts)) == len(texts) == (len(works) + 1) * (round_ + 1)


def test_a_move_never_goes_over_what_comes_at_that_moment(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    look = folders.standing

    def just_before(name: str, folder: int) -> os.stat_result | None:
        found = look(name, folder)
        (library / DESTINATION).write_text("of somebody else")
        return found

    mine = _written(library / "mine.mp4")
    text = mine.read_text()
    monkeypatch.setattr(moving, "standing", just_before)
    with pytest.raises(ArrivalFailed, match="is there already"):
        moving.move(PurePosixPath(mine.name), DESTINATION)
    assert (mine.read_text(), (library / DESTINATION).read_text()) == (text, "of somebody else")


def _written(path: Path) -> Path:
    """Unlike any other."""
    path.write_text(secrets.token_hex(8))
    return path


def _refuse(*_arguments: object, **_named: object) -> None:
    """As exFAT and some network file systems answer."""
    raise PermissionError(1, "Operation not permitted")


def _invalid(*_arguments: object) -> int:
    ctypes.set_errno(errno.EINVAL)
    return -1


def test_full_disk_is_told_apart(small_disk: Path, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, small_disk)
    work.write_bytes(os.urandom(2 * 1024 * 1024))
    with pytest.raises(ArrivalFailed) as failure:
        arrive(work, DESTINATION)
    assert failure.value.disk_full
    assert everything(small_disk) == set()
    assert work.exists()
    work.write_bytes(b"small enough")
    assert arrive(work, DESTINATION).size == 12


def test_links_out_of_the_library_are_refused(library: Path, work: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (library / "Show (2020)").symlink_to(outside)
    with pytest.raises(ArrivalFailed):
        arrive(work, DESTINATION)
    with pytest.raises(ArrivalFailed):
        locate(DESTINATION)
    assert everything(outside) == set()
    assert work.exists()


def test_a_link_under_the_final_name_is_not_followed(library: Path, work: Path, tmp_path: Path) -> None:
    outside = tmp_path / "precious"
    outside.write_bytes(b"precious")
    (library / DESTINATION.parent).mkdir(parents=True)
    (library / DESTINATION).symlink_to(outside)
    arrive(work, DESTINATION, "replace")
    assert outside.read_bytes() == b"precious"
    assert not (library / DESTINATION).is_symlink()


@pytest.mark.parametrize("bad", ["../up.mp4", "a/../../up.mp4", "/etc/up.mp4", "a\0b.mp4", "x/" + "y" * 300])
def test_destinations_stay_inside(library: Path, work: Path, bad: str) -> None:
    with pytest.raises(Exception, match=r"not the name|could not|leads out"):
        arrive(work, PurePosixPath(bad))
    assert work.exists()
    assert everything(library) == set()


def test_abandoned_copies_are_swept(library: Path, work: Path) -> None:
    folder = library / DESTINATION.parent
    folder.mkdir(parents=True)
    old, young = folder / ".aniworld-old.part", folder / ".aniworld-young.part"
    old.touch()
    young.touch()
    os.utime(old, (0, 0))
    arrive(work, DESTINATION)
    assert not old.exists()
    assert young.exists()


def test_a_missing_work_file_fails_clearly(library: Path, tmp_path: Path) -> None:
    with pytest.raises(ArrivalFailed, match="No such file"):
        arrive(tmp_path / "never", DESTINATION)


def test_discard_removes_the_file_and_empty_folders(library: Path, work: Path) -> None:
    arrive(work, DESTINATION)
    assert discard(str(DESTINATION))
    assert list(library.iterdir()) == []
    assert not discard(DESTINATION)


def test_the_default_folder_is_made_once_only(library: Path, work: Path) -> None:
    shutil.rmtree(library)
    with pytest.raises(LibraryUnavailable, match="not there") as refusal:
        library_root()
    assert (refusal.value.status, refusal.value.code) == (503, "library_unavailable")
    with pytest.raises(LibraryUnavailable):
        arrive(work, DESTINATION)
    assert not library.exists()
    library.mkdir()
    assert library_root() == library


def test_a_chosen_folder_is_never_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, tmp_path / "elsewhere")
    with pytest.raises(LibraryUnavailable):
        library_root()
    configure(monkeypatch, Path("relative"))
    with pytest.raises(LibraryUnavailable, match="absolute"):
        library_root()
    (tmp_path / "file").touch()
    configure(monkeypatch, tmp_path / "file")
    with pytest.raises(LibraryUnavailable):
        library_root()


def test_an_unmounted_disk_is_noticed(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, small_disk)
    assert library_root() == small_disk
    subprocess.run(["umount", str(small_disk)], check=True)
    with pytest.raises(LibraryUnavailable, match="not mounted"):
        library_root()
    (small_disk / "meant").touch()
    assert library_root() == small_disk


def test_a_read_only_folder_says_so(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, small_disk)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(LibraryUnavailable, match="can't be written"):
        library_root()


def test_an_interrupted_copy_never_shows(library: Path, other_disk: Path) -> None:
    """Killed in the middle of the copy: nothing under the final name, the work file whole, the next try succeeds."""
    work = other_disk / "work.mp4"
    work.write_bytes(bytes(4 * 1024 * 1024))
    child = os.fork()
    if child == 0:
        arrive(work, DESTINATION, report=lambda _copied: os.kill(os.getpid(), 9))
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 9
    assert not (library / DESTINATION).exists()
    assert work.stat().st_size == 4 * 1024 * 1024
    assert arrive(work, DESTINATION).size == 4 * 1024 * 1024
    left = everything(library) - {str(DESTINATION)}
    assert all(PurePosixPath(name).name.startswith(files.TEMPORARY_PREFIX) for name in left)
