"""The engine in the peers' benchmark, running that benchmark's own fold on one worker.

Records are read, and record batches written, by the compiled back-end where it is installed; the fold is in
Python.

    PEERS=FOLDER $FOLDER/run_peers.py ... --adapter 'stageline/memory=python -m tests.bench.adapter'

`PEERS` is the folder that holds `workload.py`. The driver gives everything else in environment variables, and
reads the last line of stdout, one JSON object.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

import msgpack

from processors.engine.app import make_app, run
from processors.engine.batch import Output
from processors.topic_admin import administering
from schemas.reader import record_reader

if TYPE_CHECKING:
    from processors.engine.batch import Batch, Clock

sys.path.insert(0, os.environ["PEERS"])
workload: Any = importlib.import_module("workload")

READ = record_reader(workload.ENGAGEMENT, workload.ENGAGEMENT)
CONFLUENT_BYTES = 5  # before the record
PACK = msgpack.Packer().pack
PARTITIONS = 8  # as the driver makes the source
Env: Any = workload.Env


class Workload:
    """The fold of the benchmark over a contact's state in MessagePack."""

    def __init__(self, clock: Any) -> None:  # noqa: ANN401 - the benchmark's own class
        self.name: str = Env.group
        self.sources: tuple[str, ...] = (Env.source,)
        self.changelog: str | None = f"{Env.group}-changelog"
        self.outputs: tuple[str, ...] = (Env.out,)
        self.clock: Clock | None = None
        self.unlocked = False  # the fold is in Python
        self.written = 0
        self._watch = clock

    def process(self, batch: Batch) -> None:
        if self._watch.t_first is None:
            self._watch.first()
        states: dict[bytes, Any] = {}
        for record in batch.records:
            batch.offset = record.offset
            key = record.key or b""
            state = states.get(key)
            if state is None:
                packed = batch.state(key)
                state = states[key] = msgpack.unpackb(packed) if packed else workload.new_state()
            event, _ = READ(record.value or b"", CONFLUENT_BYTES)
            change = workload.step(state, event, record.offset)
            if change is not None:
                batch.outputs.append(Output(Env.out, key, workload.encode_change(change)))
                self.written += 1
        batch.states = {key: PACK(state) for key, state in states.items()}


def main() -> None:
    """Run until the driver's number of events is committed, then report and end."""
    with administering(Env.bootstrap) as admin:
        topic = {
            "num_partitions": PARTITIONS,
            "replication_factor": 1,
            "configs": {"cleanup.policy": "compact"},
        }
        admin.create_topics({f"{Env.group}-changelog": topic}, wait_for_metadata=True)
    clock = workload.Clock()
    processor = Workload(clock)
    app = make_app([processor], Env.bootstrap)

    @app.task  # type: ignore[untyped-decorator] # Faust's
    async def report() -> None:
        while _committed(app) < Env.events:  # noqa: ASYNC110 - the engine has no event for a benchmark
            await asyncio.sleep(0.01)
        clock.processed()
        clock.report(Env.events, processor.written)
        os._exit(0)  # measured; nothing is open

    run(app)


def _committed(app: Any) -> int:  # noqa: ANN401 - Faust's app, as a decorator sees it
    return sum(partition.processed for member in app.members for partition in member.partitions.values())


if __name__ == "__main__":
    main()
