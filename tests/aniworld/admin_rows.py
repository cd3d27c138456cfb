"""Rows of every kind that has a page in the admin."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Group
from django.utils import timezone
from django_q.models import Failure, OrmQ, Schedule, Success
from django_q.signing import SignedPackage

from aniworld import audit
from aniworld.accounts import tokens
from aniworld.accounts.models import ApiKey, Preferences, Throttle, Token, User
from aniworld.alerts.models import Alert
from aniworld.audit.models import Change
from aniworld.configuration import store
from aniworld.configuration.models import ConfigurationBackup
from aniworld.live.models import Event, Progress
from aniworld.live.publish import publish
from aniworld.supervisor.models import Cluster, Machine
from downloads.models import Attempt, QuarantinedFile, QueueItem, QueueState, Rescan, Undo
from integrations.feeds.models import ArrivalsFeed
from integrations.media_servers.models import MediaServer, Notice
from integrations.moving.models import ImportLine, ImportRun
from integrations.qbittorrent.models import Category, ClientPart, ClientSession, ClientTorrent
from integrations.sign_on.models import OpenIdAccount
from integrations.torznab.models import KnownSeries, Lookup
from integrations.webhooks.models import Delivery, Webhook
from library.models import (
    AnnouncedEpisode,
    CalendarFeed,
    Episode,
    EpisodeFile,
    Favorite,
    Finding,
    Scan,
    Series,
    Timetable,
)
from providers.models import Provider, ProviderStatus, RequestHour, RequestLog
from tests.aniworld.people import user
from tests.library.factories import make_episodes, make_series


def _task(model: Any, number: int) -> None:
    now = timezone.now()
    model.objects.create(
        id=f"{model.__name__}{number}", name=f"n{number}", func="f", started=now, stopped=now, success=model is Success
    )


def _waiting(number: int) -> None:
    OrmQ.objects.create(key="default", payload=SignedPackage.dumps({"id": str(number), "name": "n", "func": "f"}))


def _found(number: int) -> None:
    candidates = [{"provider": "demo", "slug": "a", "link": "a", "name": "A", "year": 2012, "score": 0.7}]
    Finding.objects.create(kind="unmatched", path=f"Folder {number}", series=make_series(), candidates=candidates)


def episode() -> Episode:
    return make_episodes(make_series())[0]


def _file(number: int) -> None:
    episode().record_file("German Dub", f"{number}.mp4", size=5_000_000, duration=60.0, mtime=1.0)


def item(**values: Any) -> QueueItem:
    of = episode()
    return QueueItem.objects.create(
        **{"series": of.series, "episode": of, "season": of.season, "language": "German Dub", **values}
    )


def _attempt(number: int) -> None:
    Attempt.objects.create(item=item(), provider="voe", language="German Dub", outcome="failed", error=f"e{number}")


def _kept(number: int) -> None:
    QuarantinedFile.objects.create(
        item=item(), provider="voe", language="German Dub", place="here", path=f"{number}.mp4", size=1, reason="short"
    )


def provider(_number: int) -> Provider:
    name = f"p{Provider.objects.count()}"
    row = Provider.objects.create(name=name, kind="host", display_name=name)
    ProviderStatus.objects.get_or_create(provider=row)
    return row


def _request(number: int) -> None:
    RequestLog.objects.create(provider=provider(number), action="search", successful=True, response_time_ms=1.0)


def _progress(number: int) -> None:
    Progress(id=f"x{number}", type="scan", status="started", title=f"Scan {number}").begin()


def _cluster(number: int) -> None:
    now = timezone.now()
    Cluster.objects.create(instance=f"i{number}", name="default", host="h", process_group=1, workers=2, started_at=now)


def _machine(number: int) -> None:
    now = timezone.now()
    Machine.objects.create(instance=f"i{number}", host=f"h{number}", web=True, started_at=now, seen_at=now)


def _server(_number: int) -> MediaServer:
    name = f"s{MediaServer.objects.count()}"
    return MediaServer.objects.create(name=name, kind="jellyfin", address="http://192.168.1.5:8096", secret="x")


def _webhook(_number: int) -> Webhook:
    return Webhook.objects.create(name=f"w{Webhook.objects.count()}", address="https://example.org/in", secret="x")


def _switches(_number: int) -> None:
    QueueState.objects.now()


def _line(number: int) -> None:
    run = ImportRun.objects.create(kind="links", place=f"list {number}", status="ready")
    ImportLine.objects.create(run=run, number=1, text=f"line {number}", state="unmatched")


def _torrent(number: int) -> None:
    of = episode()
    torrent = ClientTorrent.objects.create(
        info_hash=f"{number:040x}", name=f"Title.S01E0{number}", provider="demo", slug="x", season=1, number=number
    )
    ClientPart.objects.create(torrent=torrent, episode=of, item=item(), title="Title.S01E01")


def _client_session(number: int) -> None:
    ClientSession.objects.begin(tokens.create_key(user(f"client{number}"), f"client{number}", "queue")[0])


MAKERS: dict[Any, Callable[[int], Any]] = {
    Alert: lambda number: Alert.objects.create(title=f"a{number}", raised_at=timezone.now(), due_at=timezone.now()),
    AnnouncedEpisode: lambda number: AnnouncedEpisode.objects.create(
        series=make_series(), season=1, number=number, aired_on=timezone.localdate()
    ),
    ApiKey: lambda number: tokens.create_key(user(f"key{number}"), f"key{number}", "read"),
    Attempt: _attempt,
    CalendarFeed: lambda number: CalendarFeed.objects.renew(user(f"feed{number}")),
    Change: lambda number: audit.record("admin", "admin", "changed", f"x{number}", {"a": (number, None)}),
    Category: lambda number: Category.objects.put(f"c{number}"),
    ClientSession: _client_session,
    ClientTorrent: _torrent,
    Cluster: _cluster,
    Machine: _machine,
    ConfigurationBackup: lambda number: store.change({"downloads": {"max_retries": number + 1}}),
    Episode: lambda _number: episode(),
    EpisodeFile: _file,
    Event: lambda number: publish("queue_status", {"action": f"a{number}"}),
    Failure: lambda number: _task(Failure, number),
    Favorite: lambda number: Favorite.objects.create(user=user(f"fan{number}"), series=make_series()),
    ArrivalsFeed: lambda number: ArrivalsFeed.objects.renew(user(f"reader{number}")),
    Delivery: lambda number: Delivery.objects.create(
        receiver=_webhook(number), event="scan_failed", happened_at=timezone.now(), tries=[{"status": 500}]
    ),
    Finding: _found,
    Group: lambda number: Group.objects.create(name=f"g{number}"),
    MediaServer: _server,
    Notice: lambda number: Notice.objects.create(receiver=_server(number), folder=f"f{number}", change="created"),
    ImportLine: _line,
    ImportRun: lambda number: ImportRun.objects.create(kind="links", place=f"list {number}", status="completed"),
    OpenIdAccount: lambda number: OpenIdAccount.of("https://auth.example", f"s{number}", user(f"openid{number}")),
    KnownSeries: lambda number: KnownSeries.objects.create(
        provider="demo", slug=f"s{number}", name=f"s{number}", read_at=timezone.now()
    ),
    Lookup: lambda number: Lookup.objects.ask(f"q{number}"),
    OrmQ: _waiting,
    Preferences: lambda number: Preferences.objects.create(user=user(f"preferences{number}")),
    Progress: _progress,
    Provider: provider,
    ProviderStatus: provider,
    QuarantinedFile: _kept,
    QueueItem: lambda _number: item(),
    QueueState: _switches,
    RequestHour: lambda number: RequestHour.objects.create(provider=provider(number), hour=timezone.now()),
    RequestLog: _request,
    Rescan: lambda number: Rescan.objects.note_failure("manual", f"e{number}"),
    Scan: lambda number: Scan.objects.create(status="completed", live=None, statistics={"new": number}),
    Schedule: lambda number: Schedule.objects.create(name=f"s{number}", func="f"),
    Series: lambda _number: episode(),
    Success: lambda number: _task(Success, number),
    Timetable: lambda number: Timetable.objects.create(name=f"newest:{number}", rule="x"),
    Throttle: lambda number: Throttle.objects.create(bucket=f"b{number}", window_started_at=timezone.now()),
    Token: lambda number: tokens.issue(user(f"token{number}"), None, "agent"),
    Undo: lambda _number: Undo.objects.create(action="x", state=[], expires_at=timezone.now() + timedelta(days=1)),
    User: lambda number: user(f"user{number}", staff=False),
    Webhook: _webhook,
}
