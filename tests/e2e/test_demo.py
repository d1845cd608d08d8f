"""The demo is the product's main job: it must work as the README says, on real input and real servers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from processors.stack.ports import free_port

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(600)
def test_the_demo_shows_the_funnel_handoffs_with_reasons_and_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGELINE_WEB_PORT", str(free_port()))
    done = subprocess.run(
        [str(ROOT / "scripts" / "demo"), "--once", "--home", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    shown = " ".join(done.stdout.split())
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    for expected in (
        "product_view at least 10 times within 14 days (10)",
        "awareness_offer at least 2 different asset (2)",
        "sales_ready at least 1 time (1)",
        "of 955 contacts have a stage",
        "3 open, 2 accepted, 1 rejected",
        "All of it appeared",
    ):
        assert expected in shown
