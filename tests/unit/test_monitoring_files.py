"""The dashboard, the alert rules and their page name metrics that are there, and leave none out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from processors.engine.metrics import Meter, Partitions, exposition
from projections import metrics as projected

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "ops/prometheus/alerts.yaml"
DASHBOARD = ROOT / "ops/grafana/stageline.json"
PAGE = ROOT / "docs/operations.md"
NAME = re.compile(r"\bstageline_[a-z_]+")


def metrics() -> dict[str, str]:
    """Every metric of worker and projector by the name that stands in queries; what kind it is."""
    assert projected.LAG
    Meter("g", "t")
    gauges = CollectorRegistry()
    gauges.register(Partitions([]))
    families = list(text_string_to_metric_families(exposition(gauges).decode()))
    ours = {family.name: family.type for family in families if family.name.startswith("stageline_")}
    return {f"{name}_total" if kind == "counter" else name: kind for name, kind in ours.items()}


def queried(text: str) -> set[str]:
    """The metrics that a text names, without what a histogram puts behind its name."""
    known = metrics()
    return {
        name.removesuffix("_bucket") if known.get(name.removesuffix("_bucket")) == "histogram" else name
        for name in NAME.findall(text)
    }


def expressions() -> list[str]:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", ())]


def alerts() -> list[dict[str, dict[str, str]]]:
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("file", [ALERTS, DASHBOARD, PAGE, ALERTS.with_name("alerts_test.yaml")])
def test_every_metric_that_is_named_is_there(file: Path) -> None:
    assert queried(file.read_text()) - metrics().keys() == set()


def test_the_dashboard_shows_and_the_page_explains_every_metric() -> None:
    assert metrics().keys() - queried(" ".join(expressions())) == set()
    assert metrics().keys() - queried(PAGE.read_text()) == set()


def test_names_follow_prometheus_rules() -> None:
    """Base units; `_total` for counters and for nothing else."""
    for name, kind in metrics().items():
        assert name.endswith("_total") == (kind == "counter"), name
        assert not re.search(r"_(ms|millis|minutes|kb|mb|percent)(_|$)", name), name
        assert kind != "histogram" or name.endswith(("_seconds", "_records")), name


def test_each_alert_says_how_urgent_it_is_and_where_the_remedy_stands() -> None:
    headings = re.findall(r"^#+ (.+)$", PAGE.read_text(), re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    for alert in alerts():
        assert alert["labels"]["severity"] in {"page", "ticket"}
        page, _, anchor = alert["annotations"]["runbook"].partition("#")
        assert (page, anchor in anchors) == ("docs/operations.md", True), alert


def test_each_alert_is_shown_firing() -> None:
    tested = ALERTS.with_name("alerts_test.yaml").read_text()
    assert [alert["alert"] for alert in alerts() if f'alertname="{alert["alert"]}"' not in tested] == []


def test_panels_do_not_overlap_and_have_a_unit() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        assert panel["type"] == "row" or panel["fieldConfig"]["defaults"]["unit"]
        taken |= cells
