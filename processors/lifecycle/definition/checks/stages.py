"""Stages: owned, enterable, and with a next step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.lifecycle.definition.checks.walk import stages
from processors.lifecycle.definition.compile_stages import weekdays
from processors.lifecycle.definition.grammar import conditions as written
from processors.lifecycle.definition.grammar.terms import show_duration
from processors.lifecycle.plan import MAIN

if TYPE_CHECKING:
    from processors.lifecycle.definition.checks.file import File
    from processors.lifecycle.definition.grammar.stages import Handoff, Stage
    from processors.strict_yaml.source import Path


def check_stages(file: File) -> None:
    """Check each stage by itself."""
    targets = {way.goto for _, stage in stages(file.lifecycle) for way in stage.leave}
    for path, stage in stages(file.lifecycle):
        if stage.owner is None:
            file.refuse(
                (*path, "id"), f"nobody owns '{stage.id}'", "add 'owner:' with the team that works on it"
            )
        _check_entry(file, path, stage, is_target=stage.id in targets)
        if not (stage.terminal or stage.leave or _has_deadline(stage.handoff)):
            message = f"'{stage.id}' has no next step: no way out, no deadline, not terminal"
            remedy = "add 'leave:' (a timer such as {goto: …, after: 90d} will do), or 'terminal: true'"
            file.refuse((*path, "id"), message, remedy)
        if stage.handoff is not None:
            _check_handoff(file, (*path, "handoff"), stage.handoff)


def _check_entry(file: File, path: Path, stage: Stage, *, is_target: bool) -> None:
    if stage.detour and stage.enter is not None:
        message = f"'{stage.id}' is a detour, which is entered only by goto"
        file.refuse((*path, "enter"), message, "remove 'enter', or 'detour: true'", key=True)
    elif stage.detour and not is_target:
        remedy = f"add {{goto: {stage.id}, when: …}} to the 'leave' of another stage, or remove the stage"
        file.refuse((*path, "id"), f"nothing leads to the detour '{stage.id}'", remedy)
    elif not stage.detour and stage.enter is None and not is_target:
        message = f"nothing can enter '{stage.id}': it has no 'enter' and no goto leads to it"
        file.refuse((*path, "id"), message, "add 'enter:' with a condition")


def _has_deadline(handoff: Handoff | None) -> bool:
    return handoff is not None and (handoff.accept_within is not None or bool(handoff.on_breach))


def _check_handoff(file: File, path: Path, handoff: Handoff) -> None:
    due = handoff.accept_within
    if due is None and handoff.remind is not None:
        message = "a reminder needs a deadline"
        file.refuse((*path, "remind"), message, "add 'accept_within:'", key=True)
    if due is not None and handoff.remind is not None and handoff.remind >= due:
        message = f"the reminder after {show_duration(handoff.remind)} comes no sooner than the deadline"
        file.refuse((*path, "remind"), message, f"remind before {show_duration(due)} have passed")
    before = due or 0
    for i, breach in enumerate(handoff.on_breach):
        here = (*path, "on_breach", i)
        if breach.after < before:
            first = f"the deadline of {show_duration(before)}" if i == 0 else "the step above it"
            message = f"this happens after {show_duration(breach.after)}, before {first}"
            file.refuse((*here, "after"), message, "times count from the offer; put them in order")
            return
        if breach.do == "expire" and i < len(handoff.on_breach) - 1:
            file.refuse((*here, "do"), "nothing follows once the hand-off has expired", "put 'expire' last")
            return
        before = breach.after


def check_handoff_states(file: File) -> None:
    """Refuse conditions on hand-offs that their ladder never makes, or that never expire."""
    offered: dict[str, list[Handoff]] = {}
    for path, stage in stages(file.lifecycle):
        if stage.handoff is not None:
            offered.setdefault(_ladder(path), []).append(stage.handoff)
    for path, node in file.conditions:
        if not isinstance(node, written.Handoff):
            continue
        anywhere = [handoff for handoffs in offered.values() for handoff in handoffs]
        handoffs = anywhere if path[0] == "criteria" else offered.get(_ladder(path), [])
        expire = any(breach.do == "expire" for handoff in handoffs for breach in handoff.on_breach)
        place = (*path, "handoff")
        if not handoffs:
            message = "this never holds: no stage of this ladder has a 'handoff'"
            file.refuse(place, message, "add one to the stage before")
        elif node.handoff == "expired" and not expire:
            message = "this never holds: no hand-off expires"
            file.refuse(place, message, "add {after: …, do: expire} to its 'on_breach'")


def _ladder(path: Path) -> str:
    """Name the ladder that a condition is about: its own in a track, the main one everywhere else."""
    return str(path[1]) if path[0] == "tracks" else MAIN


def check_business_hours(file: File) -> None:
    """Check days and times of opening."""
    hours = file.lifecycle.business_hours
    try:
        weekdays(hours.days)
    except ValueError:
        message = f"'{hours.days}' is not a range of days"
        file.refuse(("business_hours", "days"), message, "write mon-fri, or a list: [mon, tue, thu]")
    if hours.to <= hours.from_:
        message = "business hours end before they begin"
        file.refuse(("business_hours", "to"), message, "write a later time; they end on the same day")
