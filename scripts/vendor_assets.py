"""Fetches the browser assets named below from the npm registry, each into a folder `<name>-<version>`.

Run it after a change of a version here, commit what it wrote, and delete the folder of the version before.
Needs `npm`; the product itself needs neither npm nor a build step.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "aniworld" / "static" / "vendor"
# What only tests use is not served.
TESTS = ROOT / "tests" / "browser" / "vendor"
SVG = "http://www.w3.org/2000/svg"

# Every drawing that templates ask for with {% icon %}, one a line: the sprite holds these and no other.
ICONS = (Path(__file__).resolve().parent / "icons.txt").read_text().split()


@dataclass(frozen=True)
class Package:
    """One npm package and which of its files are kept, under their bare names."""

    name: str
    version: str
    files: tuple[str, ...]
    place: Path = VENDOR

    @property
    def folder(self) -> Path:
        """Where its files go."""
        return self.place / f"{self.name}-{self.version}"


PACKAGES = (
    Package("htmx.org", "2.0.11", ("dist/htmx.min.js", "LICENSE")),
    Package("idiomorph", "0.8.0", ("dist/idiomorph-ext.min.js", "LICENSE")),
    Package("sortablejs", "1.15.7", ("Sortable.min.js", "LICENSE")),
    Package("axe-core", "4.14.1", ("axe.min.js", "LICENSE"), TESTS),
)
LUCIDE = Package("lucide-static", "1.62.0", ("LICENSE",))


def unpack(package: Package, into: Path) -> Path:
    """Downloads the package and answers the folder it was unpacked to."""
    target = into / package.name
    target.mkdir()
    command = ["npm", "pack", "--silent", "--pack-destination", str(target), f"{package.name}@{package.version}"]
    subprocess.run(command, check=True, cwd=target, stdout=subprocess.DEVNULL)
    with tarfile.open(next(target.glob("*.tgz"))) as archive:
        archive.extractall(target, filter="data")
    return target / "package"


def keep(package: Package, unpacked: Path) -> None:
    """Copies the files that are used."""
    package.folder.mkdir(parents=True, exist_ok=True)
    for name in package.files:
        (package.folder / Path(name).name).write_bytes((unpacked / name).read_bytes())


def sprite(unpacked: Path) -> bytes:
    """One SVG document with a `<symbol id="name">` for each of `ICONS`."""
    ElementTree.register_namespace("", SVG)
    root = ElementTree.Element(f"{{{SVG}}}svg")
    for name in ICONS:
        drawing = ElementTree.parse(unpacked / "icons" / f"{name}.svg").getroot()  # noqa: S314 - a pinned package
        symbol = ElementTree.SubElement(root, f"{{{SVG}}}symbol", id=name, viewBox="0 0 24 24")
        symbol.extend(list(drawing))
    return ElementTree.tostring(root)


def main() -> int:
    """Refreshes everything."""
    with tempfile.TemporaryDirectory() as folder:
        for package in PACKAGES:
            keep(package, unpack(package, Path(folder)))
        unpacked = unpack(LUCIDE, Path(folder))
        keep(LUCIDE, unpacked)
        (LUCIDE.folder / "icons.svg").write_bytes(sprite(unpacked))
    return 0


if __name__ == "__main__":
    sys.exit(main())
