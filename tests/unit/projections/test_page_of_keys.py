from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

from projections.commands import Key
from projections.views import project
from projections.views.funnel import define
from tests.builders.changes import History

PAGE = Path(__file__).parents[3] / "docs" / "read-side.md"


def test_the_page_names_every_key_that_is_written() -> None:
    history = History("C")
    history.enter("S")
    history.enter("S2")
    history.enter(None)
    history.band("B", segment="G")
    history.handoff("accepted", "H")
    commands = [define(()), *(command for change in history.changes for command in project(change))]
    written = {unquote(command[1]).split(":")[0] for command in commands if isinstance(command[1], Key)}
    rows = re.findall(r"^\| (`.+?) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    named = {name.split(":")[0] for row in rows for name in re.findall(r"`([^`]+)`", row)}
    assert written - named == set()
    assert {"positions", "applied", "held", "arrivals"} <= named
