"""What `make lint` asks of the packages, without a network: pinned, installed as pinned, whole, and not known bad.

`make audit` asks the public database of advisories beside it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
LISTS = ("requirements.txt", "requirements-oidc.txt", "requirements-dev.txt")
PIN = re.compile(r"(?P<name>[A-Za-z0-9_.-]+)(?:\[[a-z,-]+\])?==(?P<version>[^\s;#]+)")

# Older ones have holes that this product would be open to.
SAFE = {
    "daphne": "4.2.2",  # CVE-2026-44545, CVE-2026-44546: memory and headers of the socket
    "Django": "5.2.14",  # the security releases of 5.2 up to then
    "yt-dlp": "2026.7.4",  # commands run by what a site answers
    "pillow": "11.3.0",  # CVE-2025-48379: a hostile picture writes past its buffer
    "urllib3": "2.6.0",  # CVE-2025-66471: decompression without a bound
    "requests": "2.32.4",  # CVE-2024-47081: credentials for another host
}


def pins() -> Iterator[tuple[str, str, str]]:
    """File, name and version of every line; a line that pins nothing ends this with a message."""
    for file in LISTS:
        for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
            if not line.strip() or line.startswith(("#", "-r ")):
                continue
            found = PIN.fullmatch(line.partition(";")[0].strip())
            yield (file, found["name"], found["version"]) if found else (file, line.strip(), "")


def wrong() -> Iterator[str]:
    """A sentence for everything that is not as it should be."""
    for file, name, version in pins():
        if not version:
            yield f"{file}: “{name}” is not pinned with =="
        elif (installed := _installed(name)) and installed != Version(version):
            yield f"{file} pins {name} {version}, and {installed} is installed; run `make` again"
    for name, safe in SAFE.items():
        if (installed := _installed(name)) and installed < Version(safe):
            yield f"{name} {installed} is installed; versions before {safe} are known to be unsafe"


def _installed(name: str) -> Version | None:
    try:
        return Version(metadata.version(name))
    except metadata.PackageNotFoundError:
        return None


def main() -> int:
    """Prints what is wrong; 1 if anything is."""
    found = list(wrong())
    whole = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    if whole.returncode:
        found.append(whole.stdout.strip() or whole.stderr.strip())
    print("\n".join(found) or "Packages: pinned, whole, none known to be unsafe")  # noqa: T201 - a script that prints
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
