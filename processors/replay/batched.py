"""The log folded by the compiled back-end: events wait for others of their contact, and are folded together.

What concerns two contacts is done by the reference as soon as it comes, on contacts that are brought up to
date for it. Changes are told in the order of the log, so that nobody sees who folded what.
"""

from __future__ import annotations

from collections import deque
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import msgpack

from processors import lifecycle
from processors.backend import compiled
from processors.replay.log_files import Placed
from processors.replay.replay import OUTPUTS, STEPS, Replay
from schemas.codec import decode_trusted, encode

if TYPE_CHECKING:
    from collections.abc import Iterator

    import stageline_native

    from processors.lifecycle import Contact
    from processors.lifecycle.plan import Plan
    from processors.replay.replay import History

    Event = dict[str, Any]
    Change = dict[str, Any]
    Steps = list[tuple[int, bytes | None]]

MOST = 1 << 16  # events that wait: some 30 MB, and a contact's events come in groups
MARKS = frozenset(("clock_advanced", "lifecycle_changed"))
"""What concerns every contact at once."""
RARE = frozenset((
    "engagement_voided", "contact_erased", "contact_identified", "contacts_merged", "merge_undone",
    "history_transferred",
))  # fmt: skip
"""What moves history between contacts or takes it back."""


def replay_of(plan: Plan, history: History) -> Replay:
    """Make the replay of a log that is not recorded, by the compiled back-end where it is installed."""
    ready = compiled(plan)
    return Replay(plan, history) if ready is None else Batched(plan, history, ready)


class Batched(Replay):
    """A replay of a log that is not recorded.

    Contacts are kept as states, which are smaller. `contacts` holds those that the reference had to do with
    last: all that were erased or are part of another contact, since these take no more events.
    """

    def __init__(
        self, plan: Plan, history: History, ready: stageline_native.Plan, *, most: int = MOST
    ) -> None:
        super().__init__(plan, history)
        self._ready: stageline_native.Plan | None = ready
        self._states: dict[str, bytes] = {}
        self._waiting: dict[str, Steps] = {}
        self._most = most  # events that wait
        self._count = 0  # events that wait, or did until the reference asked for their contact
        self._told: list[tuple[int, Change]] = []  # with the positions that led to them

    def feed(self, event: Event) -> Iterator[Change]:
        """Apply one event. Yields outputs of many events now and then, those of the rest with `finish`."""
        if event["type"] in MARKS:
            yield from self._go_over_to_the_reference()
        if isinstance(event, Placed) and self._may_wait(event):
            yield from self._wait(event["contact_id"], event["position"] * STEPS, event.value)
        else:
            yield from super().feed(event)

    def finish(self, as_of: int) -> Iterator[Change]:
        """Advance every contact to `as_of`, in order of their ids."""
        yield from self._settle()
        everyone = sorted({*self._states, *self.contacts})
        for start in range(0, len(everyone), MOST):
            some = everyone[start : start + MOST]
            self._run({one: [(as_of, None)] for one in some if one in self._states})
            self._tick_others(some, as_of)
            told, self._told = sorted(self._told, key=lambda one: str(one[1]["contact_id"])), []
            yield from map(itemgetter(1), told)

    def states(self) -> Iterator[tuple[str, bytes]]:
        """Every contact's state, in order of their ids."""
        for contact_id in sorted({*self._states, *self.contacts}):
            state = self._states.get(contact_id)
            yield (
                contact_id,
                lifecycle.dump(self.plan, self.contacts[contact_id]) if state is None else state,
            )

    def find(self, contact_id: str) -> Contact | None:
        """Find a contact as it is now; None for one never seen."""
        self._fetch(contact_id)
        return super().find(contact_id)

    def standing(self) -> int:
        """Count the contacts that are neither part of another one nor erased."""
        return len(self._states) + super().standing()

    def _tell(self, event: Event, queue: deque[Event]) -> Iterator[Change]:
        position = event["position"]
        if self._may_wait(event):
            yield from self._wait(event["contact_id"], position, encode(event))
            return
        self._told += [(position, change) for change in super()._tell(event, queue)]
        if self._ready is None:
            yield from self._settle()

    def _wait(self, contact_id: str, position: int, value: bytes) -> Iterator[Change]:
        self._waiting.setdefault(contact_id, []).append((position, value))
        self._count += 1
        if self._count >= self._most:
            yield from self._settle()

    def _may_wait(self, event: Event) -> bool:
        """Tell whether the compiled back-end can do it later; it then has the contact's state."""
        if event["type"] in RARE or self._ready is None:
            return False
        contact = self.contacts.get(event["contact_id"])
        if contact is None:
            return True
        if contact.erased or contact.forward_to is not None:
            return False
        self._states[contact.id] = lifecycle.dump(self.plan, contact)
        del self.contacts[contact.id]
        return True

    def _contact(self, contact_id: str) -> Contact:
        self._fetch(contact_id)
        return super()._contact(contact_id)

    def _fetch(self, contact_id: str) -> None:
        """Bring a contact up to date for the reference."""
        steps = self._waiting.pop(contact_id, None)
        if steps is not None:
            self._run({contact_id: steps})
        state = self._states.pop(contact_id, None)
        if state is not None:
            self.contacts[contact_id] = lifecycle.load(self.plan, state)

    def _settle(self) -> Iterator[Change]:
        """Fold all that waits; yields what was not told yet."""
        waiting, self._waiting, self._count = self._waiting, {}, 0
        self._run(waiting)
        told, self._told = sorted(self._told, key=itemgetter(0)), []
        yield from map(itemgetter(1), told)

    def _run(self, waiting: dict[str, Steps]) -> None:
        if self._ready is None or not waiting:
            return
        done = self._ready.run([(self._states.get(one, b""), steps) for one, steps in waiting.items()])
        for (contact_id, steps), (count, _why, state, _due, changes) in zip(
            waiting.items(), done, strict=True
        ):
            if state:
                self._states[contact_id] = state
            for step, packed in changes:
                self._note(steps[step][0], msgpack.unpackb(packed))
            self._do_by_reference(contact_id, steps[count:])

    def _note(self, position: int, change: Change) -> None:
        if change["record"] in OUTPUTS:
            self._told.append((position, change))
        else:
            self.refused += 1

    def _do_by_reference(self, contact_id: str, steps: Steps) -> None:
        """Do what the compiled back-end does not: odd values, none of which is passed on."""
        for position, value in steps:
            if value is None:
                told = super()._tick(self._contact(contact_id), position)
            else:
                told = super()._tell(decode_trusted(value) | {"position": position}, deque())
            self._told += [(position, change) for change in told]

    def _tick_others(self, contact_ids: list[str], as_of: int) -> None:
        for contact_id in contact_ids:
            if contact_id in self.contacts:
                self._told += [(as_of, change) for change in self._tick(self.contacts[contact_id], as_of)]

    def _go_over_to_the_reference(self) -> Iterator[Change]:
        """Let it do the rest of a log whose records concern every contact at once."""
        yield from self._settle()
        for contact_id in [*self._states]:
            self._fetch(contact_id)
        self._ready = None
