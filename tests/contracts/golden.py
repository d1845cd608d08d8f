"""Golden bytes: one record of every version, kept for ever, with the JSON it means.

`python -m tests.contracts.golden` adds what is missing and never touches what is there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from schemas.codec import encode
from schemas.events import NEWEST
from schemas.ndjson import parse_line, to_line
from tests.builders.samples import sample

FOLDER = Path(__file__).parent / "golden"


def meant(file: Path) -> dict[str, Any]:
    """The record that the bytes beside a JSON file mean."""
    text = file.read_text("utf-8")
    return dict(json.loads(text)) if '"record"' in text else parse_line(text)


def add_missing() -> None:
    for record in NEWEST.values():
        bytes_file = FOLDER / f"{record}.bin"
        if not bytes_file.exists():
            given = sample(record.name)
            bytes_file.write_bytes(encode(given))
            text = json.dumps(given, ensure_ascii=False) if record.role == "output" else to_line(given)
            (FOLDER / f"{record}.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    add_missing()
