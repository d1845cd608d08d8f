"""The same counting done by a stock Faust agent with a table, for comparison.

python -m tests.chaos.stock BOOTSTRAP PREFIX GUARANTEE
"""

from __future__ import annotations

import sys
from collections import Counter
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import faust

from tests.builders.kafka import read_topic
from tests.chaos.counting import EVERY, CountingSubject, judge_counts
from tests.chaos.crash import PARTITIONS

if TYPE_CHECKING:
    from tests.chaos.crash import Events, Verdict

GUARANTEES = ("at_least_once", "exactly_once")


class StockSubject(CountingSubject):
    """A plain agent, configured as well as settings go: short session, topics made before, raw bytes."""

    changelog = "counts-changelog"

    def __init__(self, bootstrap: str, prefix: str, guarantee: str) -> None:
        super().__init__(bootstrap, prefix)
        self._guarantee = guarantee

    def command(self, number: int) -> list[str]:
        del number
        return [sys.executable, "-m", "tests.chaos.stock", self._bootstrap, self._prefix, self._guarantee]

    def judge(self, events: Events) -> Verdict:
        states = {row.key: int(row.value or 0) for row in read_topic(self._bootstrap, self._changelog)}
        outputs = [row.value for row in read_topic(self._bootstrap, f"{self._prefix}-out")]
        return judge_counts(Counter(key for key, _ in events), states, outputs)


def make_app(bootstrap: str, prefix: str, guarantee: str) -> faust.App:
    app = faust.App(
        prefix,
        broker=f"kafka://{bootstrap}",
        store="memory://",
        datadir=mkdtemp(prefix="stageline-stock-"),  # else it leaves a folder wherever it is started
        web_enabled=False,
        topic_disable_leader=True,
        topic_partitions=PARTITIONS,
        processing_guarantee=guarantee,
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=6.0,
        broker_heartbeat_interval=1.0,
        broker_commit_interval=0.5,
        stream_wait_empty=False,
    )
    raw: Any = {"key_type": bytes, "value_type": bytes, "key_serializer": "raw", "value_serializer": "raw"}
    source, out = app.topic(f"{prefix}-in", **raw), app.topic(f"{prefix}-out", **raw)
    counts = app.Table("counts", key_type=bytes, value_type=bytes, partitions=PARTITIONS)

    @app.agent(source)
    async def count(stream: faust.StreamT[bytes]) -> None:
        async for event in stream.events():
            key = event.key
            number = int(counts.get(key) or 0) + 1
            counts[key] = b"%d" % number
            if number % EVERY == 0:
                await out.send(key=key, value=b"%s:%d" % (key, number))

    return app


if __name__ == "__main__":
    faust.Worker(make_app(*sys.argv[1:]), loglevel="WARN", redirect_stdouts=False).execute_from_commandline()
