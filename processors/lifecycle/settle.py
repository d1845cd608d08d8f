"""Steps 4 to 8 of the order of one event, and the timers between two events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.lifecycle import changes, handoffs, timers
from processors.lifecycle.evidence import Witness
from processors.lifecycle.moves import move
from processors.lifecycle.shown import show
from processors.lifecycle.turn import Turn

if TYPE_CHECKING:
    from processors.lifecycle.contact import Contact
    from processors.lifecycle.program import Program
    from processors.lifecycle.turn import Change


def settle(turn: Turn) -> None:
    """Do what follows from what has changed: moves, segments, hand-offs, the next timer.

    A stage entered by hand may open a way (`reached`): that is told after it, as a change of its own.
    """
    _settle_once(turn)
    while turn.again:
        turn.dirty, turn.again = turn.again, 0
        _settle_once(turn)
    turn.dirty = 0
    if turn.program.memberships is not None:
        turn.program.memberships.tell(turn)


def _settle_once(turn: Turn) -> None:
    contact, program = turn.contact, turn.program
    contact.reading = None
    if turn.dirty & program.board.fit_deps:
        contact.fit = None
    for place in contact.places:
        handoffs.fire(turn, place)
    _move_all(turn)
    told = []
    for track in range(len(contact.places)):
        shift = show(turn, track, turn.hops.pop(track, []))
        if shift is not None:
            told.append((shift.place, changes.stage_changed(turn, shift)))
            turn.out.append(told[-1][1])
            handoffs.follow(turn, shift)
    _sort_into_bands(turn)
    if turn.offers:
        for place in contact.places:
            handoffs.offer(turn, place)
    for place, change in told:  # known only now that hand-offs are made
        change["next_deadline"] = changes.next_deadline(turn.program, place)
    contact.next_due = timers.next_due(turn.program, contact, turn.now)


def advance(program: Program, contact: Contact, clock: int, out: list[Change]) -> int:
    """Fire every timer due up to `clock`, each at its own time; returns when the contact was last settled."""
    settled = contact.clock
    while contact.next_due is not None and contact.next_due <= clock:
        settled = contact.clock = contact.next_due
        everything = program.inputs.everything
        settle(Turn(program=program, contact=contact, now=settled, dirty=everything, out=out))
    contact.clock = clock
    return settled


def _move_all(turn: Turn) -> None:
    """Every track to its fixpoint, and again while one track's move may have opened a way on another."""
    tracks = range(len(turn.contact.places))
    for _ in range(len(turn.program.plan.stages)):
        moved = False
        for track in tracks:
            hops = move(turn, track)
            if hops:
                turn.hops.setdefault(track, []).extend(hops)
                moved = True
        if not moved or len(tracks) == 1:
            return


def _sort_into_bands(turn: Turn) -> None:
    contact = turn.contact
    for index, bands in enumerate(turn.program.segments):
        if bands.deps & turn.dirty or contact.bands[index] is None:
            band, before = bands.at(contact, turn.now), contact.bands[index]
            if band != before:
                contact.bands[index] = band
                told = Witness(turn.program, 0, contact, turn.now).tell_band(bands, band)
                turn.out.append(changes.segment_changed(turn, index, (before, band), told))
