"""Ids on the command line: text, in the form that intake keeps, or one line that says so."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from processors.cli.ids import Id
from processors.cli.main import main

LOG = ("--lifecycle", "clarity", "--events", "log.ndjson")


@pytest.mark.parametrize("command", [("contact",), ("company",), ("personal",), ("why", *LOG)])
def test_bytes_that_are_no_text_are_no_id(command: tuple[str, ...]) -> None:
    ran = CliRunner().invoke(main, [*command, "ann\udcff"])  # as Python reads a byte FF
    assert ran.exit_code == 2
    assert "'ann\\xff' is not UTF-8: write the id as it was published." in ran.output


def test_an_id_is_looked_for_as_intake_keeps_it() -> None:
    assert Id()("cafe\u0301") == "café"
