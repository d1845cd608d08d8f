"""A processor small enough to check by hand: counts each contact's events and tells every fifth.

python -m tests.chaos.counting BOOTSTRAP PREFIX
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from processors.engine.app import run
from processors.engine.batch import Output

if TYPE_CHECKING:
    from processors.engine.batch import Batch, Clock

EVERY = 5


class Counting:
    """State: the count and the last offset. Output: contact and count, at each multiple of five."""

    def __init__(self, prefix: str) -> None:
        self.name = prefix
        self.sources: tuple[str, ...] = (f"{prefix}-in",)
        self.changelog: str | None = f"{prefix}-changelog"
        self.outputs: tuple[str, ...] = (f"{prefix}-out",)
        self.clock: Clock | None = None

    def process(self, batch: Batch) -> None:
        for record in batch.records:
            batch.offset = record.offset
            key = record.key or b""
            count, last = json.loads(batch.state(key) or b"[0, -1]")
            if record.offset > last:
                count += 1
                batch.states[key] = json.dumps([count, record.offset]).encode()
                if count % EVERY == 0:
                    batch.outputs.append(Output(self.outputs[0], key, b"%s:%d" % (key, count)))


if __name__ == "__main__":
    bootstrap, prefix = sys.argv[1:]
    run([Counting(prefix)], bootstrap)
