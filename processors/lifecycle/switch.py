"""A contact's way from one definition to another: what was said is put right, and nothing is said twice.

Two contacts go in. `said` lived under the old criteria: its stages, bands and hand-offs are what the world
was told. `lived` is the same contact as the new criteria would have had it, from the same events; or, in
place, the same state under the new plan. The second goes on, with what was said by the first, and the
difference is told.

| hand-off sent under the old criteria | under the new ones | becomes |
|---|---|---|
| open | open, same stage | stays as it is, with its id and its deadline |
| answered, and the contact still in that stage | open, same stage | stays answered: nobody is asked twice |
| open | anything else | withdrawn |
| none, or answered in an earlier stay | open | offered, under an id of its own |
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from processors.lifecycle import changes, handoffs, timers, vanishing
from processors.lifecycle.arrivals import rank_of
from processors.lifecycle.contact import NO_STAGE, Place
from processors.lifecycle.evidence import Witness
from processors.lifecycle.fold import begin
from processors.lifecycle.merging import still_true
from processors.lifecycle.moves import refresh_spent
from processors.lifecycle.settle import advance, settle
from processors.lifecycle.shown import in_force
from processors.lifecycle.turn import Hop, Shift, Turn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processors.lifecycle.contact import Contact, Handoff
    from processors.lifecycle.program import Program
    from processors.lifecycle.turn import Change, Evidence

SAID = (
    "stage_changes", "segment_changes", "handoff_changes", "member", "membership_changes", "refused",
    "clamped",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Barrier:
    """The record at which the criteria change: its log position and time (ms, UTC).

    `in_place`: contacts keep the stages they are in; otherwise they stand where their history puts them.
    """

    position: int
    at: int
    in_place: bool


def switch_contact(
    old: Program, said: Contact, new: Program, lived: Contact, barrier: Barrier
) -> tuple[Change, ...]:
    """Let `lived` go on in the place of `said`; returns what the world is told."""
    for program, contact, other in ((old, said, lived), (new, lived, said)):
        if not contact.id:
            begin(program, contact, other.id)
    now = max(said.clock, lived.clock, barrier.at)
    if not barrier.in_place and not lived.erased:
        advance(new, lived, now, [])
    lived.clock, lived.position = now, barrier.position
    said.reading = said.fit = lived.reading = lived.fit = None
    farewell = Turn(program=old, contact=said, now=now, replaced=old.plan.plan_hash)
    turn = Turn(program=new, contact=lived, now=now, replaced=old.plan.plan_hash)
    _Switch(farewell, turn, barrier).run()
    return (*_in_new_terms(farewell, turn), *turn.out)


class _Switch:
    """One contact's switch: `farewell` tells what only the old definition knows, `turn` all the rest."""

    def __init__(self, farewell: Turn, turn: Turn, barrier: Barrier) -> None:
        self._farewell, self._turn = farewell, turn
        self._reason = f"criteria changed from {farewell.program.lifecycle} to {turn.program.lifecycle}"
        tracks = zip(farewell.program.plan.tracks, farewell.contact.places, strict=True)
        known = {track.id: place for track, place in tracks}
        self._said = [known.get(track.id, Place()) for track in turn.program.plan.tracks]
        self._news = barrier.in_place  # something that the new criteria have not decided on yet
        self._fresh: list[int] = []  # tracks whose hand-off was never sent
        self._told: list[tuple[Place, Change]] = []

    def run(self) -> None:
        turn, contact = self._turn, self._turn.contact
        for track, said in enumerate(self._said):
            self._follow(track, said)
        self._leave_behind()
        for name in SAID:
            setattr(contact, name, getattr(self._farewell.contact, name))
        for track, said in enumerate(self._said):
            self._correct(track, said)
        self._correct_bands()
        if not contact.erased and contact.forward_to is None:
            self._offer()
            if self._news:
                refresh_spent(turn.program, contact, turn.now)
                turn.dirty = turn.program.inputs.everything
                settle(turn)
            contact.next_due = timers.next_due(turn.program, contact, turn.now)
        if turn.program.memberships is not None:
            turn.program.memberships.tell(turn)
        for place, change in self._told:
            change["next_deadline"] = changes.next_deadline(turn.program, place)

    def _follow(self, track: int, said: Place) -> None:
        """Keep the hand-off that was sent, or withdraw it; note the one that is to be sent."""
        place, stages = self._turn.contact.places[track], self._turn.program.plan.stages
        if place.handoff is not None and stages[place.handoff.stage].handoff is None:
            place.handoff = None  # in place: that stage asks nobody any more
        sent, wanted = said.handoff, place.handoff
        if sent is not None and not sent.sent:
            sent = None
        if sent is not None and wanted is not None and self._stays(said, sent, wanted):
            self._news = self._news or sent.status != wanted.status
            handoffs.take_over(self._turn, place, replace(sent, stage=wanted.stage))
            return
        if sent is not None and sent.status == "open":
            asked = self._farewell.program.plan.stages[sent.stage].path
            handoffs.withdraw(self._farewell, said, self._reason, f"{asked}.handoff")
        if wanted is not None and wanted.status == "open":
            self._fresh.append(track)

    def _stays(self, said: Place, sent: Handoff, wanted: Handoff) -> bool:
        """Whether the hand-off that was sent is the one that the new criteria ask for: see the module."""
        old, new = self._farewell.program.plan, self._turn.program.plan
        if old.stages[sent.stage].id != new.stages[wanted.stage].id:
            return False
        if wanted.status != "open":
            return sent.status != "open"
        return sent.status == "open" or said.shown == sent.stage

    def _leave_behind(self) -> None:
        """Tell the end of the tracks, segments and companies that the new definition does not have."""
        farewell, new = self._farewell, self._turn.program.plan
        tracks = {track.id for track in new.tracks}
        for track, place in enumerate(farewell.contact.places):
            name = farewell.program.plan.tracks[track].id
            if name in tracks:
                continue
            criterion = f"tracks.{name}"
            if place.handoff is not None and place.handoff.status == "open":
                handoffs.withdraw(farewell, place, self._reason, criterion)
            if place.shown != NO_STAGE:
                vanishing.leave(farewell, track, place, self._reason, criterion)
        segments = {segment.id for segment in new.segments}
        for index, segment in enumerate(farewell.program.plan.segments):
            band = farewell.contact.bands[index]
            if segment.id not in segments and band is not None:
                farewell.out.append(changes.segment_changed(farewell, index, (band, None), ()))
        if farewell.program.memberships is not None and new.company is None:
            farewell.contact.employer = None
            farewell.program.memberships.tell(farewell)

    def _correct(self, track: int, said: Place) -> None:
        """Tell where the contact stands, if the world believes something else."""
        turn, place = self._turn, self._turn.contact.places[track]
        start = changes.stage_id(self._farewell.program, said.shown)
        if start == changes.stage_id(turn.program, place.shown):
            place.shown_since = said.shown_since
            return
        place.shown_since = turn.now
        hop = self._hop(track, said, place)
        shift = Shift(track=track, place=place, start=start, since=said.shown_since, hops=(hop,))
        self._told.append((place, changes.stage_changed(turn, shift)))
        turn.out.append(self._told[-1][1])

    def _hop(self, track: int, said: Place, place: Place) -> Hop:
        turn = self._turn
        path: tuple[int, ...] = ()
        evidence: tuple[Evidence, ...] = ()
        if place.shown == NO_STAGE:
            criterion = f"{self._farewell.program.plan.stages[said.shown].path}.enter"
        else:
            stage = turn.program.plan.stages[place.shown]
            path = self._way(track, said, place.shown)
            evidence = still_true(turn, track, stage.enter)
            criterion = stage.path if stage.enter is None else f"{stage.path}.enter"
        held = place.override
        if held is not None and place.shown != place.stage and in_force(held, turn.now):
            criterion = f"override.{held.kind}"
        return Hop(to=place.shown, path=path, criterion=criterion, reason=self._reason, evidence=evidence)

    def _way(self, track: int, said: Place, to: int) -> tuple[int, ...]:
        """Find the stages passed on the way up to one: those above any the contact was said to be in."""
        program, old = self._turn.program, self._farewell.program
        names = [changes.stage_id(old, stage) for stage in (*said.entries, said.shown)]
        been = (program.stage_index[name] for name in names if name in program.stage_index)
        low, rank = max((rank_of(program, one) for one in been), default=-1), rank_of(program, to)
        ladder = program.plan.tracks[track].stages
        return tuple(one for one in ladder if low < rank_of(program, one) <= rank) or (to,)

    def _correct_bands(self) -> None:
        turn, old = self._turn, self._farewell
        pairs = zip(old.program.plan.segments, old.contact.bands, strict=True)
        said = {segment.id: band for segment, band in pairs}
        for index, bands in enumerate(turn.program.segments):
            before, band = said.get(bands.segment.id), turn.contact.bands[index]
            if before != band:
                told = Witness(turn.program, 0, turn.contact, turn.now).tell_band(bands, band)
                turn.out.append(changes.segment_changed(turn, index, (before, band), told))

    def _offer(self) -> None:
        turn = self._turn
        for track in self._fresh:
            place = turn.contact.places[track]
            handoffs.prepare_anew(turn, place)
            if place.handoff is not None:
                enter = turn.program.plan.stages[place.handoff.stage].enter
                turn.offered_for = still_true(turn, track, enter)
                handoffs.offer(turn, place)


def _in_new_terms(farewell: Turn, turn: Turn) -> Iterator[Change]:
    """Let what the old definition tells for the last time carry the new one's scores and name."""
    parts = changes.score_parts(turn.program, turn.contact, turn.now)
    for change in farewell.out:
        if change["record"] == "membership_changed":
            known = changes.tail(turn)
            yield {**change, "lifecycle": known["lifecycle"], "plan_hash": known["plan_hash"]}
            continue
        why = {**change["why"], "score_parts": parts}
        yield {**change, **changes.tail(turn), "why": why}
