"""A small log in a file, and the command that reads it."""

from __future__ import annotations

import json
from collections import defaultdict
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

from processors.cli.main import main
from tests.builders.story import HOUR, MONDAY

if TYPE_CHECKING:
    from pathlib import Path

VIEW = {"type": "page_view", "url": "https://acme.example/products/a"}


def views(who: dict[str, str], times: int, start: int = MONDAY) -> list[dict[str, Any]]:
    """One view of a product an hour."""
    name = next(iter(who.values()))
    return [
        {**VIEW, **who, "event_id": f"{name}-{index}", "occurred_at": start + index * HOUR}
        for index in range(times)
    ]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def ann_and_bob(path: Path) -> Path:
    """Ten views make Ann an MQL under `buyers-journey`; Bob has nine; money was spent on nobody."""
    spent = {"type": "spend_recorded", "event_id": "s", "channel": "ads", "amount": 9, "currency": "EUR"}
    both = views({"contact_id": "ann"}, 10) + views({"contact_id": "bob"}, 9)
    return write(path, [*both, spent | {"occurred_at": MONDAY}])


def invoke(*words: str, stdin: bytes | None = None) -> tuple[int, str, str]:
    """Run `stageline` with these words; its exit code, output and error output."""
    result = CliRunner().invoke(main, list(words), input=stdin)
    return result.exit_code, result.stdout, result.stderr


def digest_of(changes: Path) -> str:
    """The digest of a file of changes, worked out anew."""
    by_contact: dict[str, bytes] = defaultdict(bytes)
    for line in changes.read_bytes().splitlines(keepends=True):
        by_contact[json.loads(line)["contact_id"]] += line
    total = sum(int.from_bytes(sha256(lines).digest(), "big") for lines in by_contact.values())
    return f"{total % 2**256:064x}"
