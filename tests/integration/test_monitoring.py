"""Prometheus' own checker over the alert rules and the queries of the dashboard."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

from tests.unit.test_monitoring_files import ALERTS, expressions

if TYPE_CHECKING:
    from pathlib import Path


def promtool(*arguments: object) -> str:
    tool = shutil.which("promtool")
    assert tool, "promtool is not on PATH: run ./scripts/test, which fetches it"
    done = subprocess.run(
        [tool, *map(str, arguments)], cwd=ALERTS.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_alert_rules_are_valid() -> None:
    assert "SUCCESS: 14 rules found" in promtool("check", "rules", ALERTS)


def test_each_alert_fires_when_it_should_and_none_when_all_is_well() -> None:
    assert "SUCCESS" in promtool("test", "rules", ALERTS.with_name("alerts_test.yaml"))


def test_every_query_of_the_dashboard_can_be_run(tmp_path: Path) -> None:
    queries = [query.replace("$__rate_interval", "5m") for query in expressions()]
    rules = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(queries)]
    file = tmp_path / "dashboard.yaml"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}), encoding="utf-8")
    assert f"SUCCESS: {len(rules)} rules found" in promtool("check", "rules", file)
