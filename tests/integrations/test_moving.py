"""Moving in from lists and from Sonarr, and the way out again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from aniworld.live.models import Event, Progress
from aniworld.refusals import Conflict, Invalid
from integrations.moving import exporting, imports, texts, working
from integrations.moving.models import ImportLine, ImportRun
from library.models import Series
from providers.demo.site import Site
from tests.aniworld.people import signed_in, user
from tests.integrations.sonarr_server import KEY, Sonarr, show, sonarr
from tests.library.factories import make_series

State = ImportLine.State


def _worked(run: ImportRun) -> ImportRun:
    claimed = ImportRun.objects.claim()
    assert claimed == run
    working.work(claimed)
    run.refresh_from_db()
    return run


def _states(run: ImportRun) -> list[str]:
    return [str(line.state) for line in run.lines.order_by("number")]


def _link(site: Site, slug: str) -> str:
    return f"{site.address}/anime/stream/{slug}"


def test_a_list_is_looked_over_and_taken(site: Site) -> None:
    make_series(slug="quark-und-quasar", key="there")
    mine = ["# mine", _link(site, "silberfaden"), f"{_link(site, 'silberfaden')}/staffel-1"]
    mine += [_link(site, "quark-und-quasar"), "https://elsewhere.example/x"]
    text = "\n".join([*mine, "Silberfaden (Neuauflage)", "Nothing 77", "", "x" * 300])
    run = _worked(
        imports.from_links(text, options={"language_plan": {"order": ["German Sub"]}, "monitored": False}, by="anna")
    )
    assert _states(run) == ["matched", "duplicate", "there", "unmatched", "matched", "unmatched", "unmatched"]
    assert run.status == ImportRun.Status.READY
    assert Series.objects.count() == 1, "a look changes nothing"
    assert Progress.objects.get(pk=run.progress_id).status == "completed"
    imports.choose(imports.line_of(run, 5), chosen=False)
    imports.apply(run, by="anna", via="api")
    assert _states(_worked(run)) == ["done", "duplicate", "there", "unmatched", "matched", "unmatched", "unmatched"]
    assert run.status == ImportRun.Status.COMPLETED
    series = Series.objects.get(slug="silberfaden")
    assert (series.monitored, series.language_plan["order"]) == (False, ["German Sub"])
    assert [line["number"] for line in exporting.report(run, left_over=True)] == [4, 6, 7]
    with pytest.raises(Conflict):
        imports.apply(run, by="anna", via="api")
    assert {event.type for event in Event.objects.filter(room="imports")} == {"import_progress", "import_complete"}


def test_what_is_exported_comes_back_the_same(site: Site) -> None:
    plan = {"order": ["English Sub", "German Dub"], "fallback": True, "upgrade": False}
    make_series(
        name='=HYPERLINK("x"), “Ä”', slug="silberfaden", site=_link(site, "silberfaden"), monitored=False,
        language_plan=plan, tvdb_id=77, imdb_id="tt123", year=2012,
    )  # fmt: skip
    make_series(name="From the disk", provider="", slug="", site="")
    csv, text, told = exporting.links_csv(), exporting.links_text(), exporting.series_json()
    assert '"\'=HYPERLINK(""x""), “Ä”"' in csv
    assert text == f"{_link(site, 'silberfaden')}\n# From the disk\n"
    assert told["series"][0]["ids"] == {"tmdb": None, "tvdb": 77, "imdb": "tt123"}
    Series.objects.all().delete()
    run = _worked(imports.from_links(texts.decoded(csv.encode("utf-8-sig")), options={}, by=""))
    assert _states(run) == ["matched", "unmatched"]
    imports.apply(run, by="", via="api")
    _worked(run)
    series = Series.objects.get()
    assert (series.slug, series.monitored, series.tvdb_id, series.imdb_id) == ("silberfaden", False, 77, "tt123")
    assert series.language_plan["order"] == plan["order"]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("\ufefflink;titel\nhttps://a.example/x;Ä\n".encode(), [{"link": "https://a.example/x", "title": "Ä"}]),
        ("Name\tURL\nÄ\thttps://a.example/x".encode("cp1252"), [{"link": "https://a.example/x", "title": "Ä"}]),
        (b'"Title","Year"\n"One, two",2001\n"",2002', [{"title": "One, two", "year": "2001"}]),
        ("https://a.example/x\r\n\r\n# no\r\nA title, with a comma".encode("utf-16"),
         [{"link": "https://a.example/x"}, {"title": "A title, with a comma"}]),
        (b"https://a.example/x,Title,2001", [{"link": "https://a.example/x"}]),
        (b"title\n'=SUM(1)\n", [{"title": "=SUM(1)"}]),
    ],
)  # fmt: skip
def test_lists_of_all_dialects_and_encodings_are_read(content: bytes, found: list[dict[str, str]]) -> None:
    assert texts.rows(texts.decoded(content)) == found


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\0\1\2", "not_text"),
        (b"x" * (texts.LARGEST_FILE + 1), "too_large"),
        (b"a\n" * 10_001, "too_many_lines"),
        (b'title,link\n"a"b,c', "not_csv"),
        (b"x" * 200_000, "not_csv"),
        (b"\n# only this\n", "empty_list"),
        (b"title;year\n;2001\n", "empty_list"),
    ],
)
def test_a_wrong_list_is_refused(content: bytes, code: str, db: None) -> None:
    with pytest.raises(Invalid) as refusal:
        imports.from_links(texts.decoded(content), options={}, by="")
    assert refusal.value.code == code
    assert not ImportRun.objects.exists()


def test_a_catalogue_that_is_down_says_so_and_is_asked_again_alone(site: Site) -> None:
    site.faults.set("demo", [{"fault": 500}])
    run = _worked(imports.from_links("Silberfaden (Neuauflage)\nQuark & Quasar", options={}, by=""))
    assert _states(run) == ["unreachable", "unreachable"]
    assert "demo: " in run.lines.get(number=1).reason
    site.faults.clear()
    call_command("providers", "reset", "demo", stdout=StringIO())
    imports.look_again(run, [run.lines.get(number=2)])
    assert _states(_worked(run)) == ["unreachable", "matched"]
    with pytest.raises(Conflict):
        imports.look_again(run, [line for line in run.lines.all() if line.state == State.MATCHED])


def test_a_killed_worker_leaves_the_rest_to_the_next(site: Site) -> None:
    run = imports.from_links(f"{_link(site, 'silberfaden')}\nhttps://a.example/", options={}, by="")
    first = ImportRun.objects.claim()
    assert first
    assert ImportRun.objects.claim() is None, "one process at a time"
    first.lines.get(number=1).settle(State.MATCHED, candidates=[], choice=0)
    ImportRun.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert _states(_worked(run)) == ["matched", "unmatched"]
    working.work(first)
    run.refresh_from_db()
    assert run.status == ImportRun.Status.READY, "who lost the lease changes nothing"


def test_an_import_is_cancelled_at_once_or_by_its_worker(site: Site) -> None:
    run = imports.from_links("https://a.example/", options={}, by="")
    assert run.cancel()
    assert ImportRun.objects.get().status == ImportRun.Status.CANCELLED
    run.begin(ImportRun.Status.LOOKING)
    claimed = ImportRun.objects.claim()
    assert claimed
    assert run.cancel()
    working.work(claimed)
    assert ImportRun.objects.get().status == ImportRun.Status.CANCELLED
    assert _states(run) == ["waiting"]
    assert not run.cancel()
    imports.delete(run)
    assert not ImportLine.objects.exists()


@pytest.fixture
def other(settings: Settings) -> Iterator[Sonarr]:
    with sonarr() as found:
        settings.ALLOWED_PRIVATE_HOSTS = [found.authority]
        yield found


def test_sonarrs_series_are_matched_by_ids_and_titles(site: Site, other: Sonarr) -> None:
    make_series(key="known", tvdb_id=900)
    other.server.series = [
        show("Called otherwise here", tvdbId=900),
        show(
            "Starweaver",
            alternateTitles=[{"title": "Silberfaden"}],
            year=2012,
            tvdbId=901,
            imdbId="tt777",
            monitored=False,
        ),
        show("Wholly unknown 123", tvdbId="x", tmdbId=-1, year="soon"),
        {"title": 5},
        "nonsense",
        show("  Odd \u0000 one  ", alternateTitles={"a": 1}, imdbId=["tt1"]),
    ]
    run = _worked(
        imports.from_sonarr(
            f"{other.address}/api/v3/", KEY, options={"language_plan": {"order": ["German Dub"]}}, by=""
        )
    )
    assert run.status == ImportRun.Status.READY, run.error
    assert run.api_key == ""
    assert other.server.asked == [("/api/v3/series", KEY)]
    states = _states(run)
    assert states[0] == "there"
    assert states[2:] == ["unmatched", "unmatched"]
    line = run.lines.get(number=2)
    if line.state == State.UNCLEAR:
        imports.choose(line, choice=0)
    imports.apply(run, by="", via="api")
    _worked(run)
    line.refresh_from_db()
    assert line.state == State.DONE, line.reason
    series = Series.objects.get(key=line.series_key)
    assert (series.monitored, series.tvdb_id, series.imdb_id) == (False, 901, "tt777")
    assert series.language_plan["order"] == ["German Dub"]


def test_a_sonarr_that_fails_is_told_of_without_its_key(site: Site, other: Sonarr, settings: Settings) -> None:
    def failed(address: str = other.address, key: str = KEY) -> str:
        run = _worked(imports.from_sonarr(address, key, options={}, by=""))
        assert (run.status, run.api_key) == (ImportRun.Status.FAILED, "")
        assert key not in run.error
        return run.error

    assert "refuses the API key" in failed(key="wrong")
    other.server.series = {"not": "a list"}
    assert "no Sonarr" in failed()
    other.server.series = [show("x")] * (texts.MOST_LINES + 1)
    assert "more than" in failed()
    with sonarr() as stranger:
        settings.ALLOWED_PRIVATE_HOSTS = [other.authority, stranger.authority]
        other.server.redirect = f"{stranger.address}/api/v3/series"
        failed()
        assert stranger.server.asked == [("/api/v3/series", "")], "the key goes to no other place"
    settings.ALLOWED_PRIVATE_HOSTS = []
    assert "ALLOWED_PRIVATE_HOSTS" in failed()
    for address in ("ftp://a", "http://u:p@a", "http://a/?x=1", "", "http://" + "a" * 600):
        with pytest.raises(Invalid):
            imports.from_sonarr(address, KEY, options={}, by="")
    with pytest.raises(Invalid):
        imports.from_sonarr(other.address, "two words", options={}, by="")


def test_the_api_goes_the_whole_way(site: Site) -> None:
    admin = signed_in(user())
    body = {
        "kind": "links",
        "text": f"{_link(site, 'silberfaden')}\nhttps://a.example/\n",
        "options": {"monitored": True},
    }
    begun = admin.call("post", "/api/imports", body)
    assert begun.status_code == 202, begun.content
    pk = begun.json()["id"]
    assert admin.call("post", f"/api/imports/{pk}/apply").status_code == 409
    _worked(ImportRun.objects.get())
    told = admin.call("get", f"/api/imports/{pk}").json()
    assert (told["status"], told["counts"]["matched"], told["counts"]["unmatched"]) == ("ready", 1, 1)
    lines = admin.call("get", f"/api/imports/{pk}/lines?state=matched").json()
    assert lines["items"][0]["candidates"][0]["slug"] == "silberfaden"
    patch = f"/api/imports/{pk}/lines/2"
    assert admin.call("patch", patch, {"link": _link(site, "quark-und-quasar")}).json()["state"] == "matched"
    assert admin.call("patch", patch, {"choice": 99}).status_code == 422
    assert admin.call("patch", patch, {"link": "https://b.example/"}).status_code == 422
    assert admin.call("patch", f"/api/imports/{pk}/lines/9", {"chosen": True}).status_code == 404
    assert admin.call("patch", patch, {"chosen": False}).json()["chosen"] is False
    assert admin.call("post", f"/api/imports/{pk}/apply").status_code == 202
    assert admin.call("delete", f"/api/imports/{pk}").status_code == 409
    _worked(ImportRun.objects.get())
    report = admin.call("get", f"/api/imports/{pk}/report").json()
    assert [line["state"] for line in report["lines"]] == ["done", "matched"]
    assert admin.call("get", f"/api/imports/{pk}/report.csv").content.startswith(b"number,text,state")
    assert admin.call("post", f"/api/imports/{pk}/lines/1/retry").status_code == 409
    assert admin.call("get", "/api/imports").json()["items"][0]["counts"]["done"] == 1
    assert admin.call("post", f"/api/imports/{pk}/cancel").json() == {"cancelled": False}
    file = SimpleUploadedFile("m\u00fcll.csv", "title\nÄ".encode("cp1252"))
    answer = admin.post("/api/imports/upload", {"file": file, "monitored": "true"}, headers=admin.credentials)
    assert (answer.status_code, answer.json()["options"]) == (202, {"monitored": True})
    for path, kind in (("links.txt", "text/plain"), ("links.csv", "text/csv"), ("series", "application/json")):
        assert admin.call("get", f"/api/exports/{path}").headers["Content-Type"].startswith(kind)
    assert admin.call("delete", f"/api/imports/{pk}").status_code == 204
    assert admin.call("get", f"/api/imports/{pk}").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "links", "text": ""},
        {"kind": "magic"},
        {"kind": "sonarr", "address": "x", "api_key": "y"},
        {"kind": "folder", "folder": "relative"},
        {"kind": "folder", "folder": "/no/such/folder"},
        {"kind": "folder", "folder": "/\u0000"},
        {"kind": "links", "text": "a", "options": {"language_plan": {"order": ["Klingon"]}}},
        {"kind": "links", "text": "a", "options": {"odd": 1}},
        {"kind": "links", "text": "a\u0000"},
    ],
)
def test_the_api_refuses_what_is_wrong(body: dict[str, Any], db: None) -> None:
    answer = signed_in(user()).call("post", "/api/imports", body)
    assert answer.status_code == 422, answer.content
    assert signed_in(user("bob", staff=False)).call("post", "/api/imports", body).status_code == 403


def test_the_pages_need_no_script(site: Site) -> None:
    browser = Client()
    browser.force_login(user())
    for path in ("", "?"):
        assert browser.get(f"/settings/move-in{path}").status_code == 200
    wrong = browser.post("/settings/move-in", {"kind": "folder", "folder": "relative"})
    assert wrong.status_code == 422
    assert "absolute path" in wrong.content.decode()
    text = f"{_link(site, 'silberfaden')}\n<script>alert(1)</script>"
    begun = browser.post("/settings/move-in", {"kind": "links", "text": text, "monitored": "no"})
    place = begun.headers["Location"]
    run = ImportRun.objects.get()
    assert "being looked up" in browser.get(place).content.decode().lower()
    _worked(run)
    page = browser.get(place).content.decode()
    assert "<script>alert(1)" not in page
    assert 'value="apply"' in page
    assert browser.get(f"/parts/move-in/{run.pk}?state=matched").status_code == 200
    browser.post(place, {"verb": "choose:2", "link-2": _link(site, "quark-und-quasar")})
    assert _states(run) == ["matched", "matched"]
    browser.post(place, {"verb": "leave:2"})
    browser.post(place, {"verb": "apply"})
    _worked(run)
    assert _states(run) == ["done", "matched"]
    assert Series.objects.get().monitored is False
    for verb in ("retry:1", "choose:x", "choose:999999", "nonsense", "retry-all", ""):
        assert browser.post(place, {"verb": verb}).status_code in (302, 404)
    assert b"silberfaden" in browser.get(f"{place}/report?all=1").content
    assert browser.post(place, {"verb": "delete"}).headers["Location"] == "/settings/move-in"
    assert browser.get(place).status_code == 404
    stranger = Client()
    stranger.force_login(user("bob", staff=False))
    assert stranger.get("/settings/move-in").status_code == 403


def test_the_command_shows_first_and_then_brings(site: Site, tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text(f"{_link(site, 'silberfaden')}\n")
    out = StringIO()
    call_command("move_in", "links", str(listed), stdout=out)
    assert "matched" in out.getvalue()
    assert not Series.objects.exists()
    out = StringIO()
    call_command("move_in", "links", str(listed), "--apply", "--json", "--languages", "German Sub", stdout=out)
    assert [line["state"] for line in json.loads(out.getvalue())["lines"]] == ["done"]
    assert Series.objects.get().language_plan["order"] == ["German Sub"]
    listed.write_text("https://a.example/\n")
    with pytest.raises(CommandError, match="left over"):
        call_command("move_in", "links", str(listed), stdout=StringIO())
    with pytest.raises(CommandError, match="key-file") as wrong:
        call_command("move_in", "sonarr", "http://127.0.0.1:1", stdout=StringIO())
    assert wrong.value.returncode == 2
