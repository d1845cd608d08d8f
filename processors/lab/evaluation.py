"""One pass over a log, every event read once and folded under each variant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processors.feeds.items import Refused
from processors.intake import place_normal
from processors.lab.findings import Findings
from processors.replay.batched import replay_of
from processors.replay.replay import Replay
from processors.replay.run import check_end
from schemas.errors import LifecycleError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from processors.lab.variants import Variant
    from processors.lifecycle.plan import Plan
    from processors.replay.log_files import LogFile

    Event = dict[str, Any]


class Evaluation(Findings):
    """What every variant makes of the log.

    Each is folded apart, though variants of one shape count alike: a reset follows a move, which what is
    varied decides, so from then on the counts differ. `recorded`: the log is a partition of contact-events.
    """

    def __init__(
        self,
        variants: Sequence[Variant],
        stage: str,
        log: LogFile,
        *,
        recorded: bool = False,
    ) -> None:
        super().__init__(variants, stage, self._forwarded)
        self._log, self._recorded = log, recorded
        plans = [variant.plan for variant in variants]
        self._replays = [
            Replay(plan, log.events, recorded=True, anew=True) if recorded else replay_of(plan, log.events)
            for plan in plans
        ]

    def run(self, refuse: Callable[[Refused], None], as_of: int | None = None) -> Iterator[None]:
        """Work through the log; yields after each event. Without `as_of` all clocks end at its last event."""

        def refused(one: Refused) -> None:
            self.refused += 1
            refuse(one)

        for event in self._log.read(refused):
            self.events += 1
            self.first = min(self.first or event["occurred_at"], event["occurred_at"])
            self.last = max(self.last, event["occurred_at"])
            try:
                self._feed(event)
            except SchemaError as error:
                refused(Refused(line=event["position"], reason=str(error), original=b""))
            yield
        if not self._recorded:
            check_end(as_of, self.last)
        self.last = self.last if as_of is None else as_of
        for replay, calls in zip(self._replays, self.calls, strict=True):
            for change in replay.finish(self.last):
                calls.note(change)

    def _feed(self, event: Event) -> None:
        for placed in (event,) if self._recorded else place_normal(event):
            self.wins.note(placed)
        for replay, calls in zip(self._replays, self.calls, strict=True):
            for change in replay.feed(event):
                calls.note(change)

    def _forwarded(self, contact_id: str) -> str | None:
        contact = self._replays[0].contacts.get(contact_id)
        return None if contact is None else contact.forward_to


def target_stage(plan: Plan, wanted: str | None) -> str:
    """Return the stage to judge: the one wanted, or the first with a hand-off. Raises LifecycleError."""
    names = [stage.id for stage in plan.stages]
    if wanted is not None and wanted not in names:
        raise LifecycleError(f"--stage {wanted}: no stage of {plan.id}; there is: {', '.join(names)}.")
    found = wanted or next((stage.id for stage in plan.stages if stage.handoff is not None), None)
    if found is None:
        raise LifecycleError(f"{plan.id} hands nobody off: name the stage to judge, --stage {names[0]}.")
    return found
