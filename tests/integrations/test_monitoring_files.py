"""Alert rules and dashboard: every metric and label they name is there in a running product."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from aniworld.environment import ROOT
from integrations.api.widget import WidgetOut
from tests.downloads.driving import add_series, arrived, episodes, queue
from tests.running import Running

yaml = pytest.importorskip("yaml", reason="make test installs what this needs")

FOLDER = ROOT / "docs" / "integrations"
RULES, DASHBOARD = FOLDER / "prometheus-alerts.yml", FOLDER / "grafana-dashboard.json"
NAME = re.compile(r"\baniworld_\w+\b")
SELECTOR = re.compile(r"\b(aniworld_\w+)\{([^}]*)\}")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
GROUPING = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")


def rules() -> list[dict[str, Any]]:
    document = yaml.safe_load(RULES.read_text())
    return [rule for group in document["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text())["panels"]
    return found


def targets() -> Iterator[tuple[str, str]]:
    for panel in panels():
        for target in panel["targets"]:
            yield target["expr"], target["legendFormat"]


def expressions() -> list[str]:
    return [rule["expr"] for rule in rules()] + [expr for expr, _legend in targets()]


@pytest.fixture(scope="module")
def samples() -> dict[str, list[dict[str, str]]]:
    """Name → the labels of each of its samples, of a product with a download and a backup behind it."""
    with Running(demo=True, environment={"DEMO_SPEED": "0"}) as up:
        up.setup()
        key = add_series(up)
        arrived(up, queue(up, key, episodes(up, key)[:1]))
        made = up.manage("backup")
        assert made.returncode == 0, made.stderr
        text = up.http.get(f"{up.url}/metrics", timeout=30).text
    found: dict[str, list[dict[str, str]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append(dict(sample.labels))
    return found


@pytest.mark.processes
@pytest.mark.xdist_group("integrations")
def test_each_metric_and_label_is_there(samples: dict[str, list[dict[str, str]]]) -> None:
    named = {name for text in expressions() for name in NAME.findall(text)}
    assert len(named) > 20
    assert sorted(named - set(samples)) == []
    for text in expressions():
        for name, matchers in SELECTOR.findall(text):
            for label, sign, value in MATCHER.findall(matchers):
                known = {labels.get(label) for labels in samples[name]}
                assert None not in known, f"{name} has no label {label}"
                # A status of 500 has luckily not been answered yet.
                wanted = value.split("|") if sign == "=~" and "." not in value else [value] if sign == "=" else []
                assert set(wanted) <= known, f"{name}{{{label}}} is never {value}"


@pytest.mark.processes
@pytest.mark.xdist_group("integrations")
def test_what_is_grouped_by_and_shown_is_there(samples: dict[str, list[dict[str, str]]]) -> None:
    shown = [(text, list(GROUPING.findall(text))) for text in expressions()]
    shown += [(text, re.findall(r"\{\{(\w+)\}\}", legend)) for text, legend in targets()]
    for rule in rules():
        words = " ".join(rule["annotations"].values())
        shown.append((rule["expr"], re.findall(r"\$labels\.(\w+)", words)))
    for text, groups in shown:
        labels = {label for name in NAME.findall(text) for one in samples[name] for label in one}
        for label in (part.strip() for group in groups for part in group.split(",") if part.strip()):
            assert label in labels, f"{text} has no label {label}"


def test_the_rules_are_whole() -> None:
    found = rules()
    assert len({rule["alert"] for rule in found}) == len(found)
    for rule in found:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"]
        assert re.fullmatch(r"\d+[smhd]", rule.get("for", "1m"))
        for opening, closing in ("()", "{}", "[]"):
            assert rule["expr"].count(opening) == rule["expr"].count(closing)


def test_promtool_agrees() -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed")
    checked = subprocess.run(["promtool", "check", "rules", str(RULES)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_dashboard_can_be_imported() -> None:
    document = json.loads(DASHBOARD.read_text())
    ids = [panel["id"] for panel in panels()]
    assert len(ids) == len(set(ids))
    assert document["templating"]["list"][0]["name"] == "datasource"
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        assert panel["datasource"]["uid"] == "${datasource}"
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, f"{panel['title']} covers another"
        taken |= cells


def test_the_documentation_names_each_number_of_the_widget() -> None:
    text = (FOLDER / "dashboards.md").read_text()
    assert [name for name in WidgetOut.model_fields if f"`{name}`" not in text] == []
    [homepage] = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)[:1]
    snippet = yaml.safe_load(homepage)
    fields = [mapping["field"] for mapping in snippet[0]["Aniworld"]["widget"]["mappings"]]
    assert fields
    assert set(fields) <= set(WidgetOut.model_fields)
