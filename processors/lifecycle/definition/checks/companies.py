"""Companies: what cannot be promised, and a floor that nothing would ever hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.lifecycle.program import program_of

if TYPE_CHECKING:
    from processors.lifecycle.definition.checks.file import File
    from processors.lifecycle.plan import Plan
    from processors.strict_yaml.source import Source


def check_push_down(file: File) -> None:
    """Refuse contacts that follow their company: what moves a contact must be in its own log."""
    company = file.lifecycle.company
    if company is not None and company.push_down:
        message = "contacts cannot follow their company: a contact is moved by its own events alone"
        remedy = "write 'false'; to move one by hand, publish stage_overridden"
        file.refuse(("company", "push_down"), message, remedy)


def check_floor(plan: Plan, source: Source) -> None:
    """Refuse `floor: deals` where no stage of the main ladder can be entered by deals alone."""
    memberships = program_of(plan).memberships
    if plan.company is not None and plan.company.floor_by_deals and not (memberships and memberships.floors):
        message = "no stage is entered by deals alone, so deals hold no company anywhere"
        remedy = "leave it out, or let a stage be entered by 'deal: won' or 'deal: open' alone"
        source.refuse(source.place(("company", "floor"), key=False), message, remedy)
