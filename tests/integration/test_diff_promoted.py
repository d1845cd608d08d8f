"""`stageline diff --live` after a promotion: what decides now, and how contacts came under it."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.builders.lab import view
from tests.builders.live_system import STAGELINE, diff, live_system, publish, told, wait_until_decided
from tests.builders.story import DAY, MONDAY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processors.stack.server import LocalServer
    from tests.builders.live_system import Env


@pytest.fixture(scope="module")
def env(broker: LocalServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Env]:
    """A system taken to the easier file by its history, then told of a contact with one view."""
    with live_system(broker, tmp_path_factory.mktemp("live")) as env:
        wanted = Path(env["STAGELINE_HOME"]) / "then.yaml"
        command: list[str | Path] = [STAGELINE, "promote", wanted, "--from-history"]
        promoted = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)
        assert promoted.returncode == 0, promoted.stderr
        today = (int(time.time() * 1_000) - MONDAY) / DAY
        gus = view("gus", today)
        publish(env, [gus])
        wait_until_decided(env, {gus["event_id"]})
        yield env


def test_nobody_moves_to_the_definition_that_was_promoted(env: Env) -> None:
    found = told(diff(env, "--format", "json"))
    assert found["differences"] == []
    assert found["live"]["unlike"] == 0
    assert found["stages"]["mql"]["from"] == 4  # bob, eve, fay, gus; ann and cid have won since


def test_back_to_the_former_definition_go_those_whom_the_promotion_moved_and_whoever_came_since(
    env: Env,
) -> None:
    found = told(diff(env, "--format", "json", to="now.yaml"))
    moved = {(one["contact_id"], one["from_stage"], one["to_stage"]) for one in found["differences"]}
    assert moved == {("eve", "mql", "none"), ("gus", "mql", "none")}
    assert found["live"]["unlike"] == 0


def test_the_page_names_the_promoted_definition(env: Env) -> None:
    page = Path(env["STAGELINE_HOME"]) / "out.html"
    assert diff(env, "--page", str(page), to="now.yaml").returncode == 0
    assert "small@1.1.0" in page.read_text()
