"""The views, one file each: how a change is written into it, and how it is read. This is their only list."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from projections.views import (
    answers,
    companies,
    contact,
    funnel,
    handoffs,
    latest,
    segments,
    sources,
    stage_counts,
    velocity,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from projections.commands import Change, Command, Project

__all__ = ["FORMAT", "VIEWS", "project"]

FORMAT = "5"  # of the keys below: a view is never migrated; a new format is a new name, filled from the log
VIEWS: Mapping[str, tuple[Project, ...]] = {
    "stage_changed": (
        contact.project, stage_counts.project, funnel.project, sources.project, velocity.project,
        latest.project, answers.project_move,
    ),
    "segment_changed": (contact.project, segments.project),
    "mql_handoff": (contact.project, handoffs.project, latest.project, answers.project_handoff),
    "membership_changed": (companies.project_contact,),
    "company_stage_changed": (companies.project_move,),
}  # fmt: skip


def project(change: Change) -> tuple[Command, ...]:
    """Everything that one change writes, over all views."""
    return tuple(chain.from_iterable(view(change) for view in VIEWS[change["record"]]))
