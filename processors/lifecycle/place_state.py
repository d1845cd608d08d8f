"""A contact's place on one track as it stands in its state: a list.

stage, since, came_from, entered_by, stage and time shown (nil when the same), cycle, cycle_since,
furthest, status, in_doubt, stage → first and latest entry, keys of spent alternatives, override (or nil),
hand-off (or nil).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processors.lifecycle.contact import NO_STAGE, Handoff, Override, Place

if TYPE_CHECKING:
    from processors.lifecycle.program import Program


def dump_place(program: Program, place: Place) -> list[Any]:
    """Write a place; stages are named."""

    def name(stage: int) -> str | None:
        return None if stage == NO_STAGE else program.plan.stages[stage].id

    held, handoff = place.override, place.handoff
    as_it_is = (place.shown, place.shown_since) == (place.stage, place.since)
    return [
        name(place.stage),
        place.since,
        name(place.came_from),
        place.entered_by,
        None if as_it_is else [name(place.shown), place.shown_since],
        place.cycle,
        place.cycle_since,
        place.furthest,
        place.status,
        place.in_doubt,
        {program.plan.stages[stage].id: place.entries[stage] for stage in sorted(place.entries)},
        sorted({program.alternatives[unit].key for unit in place.spent}),
        None if held is None else [held.at, held.kind, name(held.stage), *held[3:]],
        None if handoff is None else _dump_handoff(handoff, name(handoff.stage)),
    ]


def load_place(program: Program, fields: list[Any] | None) -> Place:
    """Read a place."""
    if fields is None:
        return Place()

    def stage(name: str | None) -> int:
        return NO_STAGE if name is None else program.stage_index[name]

    here, since, came_from, entered_by, seen, cycle, cycle_since = fields[:7]
    furthest, status, in_doubt, entries, spent, held, handoff = fields[7:]
    shown, shown_since = seen or (here, since)
    return Place(
        stage=stage(here),
        since=since,
        came_from=stage(came_from),
        entered_by=entered_by,
        shown=stage(shown),
        shown_since=shown_since,
        cycle=cycle,
        cycle_since=cycle_since,
        furthest=furthest,
        status=status,
        in_doubt=in_doubt,
        entries={stage(name): (first, latest) for name, (first, latest) in entries.items()},
        spent={program.units[key] for key in spent if key in program.units},
        override=held and Override(held[0], held[1], stage(held[2]), *held[3:]),
        handoff=handoff and _load_handoff(handoff, stage(handoff[1])),
    )


def _dump_handoff(handoff: Handoff, stage: str | None) -> list[Any]:
    return [
        handoff.id,
        stage,
        handoff.cycle,
        handoff.offered_at,
        handoff.accept_by,
        handoff.status,
        handoff.sent,
        handoff.steps,
        handoff.step_due,
    ]


def _load_handoff(fields: list[Any], stage: int) -> Handoff:
    handoff_id, _stage, cycle, offered_at, accept_by, status, sent, steps, step_due = fields
    return Handoff(
        id=handoff_id,
        stage=stage,
        cycle=cycle,
        offered_at=offered_at,
        accept_by=accept_by,
        status=status,
        sent=sent,
        steps=steps,
        step_due=step_due,
    )
