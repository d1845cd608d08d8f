"""What happens to a worker's partitions in memory, by chance; and another definition applied to that log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processors.engine.lifecycle import LifecycleClock
from processors.engine.living import Living
from schemas.codec import decode_trusted
from schemas.topics import MQL_HANDOFF
from tests.builders.partitions import Partitions
from tests.builders.story import DAY, HOUR, MONDAY, event

if TYPE_CHECKING:
    from random import Random

    from processors.lifecycle.plan import Plan

PAGES = ("/products/a", "/pricing", "/services/y", "/blog/z")


class Traffic:
    """Random events of some contacts and visitors; answers name the hand-offs that were really offered."""

    def __init__(self, chance: Random, worker: Partitions) -> None:
        self._chance, self._worker = chance, worker
        self.now, self._count = MONDAY, 0

    def flow(self, events: int) -> None:
        for _ in range(events):
            self.one()
            self._worker.run(self._chance.randint(1, 9))

    def one(self) -> None:
        chance, worker = self._chance, self._worker
        self.now += chance.choice((0, 1, HOUR, DAY, 9 * DAY))
        who = f"c{chance.randrange(5)}"
        match chance.randrange(12):
            case 0:
                number = chance.randrange(len(worker.parts))
                clock = decode_trusted(LifecycleClock().record(self.now) or b"")
                worker.append(clock, number)
            case 1:
                self._tell("contact_identified", f"anon:v{chance.randrange(4)}", into=who)
            case 2:
                self._answer()
            case 3:
                self._tell(
                    "engagement_voided", who, voids=f"e{chance.randrange(self._count + 1)}", reason="bot"
                )
            case 4:
                self._tell("contacts_merged", f"c{chance.randrange(5)}", into=who, other="")
            case 5:
                self._tell("form_submitted", who, form="demo")
            case 6:
                self._tell(
                    "deal_changed", who, deal="D1", stage=chance.choice(("open", "closed_won", "closed_lost"))
                )
            case _:
                visitor = chance.choice((who, f"anon:v{chance.randrange(4)}"))
                self._tell("page_view", visitor, url=chance.choice(PAGES))

    def _answer(self) -> None:
        offered = [
            one for (topic, _), told in self._worker.told.items() if topic == MQL_HANDOFF.name for one in told
        ]
        if offered:
            one = self._chance.choice(offered)
            kind = self._chance.choice(("handoff_accepted", "handoff_rejected"))
            self._tell(kind, one["contact_id"], handoff=one["handoff"], actor="sam", reason="r")

    def _tell(self, type_: str, contact: str, **fields: Any) -> None:  # noqa: ANN401 - any event's
        if fields.get("into") == contact:
            return
        if type_ == "contacts_merged":
            fields["other"] = contact
        self._worker.append(event(type_, self.now, contact_id=contact, event_id=f"e{self._count}", **fields))
        self._count += 1


def built_beside(worker: Partitions, plan: Plan, most: int) -> dict[bytes, bytes]:
    """Apply a definition to a log that another one has made, as `promote` does."""
    beside = Partitions(Living(plan, 2), len(worker.parts))
    for part, logged in zip(beside.parts, worker.parts, strict=True):
        part.records = logged.records
    beside.run(most)
    return beside.states()
