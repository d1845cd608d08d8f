"""The processor that applies another definition to the whole log and tells nobody.

It runs beside the live one, with a changelog of its own, to build the next generation; and at the barrier,
where each owner applies the little that is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processors.backend import compiled_back_end
from processors.engine.compiled import MARKS, starts_of
from processors.engine.folding import Folding, Wanted
from processors.lifecycle import next_due
from processors.lifecycle.lived import as_lived
from processors.lifecycle.state import position_of
from schemas.topics import CONTACT_EVENTS, GENERATION_PREFIX, generation_changelog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import stageline_native

    from processors.engine.batch import Batch, Clock, Record
    from processors.lifecycle.plan import Plan

    Event = dict[str, Any]
    Change = dict[str, Any]


TRANSFERS_KEPT = 10_000  # up to some kB each: a chain of merges asks for the same ones again


class LoggedClock:
    """Time as it stands in the log: the live worker writes it there, nobody else."""

    def next_due(self, state: bytes) -> int | None:
        """Return when a contact needs the clock next (ms, UTC)."""
        return next_due(state)

    def record(self, at: int) -> bytes | None:
        """Write nothing."""
        del at
        return None


class Living:
    """See the module. Its partitions share what contacts pass on to each other.

    `reached` tells up to which offset a contact's partition is done here, None if it is not done here.
    """

    def __init__(self, plan: Plan, generation: int) -> None:
        self.name = f"{GENERATION_PREFIX}{generation}"
        self.sources: tuple[str, ...] = (CONTACT_EVENTS.name,)
        self.changelog: str | None = generation_changelog(generation).name
        self.outputs: tuple[str, ...] = ()
        self.clock: Clock | None = LoggedClock()
        self.unlocked: bool = compiled_back_end() is not None
        self.reached: Callable[[str], int | None] = lambda _contact_id: None
        self._plan = plan
        self._passed_on: dict[str, bytes] = {}  # transfer → state, until it has arrived
        self._worked_out: dict[str, bytes] = {}  # the same, of those that had to be looked for in the log

    def process(self, batch: Batch) -> None:
        """Apply the records in order; those that change the definition are none of its business."""

        def tell(_record: Record, changes: Iterable[Change]) -> None:
            for change in changes:
                if change["record"] == "history_transferred":
                    self._passed_on[change["event_id"]] = change["state"]

        anew = _Anew(self._plan, batch, tell, self._passed_on, self.reached)
        anew.worked_out = self._worked_out
        anew.run(lambda _record, _event: True)
        if len(self._worked_out) > TRANSFERS_KEPT:
            self._worked_out.clear()


class _Anew(Folding):
    """Everything is understood as if this definition had always decided.

    A transfer has its turn: what was passed on before it in the log must have been noted.
    """

    form: stageline_native.Form = "lived"
    marks = MARKS | starts_of("history_transferred")

    def __init__(
        self,
        plan: Plan,
        batch: Batch,
        tell: Any,  # noqa: ANN401 - as `Folding` takes it
        passed_on: dict[str, bytes],
        reached: Callable[[str], int | None],
    ) -> None:
        super().__init__(plan, batch, tell)
        self._passed_on, self._reached = passed_on, reached

    def understand(self, event: Event) -> Event:
        if event["type"] == "history_transferred" and event["event_id"] not in self._passed_on:
            reached = self._reached(event["other"])
            if reached is not None and reached <= position_of(event["state"]):
                raise Wanted  # its partition comes to it
        understood = as_lived(self._plan, event, self.transferred)
        return event if understood is event else dict(understood)

    def transferred(self, event: Mapping[str, Any]) -> bytes:
        known = self._passed_on.pop(event["event_id"], None)
        return super().transferred(event) if known is None else known
