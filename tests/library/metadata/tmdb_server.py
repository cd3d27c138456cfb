"""Speaks as TMDB does: searches, series, seasons, pictures. It records what it was asked, and fails at will."""

from __future__ import annotations

import io
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from PIL import Image

KEY = "0123456789abcdef0123456789abcdef"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJhdWQiOiJ4In0.c2lnbmF0dXJl"
FAULTS = ("401", "404", "429", "500", "slow", "garbage", "list")


def picture(kind: str = "JPEG", size: tuple[int, int] = (60, 90), color: str = "navy") -> bytes:
    """A real picture."""
    stored = io.BytesIO()
    Image.new("RGBA" if kind == "PNG" else "RGB", size, color).save(stored, kind)
    return stored.getvalue()


def episode(number: int, **values: Any) -> dict[str, Any]:
    """An episode as a season lists it."""
    return {
        "id": 9000 + number,
        "episode_number": number,
        "name": f"Der Titel {number}",
        "overview": f"Was in Folge {number} geschieht.",
        "air_date": f"2021-04-{number:02d}",
        "runtime": 24,
        **values,
    }


def series(number: int, name: str, year: int | None, **values: Any) -> dict[str, Any]:
    """A series in full, with all that is appended to it."""
    return {
        "id": number,
        "name": name,
        "original_name": values.pop("original_name", name),
        "overview": f"Worum es in {name} geht.",
        "first_air_date": f"{year}-04-03" if year else "",
        "status": "Returning Series",
        "genres": [{"id": 16, "name": "Animation"}, {"id": 18, "name": "Drama"}],
        "networks": [{"id": 1, "name": "Tokyo MX"}],
        "vote_average": 8.4,
        "vote_count": 1234,
        "poster_path": f"/poster{number}.jpg",
        "backdrop_path": f"/fanart{number}.jpg",
        "seasons": [
            {"season_number": 0, "name": "Extras", "poster_path": f"/specials{number}.jpg"},
            {"season_number": 1, "name": "Staffel 1", "poster_path": f"/season{number}.jpg"},
            {"season_number": 9, "name": "Staffel 9", "poster_path": "/never.jpg"},
        ],
        "external_ids": {"imdb_id": f"tt{number:07d}", "tvdb_id": number + 500},
        "alternative_titles": {"results": [{"iso_3166_1": "JP", "title": f"{name} no Hanashi"}]},
        "content_ratings": {"results": [{"iso_3166_1": "US", "rating": "TV-14"}, {"iso_3166_1": "DE", "rating": "12"}]},
        "images": {
            "logos": [
                {"file_path": "/logo.svg", "iso_639_1": "de"},
                {"file_path": "/english.png", "iso_639_1": "en"},
                {"file_path": "/logo.png", "iso_639_1": "de"},
            ]
        },
        "aggregate_credits": {
            "cast": [
                {"name": "Maaya Uchida", "roles": [{"character": "Ilse"}], "profile_path": "/maaya.jpg"},
                {"name": "Nobody", "roles": []},
            ]
        },
        **values,
    }


class TmdbServer:
    """with TmdbServer() as tmdb: settings.TMDB_API_URL = tmdb.api …"""

    def __init__(self) -> None:
        self.known: dict[int, dict[str, Any]] = {}
        self.seasons: dict[tuple[int, int], list[dict[str, Any]]] = {}
        self.pictures: dict[str, bytes] = {}
        # Part of a path → what goes wrong there; "retry_after" belongs to 429.
        self.faults: dict[str, str] = {}
        self.retry_after = "2"
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.answer(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._stopped = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._http.shutdown()
        self._http.server_close()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._http.server_port}"

    @property
    def api(self) -> str:
        return f"http://{self.host}/3"

    @property
    def images(self) -> str:
        return f"http://{self.host}/t/p"

    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [path for path, _query, _headers in self.asked]

    def add(self, number: int, name: str, year: int | None, **values: Any) -> None:
        """A series with one season of three episodes, two specials and every picture."""
        self.known[number] = series(number, name, year, **values)
        self.seasons[number, 1] = [episode(n) for n in (1, 2, 3)]
        self.seasons[number, 0] = [episode(n, name=f"Episode {n}", runtime=None) for n in (1, 2)]
        for kind in ("poster", "fanart", "specials", "season"):
            self.pictures[f"/{kind}{number}.jpg"] = picture(color=(kind == "poster" and "red") or "navy")
        self.pictures["/logo.png"] = picture("PNG", (120, 40))

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.asked.append((parts.path, query, dict(handler.headers)))
        fault = next((kind for place, kind in self.faults.items() if place in parts.path), "")
        if fault == "slow":
            self._stopped.wait(5)
        if fault.isdigit():
            body, status = b'{"success": false, "status_message": "no"}', int(fault)
        elif fault in ("garbage", "list"):
            body, status = (b"{not json" if fault == "garbage" else b"[1, null]"), 200
        else:
            body, status = self._body(parts.path, query, handler)
        handler.send_response(status)
        if status == 429 and self.retry_after:
            handler.send_header("Retry-After", self.retry_after)
        handler.send_header("Content-Type", "image/jpeg" if "/t/p/" in parts.path else "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        try:
            handler.wfile.write(body)
        except OSError:
            time.sleep(0)  # the client has gone away

    def _body(self, path: str, query: dict[str, str], handler: BaseHTTPRequestHandler) -> tuple[bytes, int]:
        if path.startswith("/t/p/"):
            content = self.pictures.get("/" + path.rpartition("/")[2])
            return (content, 200) if content is not None else (b"", 404)
        if query.get("api_key") != KEY and handler.headers.get("Authorization") != f"Bearer {TOKEN}":
            return b'{"status_code": 7, "status_message": "Invalid API key"}', 401
        found = self._json(path.removeprefix("/3"), query)
        return (json.dumps(found).encode(), 200) if found is not None else (b'{"status_code": 34}', 404)

    def _json(self, path: str, query: dict[str, str]) -> Any:
        if path == "/search/tv":
            words = query["query"].casefold()
            hits = [one for one in self.known.values() if words in json.dumps(one, ensure_ascii=False).casefold()]
            return {"page": 1, "results": hits, "total_results": len(hits)}
        kind, _, rest = path.strip("/").partition("/")
        if kind == "find":
            ids = {str(value): one for one in self.known.values() for value in one["external_ids"].values()}
            return {"movie_results": [], "tv_results": [ids[rest]] if rest in ids else []}
        number, _, more = rest.partition("/")
        one = self.known.get(int(number))
        if one is None or not more:
            return one
        if more == "alternative_titles":
            return {"id": one["id"], **one["alternative_titles"]}
        listed = self.seasons.get((one["id"], int(more.removeprefix("season/"))))
        return None if listed is None else {"episodes": listed}
