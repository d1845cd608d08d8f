"""What scores can reach, and whether thresholds, caps and decays make sense with it."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from processors.lifecycle.definition.grammar import conditions as written
from processors.lifecycle.definition.grammar.scoring import BehaviourRule, ScoreSegment, Steps
from processors.lifecycle.words import points as in_points

if TYPE_CHECKING:
    from processors.lifecycle.definition.checks.file import File
    from processors.lifecycle.definition.grammar.scoring import FitRule, Score
    from processors.lifecycle.definition.grammar.value_tests import PointsTest
    from processors.strict_yaml.source import Path

Range = tuple[float, float]  # lowest and highest, in thousandths; only compared, never stored


def check_thresholds(file: File) -> None:
    """Refuse tests of a score that no score can pass."""
    for path, node in file.conditions:
        if not isinstance(node, written.Score):
            continue
        for name, test in node.score.items():
            reach = _reach(file, name)
            (op, bound) = ("eq", test) if isinstance(test, int) else _only(test)
            if reach is not None and not _possible(op, bound, reach):
                place: Path = (*path, "score", name)
                place = place if isinstance(test, int) else (*place, op)
                file.refuse(place, *_never(name, op, bound, reach))
    for name, segment in file.lifecycle.segments.items():
        if isinstance(segment, ScoreSegment):
            reach = _reach(file, segment.of)
            for i, band in enumerate(segment.bands):
                if reach is not None and band.gte is not None and band.gte > reach[1]:
                    place = ("segments", name, "bands", i, "gte")
                    file.refuse(place, *_never(segment.of, "gte", band.gte, reach))


def _only(test: PointsTest) -> tuple[str, int]:
    (op,) = test.model_fields_set
    return op, getattr(test, op)


def _possible(op: str, bound: int, reach: Range) -> bool:
    low, high = reach
    match op:
        case "gte":
            return high >= bound
        case "gt":
            return high > bound
        case "lte":
            return low <= bound
        case "lt":
            return low < bound
        case "eq":
            return low <= bound <= high
    return True


def _never(name: str, op: str, bound: int, reach: Range) -> tuple[str, str]:
    above = bound >= reach[1]
    limit, word = (reach[1], "most") if above else (reach[0], "least")
    text = in_points(int(limit))
    sign = {"gte": "≥ ", "gt": "> ", "lte": "≤ ", "lt": "< "}.get(op, "")
    remedy = f"ask for {text} or {'less' if above else 'more'}, or change the points of its rules"
    return f"this never holds: {name} is at {word} {text}, not {sign}{in_points(bound)}", remedy


def _reach(file: File, name: str) -> Range | None:
    """Return the lowest and highest value of a score; None for one that is not declared."""
    if name == "total":
        ranges = [_range(file, score) for score in file.lifecycle.scores.values()]
        return sum(low for low, _ in ranges), sum(high for _, high in ranges)
    score = file.lifecycle.scores.get(name)
    return None if score is None else _range(file, score)


def _range(file: File, score: Score) -> Range:
    ends = [_end(file, rule) for rule in score.rules]
    low, high = sum(end for end in ends if end < 0), sum(end for end in ends if end > 0)
    return (low, high) if score.max is None else (min(low, score.max), min(high, score.max))


def _end(file: File, rule: BehaviourRule | FitRule) -> float:
    """Return the most a rule can give, or take away."""
    if not isinstance(rule, BehaviourRule):
        return rule.points
    cap = rule.cap
    bounds = [inf]
    if cap is not None and cap.points is not None:
        bounds.append(cap.points)
    if cap is not None and cap.each == "ever":
        bounds.append(abs(rule.points) * (cap.times or 0))
    if rule.distinct is not None:
        bounds.append(abs(rule.points) * values_of(file, rule.per, rule.distinct))
    return min(bounds) if rule.points > 0 else -min(bounds)


def values_of(file: File, behaviour: str, field: str) -> float:
    """Return how many different values a field of a behaviour's events can have."""
    values: set[object] = set()
    for part in file.filters(behaviour):
        kind = file.events.get(part.event, {}).get(field)
        if kind is None or kind.kind not in {"enum", "boolean"}:
            return inf
        values |= set(kind.symbols) if kind.kind == "enum" else {True, False}
    return len(values) or inf


def check_rules(file: File) -> None:
    """Refuse rules that give nothing, caps below one event, steps that go up again."""
    for name, score in file.lifecycle.scores.items():
        place: Path = ("scores", name)
        if score.max is not None and score.max <= 0:
            file.refuse((*place, "max"), "a score that is cut off at 0 or below gives nothing", "raise it")
        _check_decay(file, (*place, "decay"), score.decay)
        for i, rule in enumerate(score.rules):
            here: Path = (*place, "rules", i)
            if rule.points == 0:
                file.refuse((*here, "points"), "0 points do nothing", "give it points, or remove it")
            elif isinstance(rule, BehaviourRule):
                _check_cap(file, here, rule)
                _check_decay(file, (*here, "decay"), rule.decay)


def _check_cap(file: File, path: Path, rule: BehaviourRule) -> None:
    if rule.cap is None or rule.cap.points is None:
        return
    one, most = abs(rule.points), rule.cap.points
    if most < one:
        message = f"the cap of {in_points(most)} is below one event's {in_points(one)} points"
        file.refuse(
            (*path, "cap", "points"), message, f"raise it to {in_points(one)} at least, or lower the points"
        )


def _check_decay(file: File, path: Path, decay: object) -> None:
    if not isinstance(decay, Steps):
        return
    before = (0, 100)
    for i, step in enumerate(decay.steps):
        if step.after <= before[0]:
            file.refuse((*path, "steps", i, "after"), "steps must be in order of age", "sort them by 'after'")
            return
        if step.keep >= before[1]:
            message = f"this step keeps {step.keep}%, the one before it {before[1]}%"
            file.refuse((*path, "steps", i, "keep"), message, "let each step keep less than the one before")
            return
        before = (step.after, step.keep)
