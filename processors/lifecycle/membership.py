"""A contact's part in its company: which company it is of, and what that company is told when this changes.

A contact is of the company that its newest event with a `company_id` names: newest by time, then by event
id, then by the company's id, so that the order of arrival has no say. A company is told where each of its
contacts stands on the main track, what its deals say, and the stage that it counts with:

| the file says | a contact counts with |
|---|---|
| `max_of: active_contacts` | its stage, unless that is a detour: who is in one is not active |
| `max_of: contacts` | its stage; a detour lies below every stage of the ladder |
| `floor: deals` | if that is higher, the highest stage that asks of deals alone and whose way in is met |

A contact that was erased or is part of another one is of no company.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processors.lifecycle.conditions import LOST, WON
from processors.lifecycle.contact import NO_STAGE, Employer, Member

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from processors.lifecycle.contact import Contact, DealIs
    from processors.lifecycle.plan import Plan
    from processors.lifecycle.program import Alternative
    from processors.lifecycle.turn import Change, Turn

    Event = Mapping[str, Any]

NOWHERE = 0  # rank of no stage; see `ranks`


class Memberships:
    """How one plan sees contacts in their companies.

    `climb`: the ways up the main track, highest first; `floors`: those that ask of deals alone.
    """

    __slots__ = ("_active_only", "_plan", "_ranks", "floors")

    def __init__(self, plan: Plan, climb: Sequence[Alternative], deals: int) -> None:
        self._plan, self._ranks = plan, ranks(plan)
        company = plan.company
        self._active_only = company is not None and company.stage == "max_of_active_contacts"
        floored = company is not None and company.floor_by_deals
        self.floors = tuple(way for way in climb if floored and way.check.deps == deals)

    def note(self, contact: Contact, event: Event, at: int) -> None:
        """Remember the company that an event names."""
        if event["company_id"] is not None:
            named, known = (at, event["event_id"], event["company_id"]), contact.employer
            if known is None or known < named:
                contact.employer = Employer(*named)

    def tell(self, turn: Turn) -> None:
        """Tell the company, and the one left, if something is not as they were told last."""
        contact = turn.contact
        before, employer = contact.member, contact.employer
        if employer is None and before is None:
            return
        facts = None if employer is None else (employer.company_id, *self._facts(contact, turn.now))
        if facts == before:
            return
        contact.member = member = None if facts is None else Member(*facts)
        if before is not None and (member is None or member.company_id != before.company_id):
            turn.out.append(_changed(turn, Member(company_id=before.company_id), left=True))
        if member is not None:
            turn.out.append(_changed(turn, member, left=False))

    def _facts(self, contact: Contact, now: int) -> tuple[str | None, bool, str, str | None, int, bool]:
        """Gather the fields of `Member` behind the first."""
        shown = contact.places[0].shown
        active = shown != NO_STAGE and not self._plan.stages[shown].detour
        counts = shown if active or not self._active_only else NO_STAGE
        stage, deals, by_deals = self._name(shown), "none", False
        if contact.deals:
            deals, floor = deals_of(contact.deals.values()), self._floor(contact, now)
            by_deals = floor != NO_STAGE and self._rank(floor) > self._rank(counts)
            counts = floor if by_deals else counts
        return stage, active, deals, self._name(counts), self._rank(counts), by_deals

    def _floor(self, contact: Contact, now: int) -> int:
        """Find the highest stage that the contact's deals alone lead to."""
        return next((way.stage for way in self.floors if way.check.holds(contact, now)), NO_STAGE)

    def _name(self, stage: int) -> str | None:
        return None if stage == NO_STAGE else self._plan.stages[stage].id

    def _rank(self, stage: int) -> int:
        return NOWHERE if stage == NO_STAGE else self._ranks[stage]


def ranks(plan: Plan) -> dict[int, int]:
    """Give each stage of the main track its rank: the ladder from 1 up, detours from -1 down."""
    stages = plan.tracks[0].stages
    ladder = [stage for stage in stages if not plan.stages[stage].detour]
    detours = [stage for stage in stages if plan.stages[stage].detour]
    up = {stage: number for number, stage in enumerate(ladder, 1)}
    return up | {stage: -number for number, stage in enumerate(detours, 1)}


def newer(one: Employer | None, other: Employer | None) -> Employer | None:
    """Choose between what two events say of the company."""
    return max((known for known in (one, other) if known is not None), default=None)


def deals_of(deals: Iterable[DealIs]) -> str:
    """Say what deals come to: one that is won outweighs one that is open, and that one those lost."""
    stages = {deal.stage for deal in deals}
    if WON in stages:
        return "won"
    if stages - {LOST}:
        return "open"
    return "lost" if stages else "none"


def _changed(turn: Turn, member: Member, *, left: bool) -> Change:
    contact = turn.contact
    contact.membership_changes += 1
    return {
        "record": "membership_changed",
        "contact_id": contact.id,
        "sequence": contact.membership_changes,
        **member._asdict(),
        "left": left,
        "erased": left and contact.erased,
        "at": turn.now,
        "event_id": turn.event_id,
        "lifecycle": turn.program.lifecycle,
        "plan_hash": turn.program.plan.plan_hash,
    }
