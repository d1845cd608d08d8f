from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "local-stack.md").read_text(encoding="utf-8")
REFUSALS = re.findall(r"^\| `(.+?)` \|", PAGE.partition("## When it refuses")[2], re.MULTILINE)
SOURCE = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "processors" / "stack").glob("*.py"))


@pytest.mark.parametrize("message", REFUSALS)
def test_a_documented_refusal_is_one_that_the_stack_says(message: str) -> None:
    assert message in SOURCE


def test_the_page_lists_refusals() -> None:
    assert len(REFUSALS) == 8
