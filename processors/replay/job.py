"""What the replay of an archive is asked for, and where its partitions' results are kept."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from processors import lifecycle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from processors.lifecycle.plan import Plan


SIZE = struct.Struct(">I")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What every partition needs to know. `as_of`: advance all clocks to then (ms, UTC), or not at all.

    `anew`: the plan decides about all of the log; else it is the one at the start. `packed`: each contact's
    key and state, as bytes.
    """

    plan: Plan
    archive: Path
    work: Path
    as_of: int | None
    anew: bool
    changes: bool
    states: bool = False
    packed: bool = False


def part_file(job: Job, partition: int, kind: str) -> Path:
    """Name a file of a partition: its `tally`, `changes`, `states`, `packed`."""
    return job.work / f"{partition}.{kind}"


def pack_state(key: bytes, state: bytes) -> bytes:
    """Write a contact's key and state, each behind its size."""
    return SIZE.pack(len(key)) + key + SIZE.pack(len(state)) + state


def read_packed(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """Read the keys and states of a file of them."""
    with path.open("rb") as file:
        while start := file.read(SIZE.size):
            key = file.read(SIZE.unpack(start)[0])
            yield key, file.read(SIZE.unpack(file.read(SIZE.size))[0])


def state_line(plan: Plan, state: bytes) -> bytes:
    """Write a state as one line of JSON."""
    return json.dumps(lifecycle.describe(plan, state), ensure_ascii=False, default=str).encode() + b"\n"
