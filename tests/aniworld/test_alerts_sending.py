"""Alerts on their way to real targets: digests, failures, secrets, and what may not be reached."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from apprise.common import NotifyFormat
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ
from pydantic import ValidationError

from aniworld.alerts import delivering, raise_alert, schemes, sending, sending_child, tasks
from aniworld.alerts.models import Alert, Delivery, Kind
from aniworld.configuration import store
from aniworld.environment import ROOT
from tests.aniworld.alert_claimer import ALERTS, DELIVERIES
from tests.aniworld.alert_target import SECRET, Target, configure, target
from tests.aniworld.people import signed_in, user
from tests.database_servers import postgresql_database

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_passwords")]


@pytest.fixture
def phone() -> Iterator[Target]:
    with target() as server:
        yield server


@pytest.fixture
def other() -> Iterator[Target]:
    with target() as server:
        yield server


def deliver_later(minutes: float) -> str:
    """As `deliver` would go in so many minutes."""
    earlier = timezone.now() - timedelta(minutes=minutes)
    Alert.objects.filter(state="waiting").update(due_at=earlier)
    Delivery.objects.filter(state="waiting").update(next_attempt_at=earlier)
    return tasks.deliver()


def test_a_storm_becomes_one_message_for_each_target(settings: Any, phone: Target, other: Target) -> None:
    configure(settings, phone, other, digest_minutes=5)
    for number in range(30):
        raise_alert(Kind.DOWNLOAD_FAILED, f"Episode {number} failed", "Every host was tried.")
    raise_alert(Kind.PROVIDER_DOWN, "VOE is down", "No answer.", about="voe")
    assert tasks.deliver() == "0 messages arrived"
    assert deliver_later(5) == "2 messages arrived"
    assert phone.titles == other.titles == ["Aniworld: 31 messages"]
    assert "30 × A download failed for good" in phone.told[0]["message"]
    assert set(Alert.objects.values_list("state", "reason")) == {("sent", "")}
    assert deliver_later(5) == "0 messages arrived"
    assert len(phone.told) == 1


def test_without_workers_bells_do_not_pile_up(settings: Any, phone: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "_rung_at", None)
    configure(settings, phone)
    delivering.ring_if_due()
    assert OrmQ.objects.count() == 0
    raise_alert(Kind.PROVIDER_DOWN, "VOE is down", "No answer.", about="voe")
    for _time in range(5):
        delivering.ring_if_due()
    assert OrmQ.objects.count() == 1
    monkeypatch.setattr(delivering, "_rung_at", timezone.now() - delivering.BETWEEN_BELLS)
    delivering.ring_if_due()
    assert OrmQ.objects.count() == 2


def test_without_a_window_each_goes_at_once(settings: Any, phone: Target) -> None:
    configure(settings, phone, episodes_arrived=False)
    raise_alert(Kind.EPISODES_ARRIVED, "3 episodes", "")
    raise_alert(Kind.PROVIDER_DOWN, "VOE is down", "No answer for 3 checks.", about="voe")
    tasks.deliver()
    assert [(one["title"], one["message"]) for one in phone.told] == [
        ("Aniworld: VOE is down", "No answer for 3 checks.")
    ]


def test_a_failing_target_is_tried_again_and_nobody_else_is_told_twice(
    settings: Any, phone: Target, other: Target, caplog: pytest.LogCaptureFixture
) -> None:
    configure(settings, phone, other)
    phone.status = 500
    raise_alert(Kind.DISK_LOW, "The disk gets full", "")
    with caplog.at_level(logging.DEBUG):
        tasks.deliver()
    assert "t0 was not told: It answered with HTTP status 500." in caplog.text
    assert SECRET not in caplog.text
    assert tasks.deliver() == "0 messages arrived"
    phone.status = 200
    assert deliver_later(60) == "1 messages arrived"
    assert (len(phone.told), len(other.told)) == (2, 1)
    assert Alert.objects.get().state == "sent"


def test_it_is_given_up_with_a_reason(settings: Any, phone: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aniworld.alerts.models.Delivery.PAUSES", ())
    configure(settings, phone)
    phone.status = 404
    raise_alert(Kind.DISK_LOW, "The disk gets full", "")
    tasks.deliver()
    alert = Alert.objects.get()
    assert (alert.state, alert.reason) == ("failed", "t0: It answered with HTTP status 404.")


def test_a_hanging_target_is_cut_off_and_holds_up_nobody(
    settings: Any, phone: Target, other: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "TIME_LIMIT", 3.0)
    configure(settings, phone, other)
    phone.status = None
    raise_alert(Kind.DISK_LOW, "The disk gets full", "")
    before = time.monotonic()
    assert tasks.deliver() == "1 messages arrived"
    assert time.monotonic() - before < 20
    assert Delivery.objects.get(target="t0").reason == "It did not answer in time."
    assert len(other.told) == 1


def test_html_in_what_a_provider_named_stays_text() -> None:
    text = "<script>alert(1)</script>"
    assert "<script" not in sending_child._as_text(text, NotifyFormat.HTML)
    assert sending_child._as_text(text, NotifyFormat.TEXT) == text


def test_a_private_network_is_refused(settings: Any, phone: Target) -> None:
    configure(settings, phone)
    settings.ALLOWED_PRIVATE_HOSTS = []
    raise_alert(Kind.DISK_LOW, "The disk gets full", "")
    tasks.deliver()
    assert "ALLOWED_PRIVATE_HOSTS" in Delivery.objects.get().reason
    assert Alert.objects.get().state == "failed"
    assert phone.told == []


def test_a_child_that_can_t_run_is_told_from_a_silent_target(
    settings: Any, phone: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(settings, phone)
    (tmp_path / "child.py").write_text("import no_such_package")
    monkeypatch.setattr(sending, "_CHILD", tmp_path / "child.py")
    assert "requirements.txt" in delivering.try_out()[0].reason
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no such python"))
    assert "requirements.txt" in delivering.try_out()[0].reason


def test_a_target_that_is_gone_is_not_tried(settings: Any, phone: Target) -> None:
    configure(settings, phone)
    raise_alert(Kind.DISK_LOW, "The disk gets full", "")
    delivering.gather(timezone.now())
    store.change({"notifications": {"targets": []}})
    tasks.deliver()
    assert Alert.objects.get().reason == "t0: The target was removed."


def test_each_address_is_judged_and_never_repeated() -> None:
    good = ["json://127.0.0.1:9/x", "https://discord.com/api/webhooks/000000000000000000/" + "a" * 68]
    refused = [f"mailto://me:{SECRET}@example.org", f"windows://{SECRET}", f"@notify://{SECRET}", f"mqtt://{SECRET}"]
    odd = [SECRET, f"https://example.org/{SECRET}", f"discord://{SECRET}", f"json://[{SECRET}"]
    told = sending.check([*good, *refused, *odd])
    assert [bool(reason) for reason in told] == [False] * 2 + [True] * 8
    assert all(SECRET not in reason for reason in told)
    assert "speak HTTP" in told[2]
    with pytest.raises(ValidationError) as error:
        store.change({"notifications": {"targets": [{"label": "mail", "address": refused[0]}]}})
    assert "mail: Only services that speak HTTP" in str(error.value)
    assert SECRET not in str(error.value)


def test_each_allowed_scheme_is_one_that_sends_by_requests() -> None:
    code = """
