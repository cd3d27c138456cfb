"""`/api/providers/failover`: the chain with its reasons and figures, and who may change it."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from downloads import failovers
from downloads.models import Attempt, QueueItem
from providers.models import Provider, ProviderStatus
from tests.aniworld.people import Api
from tests.library import factories
from tests.providers.costs import queries_of

FAILOVER = "/api/providers/failover"


def names(answer: Any) -> list[str]:
    """The hosts that are tried, in their order."""
    assert answer.status_code == 200, answer.content
    return [place["name"] for place in answer.json()["chain"] if place["position"] is not None]


def test_the_chain_holds_every_host_with_its_reason(member: Api) -> None:
    answer = member.call("get", FAILOVER)
    chain = answer.json()["chain"]
    assert answer.json()["language"] is None
    assert {place["name"] for place in chain} == set(
        Provider.objects.filter(kind="host").values_list("name", flat=True)
    )
    tried = [place for place in chain if place["position"] is not None]
    assert [place["position"] for place in tried] == list(range(1, len(tried) + 1))
    assert all(place["reason"] for place in chain)
    assert tried[0].items() >= {"attempts": 0, "switches": 0, "successes": 0, "last_error": None}.items()


def test_an_administrator_puts_the_hosts_in_order(admin: Api) -> None:
    before = names(admin.call("get", FAILOVER))
    wanted = [before[2], before[0]]
    assert names(admin.call("post", f"{FAILOVER}/reorder", {"names": wanted}))[:2] == wanted
    assert names(admin.call("get", FAILOVER))[:2] == wanted


def test_a_language_can_have_an_order_of_its_own(admin: Api) -> None:
    all_ = names(admin.call("get", FAILOVER))
    german = {"language": "German Dub"}
    answer = admin.call("post", f"{FAILOVER}/reorder", {"names": [all_[3]], **german})
    assert answer.json()["language"] == "German Dub"
    assert names(answer)[0] == all_[3]
    assert names(admin.call("get", FAILOVER)) == all_
    assert names(admin.call("get", f"{FAILOVER}?language=German Dub"))[0] == all_[3]
    moved = names(admin.call("post", f"{FAILOVER}/{all_[5]}/add", {"position": 1, **german}))
    assert moved[0] == all_[5]


def test_a_host_can_be_left_out_and_taken_in_again(admin: Api) -> None:
    assert "voe" not in names(admin.call("delete", f"{FAILOVER}/voe"))
    listed = admin.call("get", FAILOVER).json()["chain"]
    assert next(place for place in listed if place["name"] == "voe")["included"] is False
    assert "voe" in names(_bare(admin, f"{FAILOVER}/voe/add"))
    only = {"language": "German Sub"}
    assert "voe" not in names(admin.call("delete", f"{FAILOVER}/voe", only))
    assert "voe" in names(admin.call("get", FAILOVER))


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("get", "?language=Klingon", None, 422),
        ("get", "?language=", None, 422),
        ("post", "/reorder", {}, 422),
        ("post", "/reorder", {"names": []}, 422),
        ("post", "/reorder", {"names": ["nobody"]}, 404),
        ("post", "/reorder", {"names": ["demo"]}, 404),
        ("post", "/reorder", {"names": ["voe", "voe"]}, 422),
        ("post", "/reorder", {"names": ["x\u0000"]}, 422),
        ("post", "/reorder", {"names": ["voe"], "language": "Klingon"}, 422),
        ("post", "/reorder", {"names": ["voe"], "more": 1}, 422),
        ("post", "/voe/add", {"position": 0}, 422),
        ("post", "/voe/add", {"position": 2**31}, 422),
        ("post", "/voe/add", {"position": 2**31 - 1}, 200),
        ("post", "/nobody/add", {}, 404),
        ("post", "/demo/add", {}, 404),
        ("delete", "/nobody", None, 404),
        ("delete", "/demo", None, 404),
        ("delete", "/voe", {"language": 5}, 422),
        ("delete", "/voe", ["voe"], 422),
    ],
)
def test_wrong_input_is_refused(admin: Api, method: str, path: str, body: Any, status: int) -> None:
    answer = admin.call(method, FAILOVER + path, body)
    assert answer.status_code == status, answer.content


def test_members_change_nothing(member: Api) -> None:
    for method, path, body in (
        ("post", "/reorder", {"names": ["voe"]}),
        ("post", "/voe/add", None),
        ("delete", "/voe", None),
    ):
        assert member.call(method, FAILOVER + path, body).status_code == 403


def _tried(item: QueueItem, *tries: tuple[str, str]) -> None:
    assert item.take("tests:1", timezone.now())
    for host, outcome in tries:
        error = "" if outcome == "completed" else f"{host} {outcome}"
        Attempt.objects.begin(item, host, "German Dub").end(outcome, error, size=0)


def _bare(api: Api, path: str) -> Any:
    """A POST without a body."""
    return api.post(path, data=b"", content_type="application/json", headers=api.credentials)


def _item() -> QueueItem:
    series = factories.make_series()
    episode = factories.make_episodes(series, count=1)[0]
    return QueueItem.objects.create(series=series, episode=episode, season=1, language="German Dub")


def test_figures_tell_who_was_tried_and_who_took_over(member: Api) -> None:
    _tried(_item(), ("voe", "failed"), ("voe", "stalled"), ("vidoza", "completed"))
    _tried(_item(), ("voe", "blocked"), ("vidoza", "cancelled"))
    found = failovers.figures()
    voe, vidoza = found["voe"], found["vidoza"]
    assert (voe.attempts, voe.successes, voe.switches, voe.last_error) == (3, 0, 2, "voe blocked")
    assert (vidoza.attempts, vidoza.successes, vidoza.switches, vidoza.last_error) == (2, 1, 0, "")
    shown = {place["name"]: place for place in member.call("get", FAILOVER).json()["chain"]}
    assert shown["voe"].items() >= {"attempts": 3, "switches": 2, "last_error": "voe blocked"}.items()


def test_the_chain_costs_the_same_however_much_was_tried(member: Api) -> None:
    _tried(_item(), ("voe", "failed"), ("vidoza", "completed"))
    before = queries_of(lambda: member.call("get", FAILOVER))
    for number in range(2, 6):
        _tried(_item(), ("voe", "failed"), (f"host{number}", "failed"), ("vidoza", "completed"))
    assert queries_of(lambda: member.call("get", FAILOVER)) <= before


def test_a_moment_s_state_does_not_become_the_order(admin: Api) -> None:
    first, *others = names(admin.call("get", FAILOVER))
    ProviderStatus.objects.filter(provider__name=first).update(status="down")
    Provider.forget()
    assert names(admin.call("get", FAILOVER))[-1] == first
    admin.call("post", f"{FAILOVER}/{others[-1]}/add", {"position": 2})
    ProviderStatus.objects.filter(provider__name=first).update(status="active")
    Provider.forget()
    assert names(admin.call("get", FAILOVER))[:2] == [first, others[-1]]
