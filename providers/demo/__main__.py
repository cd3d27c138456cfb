"""`python -m providers.demo <folder> --port <port>`: the demo site below `up`, without Django, which is 50 MB less."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from aniworld.supervisor import tie
from providers.demo.serving import serve

parser = ArgumentParser(prog="providers.demo")
parser.add_argument("folder", type=Path, help="Where its clips are kept.")
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--quiet", action="store_true", help="Does not say when it is ready.")

if __name__ == "__main__":
    given = parser.parse_args()
    tie.to_parent()
    serve(given.folder, given.port, announce=not given.quiet)
