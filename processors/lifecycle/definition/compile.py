"""A checked lifecycle → the plan, and its two hashes.

`plan_hash` changes with anything that can change a decision or its explanation; comments, formatting and what
is written for people alone do not change it. `shape_hash` covers only what determines accumulated state: with
the same shape a new plan goes on from existing state, with another shape history is replayed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from processors.lifecycle import plan
from processors.lifecycle.definition import vocabulary
from processors.lifecycle.definition.accumulators import Accumulators
from processors.lifecycle.definition.compile_conditions import Conditions, Names
from processors.lifecycle.definition.compile_scoring import compile_rules, compile_scores, compile_segments
from processors.lifecycle.definition.compile_stages import (
    compile_business_hours,
    compile_stages,
    compile_tracks,
)
from processors.lifecycle.definition.grammar.lifecycle import EventFilter, ladders
from processors.lifecycle.definition.values import plan_test
from processors.lifecycle.plan_json import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable

    from processors.lifecycle.definition.grammar.lifecycle import Lifecycle


def compile_plan(lifecycle: Lifecycle) -> plan.Plan:
    """Resolve a lifecycle that passed its checks."""
    names = _names(lifecycle)
    needs = Accumulators()
    conditions = Conditions(names, needs)
    rules = compile_rules(lifecycle, conditions)
    stages = compile_stages(lifecycle, conditions)
    segments = compile_segments(lifecycle, conditions)
    unhashed = plan.Plan(
        id=lifecycle.id,
        version=lifecycle.version,
        plan_hash="",
        shape_hash="",
        timezone=lifecycle.timezone,
        business_hours=compile_business_hours(lifecycle.business_hours),
        limits=_limits(lifecycle),
        behaviours=_behaviours(names),
        counters=needs.counters,
        calendars=needs.calendars,
        rules=rules,
        scores=compile_scores(lifecycle, rules),
        segments=segments,
        stages=stages,
        tracks=compile_tracks(lifecycle, stages),
        last_fields=needs.last_fields,
        profile_fields=needs.profile_fields,
        company=_company(lifecycle),
    )
    return replace(unhashed, plan_hash=plan_hash(unhashed), shape_hash=shape_hash(unhashed))


def plan_hash(compiled: plan.Plan) -> str:
    """SHA-256 hex of the plan without its id, version and hashes."""
    return _sha256(canonical(replace(compiled, id="", version="", plan_hash="", shape_hash="")))


def shape_hash(compiled: plan.Plan) -> str:
    """SHA-256 hex of what determines the accumulated state: no points, thresholds or windows.

    State refers to rules, scores and segments by index, to stages by name and rank.
    """
    shape = (
        compiled.behaviours,
        compiled.counters,
        compiled.calendars,
        _rule_shapes(compiled),
        [score.id for score in compiled.scores],
        [(segment.id, [band.id for band in segment.bands]) for segment in compiled.segments],
        [(stage.id, stage.track, stage.rank) for stage in compiled.stages],
        compiled.last_fields,
        compiled.profile_fields,
        compiled.timezone,
        compiled.limits.dedupe_keep,
        *(("company",) if compiled.company is not None else ()),
    )
    return _sha256(canonical(shape))


def _rule_shapes(compiled: plan.Plan) -> list[tuple[object, ...]]:
    rules = enumerate(compiled.rules)
    return [_rule_shape(index, rule) for index, rule in rules if isinstance(rule, plan.BehaviourRule)]


def _rule_shape(index: int, rule: plan.BehaviourRule) -> tuple[object, ...]:
    """Half-lives shape what is stored; the shares of steps apply when the timestamps are read."""
    decay = rule.decay if isinstance(rule.decay, plan.HalfLife) else rule.decay is not None
    kept = rule.cap_times, rule.cap_each, rule.distinct, rule.keep
    return index, rule.id, rule.score, rule.behaviour, decay, *kept


def _sha256(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _names(lifecycle: Lifecycle) -> Names:
    return Names(
        lifecycle=lifecycle,
        behaviours=_index(lifecycle.behaviours),
        scores=_index(lifecycle.scores) | {"total": plan.TOTAL},
        segments=_index(lifecycle.segments),
        stages=_index(stage.id for _, _, stages in ladders(lifecycle) for stage in stages),
        events=vocabulary.event_fields(lifecycle),
        profile=vocabulary.profile_fields(lifecycle),
    )


def _index(names: Iterable[str]) -> dict[str, int]:
    return {name: index for index, name in enumerate(names)}


def _behaviours(names: Names) -> tuple[plan.Behaviour, ...]:
    atoms: dict[str, tuple[plan.Atom, ...]] = {}
    for name in names.behaviours:
        _flatten(name, names, atoms)
    return tuple(plan.Behaviour(id=name, atoms=atoms[name]) for name in names.behaviours)


def _flatten(name: str, names: Names, atoms: dict[str, tuple[plan.Atom, ...]]) -> tuple[plan.Atom, ...]:
    """Resolve a behaviour after those it is made of; each filter once, in order."""
    if name not in atoms:
        behaviour = names.lifecycle.behaviours[name]
        if isinstance(behaviour, EventFilter):
            atoms[name] = (_atom(behaviour, names),)
        else:
            parts = (_flatten(part, names, atoms) for part in behaviour.any_of)
            atoms[name] = tuple(dict.fromkeys(atom for part in parts for atom in part))
    return atoms[name]


def _atom(behaviour: EventFilter, names: Names) -> plan.Atom:
    fields = names.events[behaviour.event]
    lists = names.lifecycle.lists
    tests = (plan_test(name, test, fields[name], lists) for name, test in behaviour.where.items())
    return plan.Atom(event=behaviour.event, tests=tuple(tests))


def _limits(lifecycle: Lifecycle) -> plan.Limits:
    limits = lifecycle.limits
    return plan.Limits(
        dedupe_keep=limits.dedupe_keep, history_ms=limits.history, future_skew_ms=limits.future_skew
    )


def _company(lifecycle: Lifecycle) -> plan.Company | None:
    company = lifecycle.company
    if company is None:
        return None
    return plan.Company(
        stage="max_of_contacts" if company.stage.max_of == "contacts" else "max_of_active_contacts",
        floor_by_deals=company.floor == "deals",
        push_down=company.push_down,
    )
