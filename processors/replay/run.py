"""A log file run through a lifecycle, from the first event to a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processors.feeds.items import Refused
from processors.lifecycle.words import moment
from processors.replay.batched import replay_of
from processors.replay.replay import Replay
from schemas.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from processors.lifecycle.plan import Plan
    from processors.replay.log_files import LogFile
    from processors.replay.summary import Tally

    Change = dict[str, Any]


def check_end(as_of: int | None, last: int) -> None:
    """Refuse to end before a log's last event, both ms UTC: clocks never go back. Raises SchemaError.

    Not for recorded logs, in which what claims to be of the future was put right when it was received.
    """
    if as_of is not None and as_of < last:
        raise SchemaError(
            f"--as-of {moment(as_of)} is before the log's last event, of {moment(last)}: cut the log there."
        )


class Run:
    """One pass. Its counts are right while it goes on, for whoever shows progress."""

    def __init__(self, plan: Plan, log: LogFile, *, recorded: bool = False) -> None:
        history = log.events
        self.replay = Replay(plan, history, recorded=True) if recorded else replay_of(plan, history)
        self._log, self._recorded = log, recorded
        self.events = self.refused = self.last_time = 0

    def changes(self, refuse: Callable[[Refused], None], as_of: int | None = None) -> Iterator[Change]:
        """Yield every change in order. Without `as_of` all clocks end at the log's last event.

        Those of a recorded log end where its clock records have brought them.

        A line that cannot be read, or an event that names nobody, goes to `refuse`. Raises SchemaError where
        the log cannot be read any further, and for an `as_of` before its last event.
        """
        for event in self._log.read(lambda refused: self._refuse(refused, refuse)):
            self.events += 1
            self.last_time = max(self.last_time, event["occurred_at"])
            try:
                yield from self.replay.feed(event)
            except SchemaError as error:
                line = Refused(line=event["position"], reason=str(error), original=b"")
                self._refuse(line, refuse)
        if not self._recorded:
            check_end(as_of, self.last_time)
        if as_of is not None or not self._recorded:
            yield from self.replay.finish(self.last_time if as_of is None else as_of)

    def told(self, tally: Tally) -> Tally:
        """Add to a tally what the changes do not say."""
        tally.events, tally.refused, tally.last_time = self.events, self.refused, self.last_time
        tally.contacts = self.replay.standing()
        tally.not_applied = self.replay.refused
        return tally

    def _refuse(self, refused: Refused, refuse: Callable[[Refused], None]) -> None:
        self.refused += 1
        refuse(refused)
