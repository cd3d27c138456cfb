"""The page of the providers: lights in shape and word, figures, rests, the chain with its reasons, and its buttons."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from aniworld.live.models import Event
from downloads.models import Attempt, QueueItem
from providers.models import ChainPlace, Provider, ProviderStatus, RequestLog
from tests.browser import seed
from tests.browser.test_pages import HTMX, Markup, text_of
from tests.providers.costs import queries_of

pytestmark = pytest.mark.django_db


def card_of(text: str, name: str) -> str:
    """The markup of one provider's card."""
    found = re.search(rf'<li [^>]*id="provider-{name}".*?</li>', text, re.DOTALL)
    assert found
    return found[0]


def light_of(text: str, name: str) -> tuple[str, str]:
    """Which light a card shows, and its word."""
    shown = re.search(r'light light--(\w+)"><svg.*?</svg>([^<]+)</span>', card_of(text, name), re.DOTALL)
    assert shown
    return shown[1], shown[2]


def ask(name: str, times: int, *, successful: bool = True, action: str = "resolve", size: int = 0) -> None:
    for _time in range(times):
        RequestLog.objects.create(
            provider=Provider.objects.get(name=name),
            action=action,
            successful=successful,
            response_time_ms=2000,
            bytes=size,
            language=seed.DUB,
            created_at=timezone.now() - timedelta(minutes=5),
        )


def test_a_host_that_answers_and_has_lost_its_links_is_not_called_active(browser: Client) -> None:
    ProviderStatus.objects.filter(provider__name="demo-fast").update(status="active", error_message="")
    RequestLog.objects.filter(provider__name="demo-fast").delete()
    ask("demo-fast", 4, successful=False)
    RequestLog.objects.filter(provider__name="demo-fast").update(error_code="not_found")
    item = QueueItem.objects.filter(status="failed").latest("pk")
    told = {"outcome": "failed", "error": "The link does not exist (404).", "ended_at": timezone.now()}
    Attempt.objects.create(item=item, provider="demo-fast", language=seed.DUB, **told)
    text = text_of(browser.get("/providers"))
    assert light_of(text, "demo-fast") == ("gone", "Links gone")
    assert "Each of the last 4 links of a day was gone. The link does not exist (404)." in card_of(text, "demo-fast")
    assert Markup(text).refused == []
    listed = browser.get("/api/providers").json()
    [told_by_api] = [row for row in listed if row["name"] == "demo-fast"]
    assert (told_by_api["status"], told_by_api["light"]) == ("active", "active")
    ask("demo-fast", 1)
    assert light_of(text_of(browser.get("/providers")), "demo-fast") == ("active", "Active")


def test_each_state_has_a_light_with_a_shape_and_a_word(browser: Client) -> None:
    soon = timezone.now() + timedelta(minutes=10)
    ProviderStatus.objects.filter(provider__name="demo").update(status="testing")
    ProviderStatus.objects.filter(provider__name="demo-fast").update(breaker="open", open_until=soon)
    text = text_of(browser.get("/providers"))
    assert light_of(text, "demo") == ("testing", "Testing")
    assert light_of(text, "demo-fast") == ("resting", "Resting")
    assert light_of(text, "demo-hls") == ("down", "Down")
    assert light_of(text, "voe") == ("blocked", "Blocked")
    assert light_of(text, "vidoza") == ("off", "Off")
    assert "Rests until" in card_of(text, "demo-fast")
    assert Markup(text).refused == []


def test_a_card_tells_how_it_did(browser: Client) -> None:
    ask("demo-fast", 3)
    ask("demo-fast", 1, successful=False)
    ask("demo-fast", 1, action="download", size=10_000_000)
    card = card_of(text_of(browser.get("/providers")), "demo-fast")
    assert re.search(r"Success</dt><dd>80\s%", card)
    assert re.search(r"Last hour</dt><dd>80\s%", card)
    assert "2000 ms" in card
    assert re.search(r"Speed</dt><dd>5\.0\sMB/s", card)
    assert "requests succeeded" not in card, "one hour alone is no chart"
    RequestLog.objects.update(created_at=timezone.now() - timedelta(hours=3))
    ask("demo-fast", 1)
    card = card_of(text_of(browser.get("/providers")), "demo-fast")
    assert "% of 6 requests succeeded" in card


def test_the_chain_says_why_and_has_an_order_for_each_language(browser: Client) -> None:
    fast = Provider.objects.get(name="demo-fast")
    ChainPlace.objects.create(provider=fast, language=seed.SUB, included=False)
    Provider.forget()
    text = text_of(browser.get("/providers"))
    chain = text[text.index('<ol class="chain') :]
    assert chain.index("Demo Fast") < chain.index("Demo HLS")
    assert "Vidoza is not enabled." in chain
    german = text_of(browser.get("/providers", {"language": seed.SUB}))
    assert "Demo Fast is taken out of the chain" in german
    assert 'data-part="/parts/providers?language=German%20Sub"' in german
    assert browser.get("/providers?language=Klingon").status_code == 200


def test_an_administrator_switches_providers(browser: Client) -> None:
    before = Event.objects.filter(type="provider_status").count()
    text = text_of(browser.post("/providers/voe/disable", follow=True))
    assert "VOE is not used any more." in text
    assert not Provider.objects.get(name="voe").enabled
    assert browser.post("/providers/voe/enable", headers=HTMX).status_code == 204
    assert Provider.objects.get(name="voe").enabled
    assert Event.objects.filter(type="provider_status").count() == before + 2


def test_members_test_and_nothing_else(browser: Client) -> None:
    member = Client()
    member.force_login(seed.user("member", staff=False))
    text = text_of(member.get("/providers"))
    assert 'action="/providers/voe/test"' in text
    assert "/disable" not in text
    assert "/admin/" not in text
    assert "Only an administrator may do this." in text_of(member.post("/providers/voe/disable", follow=True))
    assert Provider.objects.get(name="voe").enabled
    ProviderStatus.objects.get(provider__name="voe").begin_testing()
    assert "VOE is being checked already." in text_of(member.post("/providers/voe/test", follow=True))


@pytest.mark.parametrize(
    ("path", "status"),
    [("nobody/test", 302), ("voe/fly", 404), ("%00/test", 302), ("a%2Fb/test", 404), ("x" * 300 + "/enable", 302)],
)
def test_odd_addresses_are_refused(browser: Client, path: str, status: int) -> None:
    assert browser.post(f"/providers/{path}").status_code == status


def test_the_page_costs_the_same_however_many_there_are(browser: Client) -> None:
    ask("voe", 1)
    before = queries_of(lambda: browser.get("/providers"))
    assert before < 60
    for number in range(6):
        row = Provider.objects.create(name=f"extra{number}", kind="host", display_name=f"Extra {number}")
        ProviderStatus.objects.create(provider=row)
        ask(row.name, 3)
    # What is read once a second may be read in one of them.
    assert min(queries_of(lambda: browser.get("/providers")) for _time in range(3)) <= before


def test_what_providers_say_never_becomes_markup(browser: Client) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    ProviderStatus.objects.update(error_message=hostile)
    Provider.objects.filter(name="voe").update(display_name=hostile)
    Provider.forget()
    text = text_of(browser.get("/providers"))
    assert "<img src=x" not in text
    assert Markup(text).refused == []
