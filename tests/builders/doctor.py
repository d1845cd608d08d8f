"""What `stageline doctor` says, for tests."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, NamedTuple

from click.testing import CliRunner

from processors.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable


class Report(NamedTuple):
    """What the command said: `wrong` maps what was looked at to all that is wrong with it."""

    exit_code: int
    wrong: dict[str, str]
    states: dict[str, str]


def examine() -> Report:
    result = CliRunner().invoke(main, ["doctor", "--json"])
    findings = [json.loads(line) for line in result.stdout.splitlines()]
    wrong: dict[str, str] = {}
    for finding in findings:
        if finding["state"] == "wrong":
            assert finding["remedy"], finding
            text = f"{finding['what']} {finding['remedy']}"
            wrong[finding["about"]] = f"{wrong.get(finding['about'], '')} {text}".strip()
    return Report(result.exit_code, wrong, {one["about"]: one["state"] for one in findings})


def wait_until(holds: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)