import json, sys
from apprise.manager_plugins import NotificationManager
found = {}
for plugin in NotificationManager().plugins():
    modules = [sys.modules[kind.__module__] for kind in plugin.__mro__]
    for one in (plugin.protocol, plugin.secure_protocol):
        for scheme in [one] if isinstance(one, str) else one or ():
            found[str(scheme)] = any(hasattr(module, "requests") for module in modules)
json.dump(found, sys.stdout)
"""
    found = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
    assert {scheme for scheme in schemes.HTTP if not found.get(scheme)} == set()
    assert schemes.HTTP.isdisjoint({"mailto", "mqtt", "syslog", "rsyslog", "windows", "dbus", "macosx", "gnome", "irc"})


@pytest.mark.parametrize(
    "attempt",
    [
        "open('/etc/hostname')",
        "open('written', 'w')",
        "__import__('subprocess').run(['true'])",
        "__import__('os').system('true')",
        "__import__('socket').create_connection(('127.0.0.1', 80), 1)",
        "__import__('socket').getaddrinfo('example.org', 80)",
        "__import__('socket').socket(type=2).sendto(b'x', ('127.0.0.1', 80))",
    ],
)
def test_the_child_reaches_nothing_but_the_proxy(attempt: str, tmp_path: Path) -> None:
    code = f"import sending_child\nsending_child._confine('http://127.0.0.1:9')\n{attempt}"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "aniworld" / "alerts")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "PermissionError" in done.stderr


def test_no_long_running_process_loads_apprise() -> None:
    code = "import sys, django; django.setup(); import aniworld.urls, aniworld.schedules, aniworld.alerts.tasks\n"
    code += "print([name for name in sys.modules if name.partition('.')[0] == 'apprise'])"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "aniworld.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_of_several_senders_each_gets_something_else(database: str, tmp_path: Path) -> None:
    with postgresql_database() if database == "postgresql" else nullcontext("") as url:
        environment = {**os.environ, "DATA_DIR": str(tmp_path), "DATABASE_URL": url}
        command = [sys.executable, "-m", "tests.aniworld.alert_claimer"]
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert (found["gathered"], found["alerts"]) == (1, ALERTS)
    assert sorted(found["claimed"]) == sorted(f"target {number}" for number in range(DELIVERIES))


def test_the_api_tells_how_a_test_went(settings: Any, phone: Target, other: Target) -> None:
    admin = signed_in(user())
    assert admin.call("post", "/api/config/notifications/test", {}).status_code == 409
    configure(settings, phone, other)
    other.status = 401
    answer = admin.call("post", "/api/config/notifications/test", {"target": None})
    assert answer.status_code == 200
    assert answer.json() == {
        "results": [
            {"target": "t0", "ok": True, "reason": ""},
            {"target": "t1", "ok": False, "reason": "It answered with HTTP status 401."},
        ]
    }
    bare = admin.generic("POST", "/api/config/notifications/test", headers=admin.credentials)
    assert len(bare.json()["results"]) == 2
    one = admin.call("post", "/api/config/notifications/test", {"target": "t0"})
    assert [result["target"] for result in one.json()["results"]] == ["t0"]
    assert phone.titles == ["Aniworld: test"] * 3
    assert admin.call("post", "/api/config/notifications/test", {"target": "nobody"}).status_code == 404
    member = signed_in(user("member", staff=False))
    assert member.call("post", "/api/config/notifications/test", {}).status_code == 403


def test_the_admin_lists_tests_and_sends_again(settings: Any, phone: Target) -> None:
    configure(settings, phone)
    client = Client()
    client.force_login(user())
    page = reverse("admin:alerts_alert_changelist")
    assert client.get(reverse("admin:alerts_alert_test")).status_code == 405
    answer = client.post(reverse("admin:alerts_alert_test"), follow=True)
    assert "t0: It arrived." in answer.content.decode()
    raise_alert(Kind.DISK_LOW, "The disk gets full", "Body")
    tasks.deliver()
    alert = Alert.objects.get()
    client.post(page, {"action": "send_again", "_selected_action": [alert.pk]})
    tasks.deliver()
    assert phone.titles == ["Aniworld: test", *["Aniworld: The disk gets full"] * 2]
    shown = (
        client.get(page).content.decode()
        + client.get(reverse("admin:alerts_alert_change", args=[alert.pk])).content.decode()
    )
    assert "The disk gets full" in shown
    assert "t0" in shown
    assert SECRET not in shown


def test_the_form_adds_and_removes_targets_without_showing_them(settings: Any, phone: Target) -> None:
    configure(settings, phone)
    client = Client()
    client.force_login(user())
    url = reverse("admin:configuration_configuration_change", args=[1])
    page = client.get(url)
    assert "Remove “t0”" in page.content.decode()
    assert SECRET not in page.content.decode()
    form = page.context["adminform"].form
    whole = {name: value for name in form.fields if (value := form[name].value()) not in (None, "", [])}
    del whole["notifications__targets"]
    wrong = client.post(
        url, whole | {"notifications__targets__label": "new", "notifications__targets__address": "smtp://typed"}
    )
    assert "Only services that speak HTTP" in wrong.content.decode()
    # Who typed it gets it back to mend it, and no cache keeps that; what is stored stays hidden.
    assert 'value="smtp://typed"' in wrong.content.decode()
    assert "no-store" in wrong["Cache-Control"]
    assert SECRET not in wrong.content.decode()
    new = {"notifications__targets__label": "new", "notifications__targets__address": "json://127.0.0.1:9/x"}
    answer = client.post(url, whole | new)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert [one["label"] for one in store.current().notifications.targets] == ["t0", "new"]
    client.post(url, whole | {"notifications__targets__remove": ["t0"]})
    assert [one["label"] for one in store.current().notifications.targets] == ["new"]
    client.post(url, whole)
    assert [one["label"] for one in store.current().notifications.targets] == ["new"]


def test_nothing_that_is_read_holds_an_address(settings: Any, phone: Target) -> None:
    configure(settings, phone)
    assert SECRET not in json.dumps([store.public_dump(), store.without_secrets()])
    assert SECRET not in repr(sending.Message(phone.address, "Title"))
