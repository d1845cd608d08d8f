"""Stages, tracks, hand-offs and business hours → plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.lifecycle import plan
from processors.lifecycle.definition.grammar.lifecycle import WEEKDAYS, ladders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from processors.lifecycle.definition.compile_conditions import Conditions
    from processors.lifecycle.definition.grammar import stages as written
    from processors.lifecycle.definition.grammar.lifecycle import BusinessHours, Lifecycle

DETOUR = -1  # rank of a stage beside its ladder


def compile_stages(lifecycle: Lifecycle, conditions: Conditions) -> tuple[plan.Stage, ...]:
    """Resolve all stages, ladder by ladder, in file order."""
    return tuple(
        _stage(stage, conditions, track=track, rank=rank, path=f"{'.'.join(place)}.{stage.id}")
        for track, (_, place, stages) in enumerate(ladders(lifecycle))
        for stage, rank in zip(stages, _ranks(stages), strict=True)
    )


def compile_tracks(lifecycle: Lifecycle, stages: tuple[plan.Stage, ...]) -> tuple[plan.Track, ...]:
    """Resolve the ladders: stages by rank, detours last."""
    return tuple(
        plan.Track(id=name, stages=_in_rank_order(stages, track))
        for track, (name, _, _) in enumerate(ladders(lifecycle))
    )


def _in_rank_order(stages: tuple[plan.Stage, ...], track: int) -> tuple[int, ...]:
    own = [i for i, stage in enumerate(stages) if stage.track == track]
    return tuple(sorted(own, key=lambda i: (stages[i].detour, i)))


def _ranks(stages: list[written.Stage]) -> list[int]:
    rungs = [stage.id for stage in stages if not stage.detour]
    return [DETOUR if stage.detour else rungs.index(stage.id) for stage in stages]


def _stage(stage: written.Stage, conditions: Conditions, *, track: int, rank: int, path: str) -> plan.Stage:
    return plan.Stage(
        id=stage.id,
        track=track,
        rank=rank,
        owner=stage.owner or "",
        enter=None if stage.enter is None else conditions.compile(stage.enter, f"{path}.enter"),
        leave=tuple(_leave(way, conditions, f"{path}.leave[{i}]") for i, way in enumerate(stage.leave)),
        handoff=None if stage.handoff is None else _handoff(stage.handoff, f"{path}.handoff"),
        statuses=tuple(stage.statuses),
        terminal=stage.terminal,
        detour=stage.detour,
        path=path,
    )


def _leave(way: written.Leave, conditions: Conditions, path: str) -> plan.Leave:
    names = conditions.names
    return plan.Leave(
        goto=names.stages[way.goto],
        when=None if way.when is None else conditions.compile(way.when, f"{path}.when"),
        after_ms=way.after,
        reset_scores=tuple(sorted(names.scores[name] for name in way.reset if name != "counts")),
        reset_counts="counts" in way.reset,
        reason=way.reason,
        path=path,
    )


def _handoff(handoff: written.Handoff, path: str) -> plan.Handoff:
    return plan.Handoff(
        to=handoff.to,
        accept_within_ms=handoff.accept_within,
        clock=handoff.clock,
        remind_ms=handoff.remind,
        on_breach=tuple(plan.Breach(after_ms=breach.after, do=breach.do) for breach in handoff.on_breach),
        path=path,
    )


def compile_business_hours(hours: BusinessHours) -> plan.BusinessHours:
    """Resolve days to numbers, Monday 0."""
    return plan.BusinessHours(
        days=weekdays(hours.days),
        from_minute=hours.from_,
        to_minute=hours.to,
        holidays=tuple(sorted(set(hours.holidays))),
    )


def weekdays(days: str | Sequence[str]) -> tuple[int, ...]:
    """Read `mon-fri` or a list of days. Raises ValueError for anything else."""
    if not isinstance(days, str):
        return tuple(sorted({WEEKDAYS.index(day) for day in days}))
    first, _, last = days.partition("-")
    start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
    if end < start:
        raise ValueError(f"{last} comes before {first}")
    return tuple(range(start, end + 1))
