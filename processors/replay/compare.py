"""Two lifecycles over one log, in one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.feeds.items import Refused
from processors.replay.batched import replay_of
from processors.replay.compared import Compared, Side
from processors.replay.run import check_end
from schemas.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from processors.lifecycle.plan import Plan
    from processors.replay.log_files import LogFile


class Comparison(Compared):
    """Runs both sides over the log in one pass: `fold`, then `finish`."""

    def __init__(self, before: Plan, after: Plan, log: LogFile) -> None:
        self._log = log
        self._replays = first, second = replay_of(before, log.events), replay_of(after, log.events)
        super().__init__((before, after), (Side(contacts=first), Side(contacts=second)))

    def fold(self, refuse: Callable[[Refused], None]) -> Iterator[None]:
        """Work through the log; yields after each event, for whoever shows progress."""

        def refused(one: Refused) -> None:
            self.refused += 1
            refuse(one)

        for event in self._log.read(refused):
            self.events += 1
            self.as_of = max(self.as_of, event["occurred_at"])
            try:
                for replay, side in zip(self._replays, self.sides, strict=True):
                    side.note_all(replay.feed(event))
            except SchemaError as error:  # it names nobody, so the first side has refused it
                refused(Refused(line=event["position"], reason=str(error), original=b""))
            yield

    def finish(self, as_of: int | None = None) -> None:
        """Advance all clocks to `as_of`, or to the log's last event; SchemaError if that is before it."""
        check_end(as_of, self.as_of)
        self.as_of = self.as_of if as_of is None else as_of
        for replay, side in zip(self._replays, self.sides, strict=True):
            side.note_all(replay.finish(self.as_of))
