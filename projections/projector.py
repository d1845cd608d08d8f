"""Reads the output topics and keeps the views right, whatever happens to Redis, Kafka or this process.

It keeps nothing of its own: whenever it starts, or finds that a view is not where it left it (flushed,
restored from an old copy, written by another projector), it asks Redis for the positions and reads on from
there.
"""

from __future__ import annotations

import logging
from time import monotonic
from typing import TYPE_CHECKING

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_when_event_set,
    wait_exponential_jitter,
)

from projections.generations import Generations
from projections.log import Log, LogAwayError, LogMovedError, open_log
from projections.metrics import APPLY, LAG, PROJECTED, REFILLS, WAITS
from projections.store import Batch, RedisAwayError, View, connect
from projections.views import VIEWS
from schemas.codec import decode_trusted
from schemas.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from threading import Event

    from projections.commands import Change
    from projections.log import Slice
    from projections.views.funnel import Rung

LOG = logging.getLogger("stageline.projector")
POLL_MS = 250  # an idle round: how soon a stop, and a flushed Redis, is noticed
BATCH = 400  # records per round: a script of this size keeps Redis busy for some 10 ms
LOOK_S = 30.0  # between looks at the topics (made anew? more partitions?) and lines about progress
AGAIN_S = 1.0  # before a log that could not be read is opened again
AWAY = (RedisAwayError, LogAwayError)


class Projector:
    """Call `run` once; it ends soon after `stop` is set."""

    def __init__(self, *, bootstrap: str, redis_url: str, ladder: Sequence[Rung], stop: Event) -> None:
        self._bootstrap = bootstrap
        self._redis = connect(redis_url)
        self._generations = Generations(self._redis, ladder)
        self._stop = stop
        self._mended = False  # a view with holes is filled anew once; a hole that comes back is in the log
        self._applied = 0
        self._lag: int | None = None  # offsets; None until all has been read that was there at the start
        self._waiting = False  # for Redis or Kafka
        self._persist = Retrying(
            retry=retry_if_exception_type(AWAY),
            wait=wait_exponential_jitter(multiplier=0.1, max=2, jitter=0.2),
            stop=stop_when_event_set(stop),
            sleep=sleep_using_event(stop),
            before_sleep=self._wait,
            reraise=True,
        )

    def run(self) -> None:
        """Project until told to stop. Raises SupersededError."""
        while not self._stop.is_set():
            try:
                self._read_log()
            except LogMovedError as moved:
                LOG.warning("opening the log again: %s", moved)
                self._stop.wait(AGAIN_S)
            except AWAY:
                if not self._stop.is_set():  # else the retrying was cut short by the stop
                    raise
        self._redis.close()

    def not_ready(self, lag_bound: int) -> str | None:
        """Say why what is shown is not up to date; None: it is, to within so many offsets. For any thread."""
        lag = self._lag
        if self._waiting:
            return "Redis or Kafka is away"
        if lag is None:
            return "the view is still being filled"
        return f"{lag} offsets behind, more than {lag_bound}" if lag > lag_bound else None

    def _read_log(self) -> None:
        log = self._persist(open_log, self._bootstrap)
        try:
            view: View | None = None
            while not self._stop.is_set():
                view = self._fill(log, view or self._persist(self._generations.begin, log.contents))
        finally:
            log.close()

    def _fill(self, log: Log, view: View) -> View | None:
        """Fill one view until it is not where we left it. Return the next to fill; None: the one shown."""
        self._lag = None
        positions = dict(self._persist(view.positions))
        if not log.seek(positions):
            LOG.warning("view=%s is ahead of the log: filling a new one", view.name)
            return self._persist(self._generations.anew, view)
        LOG.info("view=%s partitions_begun=%d: reading on", view.name, len(positions))
        caught_up, look_at = False, monotonic() + LOOK_S
        while not self._stop.is_set():
            slices = log.poll(POLL_MS, BATCH)
            there = self._apply(view, slices, positions)
            self._waiting = False
            if not there:
                LOG.warning("view=%s is not where it was left: asking it for its positions", view.name)
                REFILLS.inc()
                return None
            if not caught_up and log.at_end():
                caught_up = True
                if fresh := self._finish(view):
                    return fresh
            self._lag = log.behind() if caught_up else None
            LAG.set(log.behind())
            if monotonic() >= look_at:
                look_at = monotonic() + LOOK_S
                self._look(log)
        return None

    def _apply(self, view: View, slices: Sequence[Slice], positions: dict[str, int]) -> bool:
        """Write what came; with nothing to write, look whether the view is still as it was left."""
        if not slices:
            return bool(self._persist(view.positions) == positions)
        batches = [
            Batch(
                partition=part.partition,
                expected=positions.get(part.partition),
                after=part.after,
                changes=tuple(_changes(part)),
            )
            for part in slices
        ]
        with APPLY.time():
            outcomes = self._persist(view.apply, batches)
        applied = sum(outcome.applied or 0 for outcome in outcomes)
        PROJECTED.inc(applied)
        self._applied += applied
        positions |= {batch.partition: batch.after for batch in batches}
        return all(outcome.position == batch.after for outcome, batch in zip(outcomes, batches, strict=True))

    def _finish(self, view: View) -> View | None:
        """Show a view that has caught up, unless it has holes that filling it anew may mend."""
        held = self._persist(view.held)
        if held and not self._mended:
            self._mended = True
            LOG.warning("view=%s held=%d: changes wait for earlier ones, filling a new view", view.name, held)
            return self._persist(self._generations.anew, view)
        removed = self._persist(self._generations.finish, view)
        LOG.info("view=%s held=%d removed=%s: caught up, shown", view.name, held, ",".join(removed) or "none")
        return None

    def _wait(self, state: RetryCallState) -> None:
        """Say it at the first try and whenever the number of tries has doubled: an outage is not a flood."""
        self._waiting = True
        WAITS.inc()
        error = state.outcome.exception() if state.outcome else None
        if state.attempt_number.bit_count() == 1:
            LOG.warning("tries=%d, going on as soon as it is back: %s", state.attempt_number, error)

    def _look(self, log: Log) -> None:
        LOG.info("applied=%d behind=%d", self._applied, log.behind())
        if not self._persist(log.is_same):
            raise LogMovedError("topics were made anew or have other partitions")


def _changes(part: Slice) -> Iterator[Change]:
    """Decode a slice; a record that is not an output of ours is reported and left out."""
    for offset, value in part.records:
        try:
            yield _output(value)
        except SchemaError as error:
            LOG.warning("partition=%s offset=%d left out: %s", part.partition, offset, error)


def _output(value: bytes) -> Change:
    change = decode_trusted(value)
    if change.get("record") not in VIEWS:
        raise SchemaError(f"{change['type']} is not an output.")
    return change
