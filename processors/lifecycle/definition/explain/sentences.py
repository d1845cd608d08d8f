"""Conditions, tests, rules and behaviours as a person says them; names of the file stand in quotes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from processors.lifecycle.definition.grammar import conditions as written
from processors.lifecycle.definition.grammar.lifecycle import EventFilter
from processors.lifecycle.definition.grammar.scoring import BehaviourRule, Expires, HalfLife, Steps
from processors.lifecycle.definition.values import operator
from processors.lifecycle.words import duration, plural, points

if TYPE_CHECKING:
    from collections.abc import Sequence

    from processors.lifecycle.definition.grammar.lifecycle import Behaviour
    from processors.lifecycle.definition.grammar.scoring import Cap, Decay, FitRule, Score

OPERATORS = {
    "eq": "is", "ne": "is not", "in": "is one of", "not_in": "is none of", "gte": "is at least",
    "gt": "is more than", "lte": "is at most", "lt": "is less than", "starts_with": "begins with",
    "ends_with": "ends with", "contains": "contains", "contains_any": "contains one of",
    "path": "has the path",
}  # fmt: skip
TIMES = {"gte": "is not before", "gt": "is after", "lte": "is not after", "lt": "is before"}
SINCE = {"ever": "", "stage_entry": " since entering the stage", "recycled": " since last recycled"}
DEALS = {"open": "a deal is open", "won": "a deal is won", "all_lost": "every deal is lost"}


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence, and those it is made of."""

    text: str
    parts: tuple[Said, ...] = ()

    @property
    def flat(self) -> str:
        """All of it on one line."""
        if not self.parts:
            return self.text
        if self.text == "not":
            return f"not ({self.parts[0].flat})"
        join = "; or " if self.text == "any of" else "; and "
        return join.join(f"({part.flat})" if part.parts else part.flat for part in self.parts)


def condition(node: str | written.Node) -> Said:
    """Say a condition."""
    match node:
        case str():
            return Said(quoted(node))
        case written.All():
            return Said("all of", tuple(map(condition, node.all)))
        case written.AnyOf():
            return Said("any of", tuple(map(condition, node.any)))
        case written.Not():
            inner = condition(node.not_)
            return Said("not", (inner,)) if inner.parts else Said(f"not: {inner.text}")
    return Said(_fact(node))


def _fact(node: written.Node) -> str:
    match node:
        case written.Did(did=terms):
            said = _did(terms)
        case written.DidNot(did_not=terms):
            said = f"no {quoted(terms.what)} for {duration(terms.for_)}"
        case written.Active(active=terms):
            wanted, unit = (terms.in_weeks, "week") if terms.in_weeks else (terms.in_days, "day")
            said = f"{quoted(terms.what)} in {wanted} of the last {plural(terms.of, unit)}"
        case written.InStageFor():
            said = f"in the stage for {duration(node.in_stage_for)}"
        case written.Reached():
            said = f"has ever been {quoted(node.reached)}"
        case written.Handoff():
            said = f"the hand-off is {node.handoff}"
        case _:
            said = _tested(node)
    return said


def _tested(node: written.Node) -> str:
    match node:
        case written.Profile():
            return listed([test(name, one) for name, one in node.profile.items()])
        case written.Last():
            return listed([test(_last(name), one) for name, one in node.last.items()])
        case written.Score():
            return listed([_score(name, one) for name, one in node.score.items()])
        case written.Segment():
            return listed([f"{name} is {quoted(band)}" for name, band in node.segment.items()])
        case written.Deal(deal=written.DealTests() as tests):
            given = [
                test(f"its {name}", getattr(tests, name))
                for name in ("amount", "stage")
                if name in tests.model_fields_set
            ]
            return f"a deal is open and {listed(given)}"
        case written.Deal():
            return DEALS[str(node.deal)]
    raise TypeError(type(node).__name__)


def _last(name: str) -> str:
    event, _, field = name.partition(".")
    return f"the {field} of the last {event}"


def _did(terms: written.DidTerms) -> str:
    within = f" within {duration(terms.within)}" if terms.within else ""
    if terms.distinct is not None:
        what = f"different {terms.distinct} of {quoted(terms.what)}"
        return f"{_how_many(terms)} {what}{within}{SINCE[terms.since]}"
    if terms.at_most is not None:
        often = "never" if terms.at_most == 0 else f"at most {plural(terms.at_most, 'time')}"
    elif terms.more_than is not None:
        often = f"more than {plural(terms.more_than, 'time')}"
    else:
        often = f"at least {plural(terms.at_least, 'time')}" if terms.at_least else "at least once"
    return f"{quoted(terms.what)} {often}{within}{SINCE[terms.since]}"


def _how_many(terms: written.DidTerms) -> str:
    """Say how many different values."""
    if terms.at_most is not None:
        return f"at most {terms.at_most}"
    return (
        f"more than {terms.more_than}" if terms.more_than is not None else f"at least {terms.at_least or 1}"
    )


def test(name: str, one: object) -> str:
    """Say a test of a field."""
    op, operand = operator(one)
    if op == "exists":
        return f"{name} is {'known' if operand else 'not known'}"
    words = TIMES[op] if isinstance(operand, str) and op in TIMES else OPERATORS[op]
    return f"{name} {words} {_value(operand)}"


def _score(name: str, one: object) -> str:
    if isinstance(one, int):
        return f"{name} is {points(one)}"
    (op,) = one.model_fields_set  # type: ignore[attr-defined]  # the other kind of a score's test
    return f"{name} {OPERATORS[op]} {points(getattr(one, op))}"


def _value(value: object) -> str:
    if isinstance(value, list):
        return listed([_value(one) for one in value], "or")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, Decimal)):
        return f"{value:,}"
    text = str(value)
    return f"the list {quoted(text[1:])}" if text.startswith("$") else quoted(text)


def behaviour(one: Behaviour) -> str:
    """Say what a behaviour is."""
    if not isinstance(one, EventFilter):
        return f"any of {listed([quoted(part) for part in one.any_of])}"
    where = listed([test(name, asked) for name, asked in one.where.items()])
    return f"{one.event} where {where}" if where else one.event


def rule(one: BehaviourRule | FitRule, score: Score) -> str:
    """Say what gives or takes points."""
    verb = "gives" if one.points > 0 else "takes away"
    given = f"{verb} {points(abs(one.points))}"
    if not isinstance(one, BehaviourRule):
        return f"{given} while {condition(one.when).flat}"
    each = (
        f"each different {one.distinct} of {quoted(one.per)}" if one.distinct else f"each {quoted(one.per)}"
    )
    decay = one.decay if one.decay is not None else score.decay
    return f"{each} {given}{_cap(one.cap)}{_decay(decay)}"


def _cap(cap: Cap | None) -> str:
    if cap is None:
        return ""
    if cap.points is not None:
        return f", at most {points(cap.points)} in all"
    period = "in all" if cap.each == "ever" else f"a {cap.each}"
    return f", at most {plural(cap.times or 0, 'time')} {period}"


def _decay(decay: Decay | None) -> str:
    match decay:
        case HalfLife():
            return f"; half is left after {duration(decay.half_life)}"
        case Expires():
            return f"; gone after {duration(decay.expires)}"
        case Steps():
            steps = [f"{step.keep}% is left after {duration(step.after)}" for step in decay.steps]
            return f"; {listed(steps)}"
    return ""


def quoted(name: str) -> str:
    """Set a name of the file off from the words around it."""
    return f"“{name}”"


def listed(words: Sequence[str], last: str = "and") -> str:
    """Join words as a sentence does."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
