"""Scores and segments → plan, with the number of timestamps each rule must keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.lifecycle import plan
from processors.lifecycle.definition.grammar import scoring as written
from schemas.times import DAY_MS

if TYPE_CHECKING:
    from processors.lifecycle.definition.compile_conditions import Conditions
    from processors.lifecycle.definition.grammar.lifecycle import Lifecycle

KEEP_OPEN = 256  # of a rule without a bound of its own: its 257th newest event or value no longer counts
KEEP_MOST = 1_024  # of a rule with a bound: about 10 kB of state for the busiest contact


def compile_rules(lifecycle: Lifecycle, conditions: Conditions) -> tuple[plan.Rule, ...]:
    """Resolve the rules of all scores, score by score."""
    return tuple(
        _rule(rule, score, conditions, f"scores.{name}.rules.{rule.id}")
        for name, score in lifecycle.scores.items()
        for rule in score.rules
    )


def _rule(
    rule: written.BehaviourRule | written.FitRule, score: written.Score, conditions: Conditions, path: str
) -> plan.Rule:
    index = conditions.names.scores[path.split(".")[1]]
    if isinstance(rule, written.FitRule):
        when = conditions.compile(rule.when, f"{path}.when")
        return plan.FitRule(id=rule.id, score=index, path=path, when=when, points=rule.points)
    decay = _decay(rule.decay if rule.decay is not None else score.decay)
    cap = rule.cap or written.Cap.model_construct()
    return plan.BehaviourRule(
        id=rule.id,
        score=index,
        path=path,
        behaviour=conditions.names.behaviours[rule.per],
        points=rule.points,
        decay=decay,
        cap_points=cap.points,
        cap_times=cap.times,
        cap_each=cap.each,
        distinct=rule.distinct,
        keep=_keep(rule, decay, conditions.names.lifecycle.limits.history),
    )


def _decay(decay: written.Decay | None) -> plan.Decay:
    match decay:
        case written.HalfLife():
            return plan.HalfLife(ms=decay.half_life)
        case written.Expires():
            return plan.Steps(steps=(plan.Step(after_ms=decay.expires, keep=0),))
        case written.Steps():
            return plan.Steps(steps=tuple(plan.Step(after_ms=s.after, keep=s.keep) for s in decay.steps))
    return None


def _keep(rule: written.BehaviourRule, decay: plan.Decay, history_ms: int) -> int:
    """Bound the newest timestamps that can matter to a rule's value; 0 where sums are enough.

    A cap in points is filled by the newest events alone: each still gives at least the smallest share of its
    decay that is not nothing, and what gives nothing is followed by older events that give nothing too.
    """
    cap = rule.cap or written.Cap.model_construct()
    if cap.times is None and rule.distinct is None and not isinstance(decay, plan.Steps):
        return 0
    bound = KEEP_OPEN
    if cap.times is not None:
        periods = 1 if cap.each == "ever" else _horizon(decay, history_ms) // DAY_MS + 2
        bound = min(cap.times * periods, KEEP_MOST)
    elif cap.points is not None and not isinstance(decay, plan.HalfLife):
        shares = [step.keep for step in decay.steps if step.keep] if decay else []
        least = abs(rule.points) * min([100, *shares])
        bound = min(-(-cap.points * 100 // least), KEEP_MOST)
    return bound + plan.MARGIN


def _horizon(decay: plan.Decay, history_ms: int) -> int:
    """Return the age after which an event gives nothing; history's length when it always gives something."""
    last = decay.steps[-1] if isinstance(decay, plan.Steps) else None
    return min(last.after_ms, history_ms) if last and not last.keep else history_ms


def compile_scores(lifecycle: Lifecycle, rules: tuple[plan.Rule, ...]) -> tuple[plan.Score, ...]:
    """Resolve the scores; `rules` are those of `compile_rules`."""
    return tuple(
        plan.Score(
            id=name, max=score.max, rules=tuple(i for i, rule in enumerate(rules) if rule.score == index)
        )
        for index, (name, score) in enumerate(lifecycle.scores.items())
    )


def compile_segments(lifecycle: Lifecycle, conditions: Conditions) -> tuple[plan.Segment, ...]:
    """Resolve the segments, in file order."""
    return tuple(_segment(name, segment, conditions) for name, segment in lifecycle.segments.items())


def _segment(name: str, segment: written.Segment, conditions: Conditions) -> plan.Segment:
    path = f"segments.{name}"
    if isinstance(segment, written.ScoreSegment):
        bands = tuple(
            plan.Band(id=band.id, gte=band.gte, when=None, path=f"{path}.bands.{band.id}")
            for band in segment.bands
        )
        return plan.Segment(id=name, of=conditions.names.scores[segment.of], bands=bands)
    bands = tuple(_condition_band(band, f"{path}.when.{band.id}", conditions) for band in segment.when)
    return plan.Segment(id=name, of=None, bands=bands)


def _condition_band(band: written.ConditionBand, path: str, conditions: Conditions) -> plan.Band:
    when = None if band.if_ is None else conditions.compile(band.if_, f"{path}.if")
    return plan.Band(id=band.id, gte=None, when=when, path=path)
