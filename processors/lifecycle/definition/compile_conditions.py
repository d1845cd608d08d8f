"""Conditions → plan: criteria inlined where they are used, names replaced by indices, counters collected.

Every node's `path` is where a reader finds it in the file; what a criterion holds keeps the criterion's path.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from processors.lifecycle import plan
from processors.lifecycle.definition import vocabulary
from processors.lifecycle.definition.grammar import conditions as written
from processors.lifecycle.definition.values import plan_test

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from processors.lifecycle.definition.accumulators import Accumulators
    from processors.lifecycle.definition.grammar.lifecycle import Lifecycle
    from processors.lifecycle.definition.grammar.value_tests import PointsTest


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Where each name of a checked file stands in the plan."""

    lifecycle: Lifecycle
    behaviours: Mapping[str, int]
    scores: Mapping[str, int]  # with `total`
    segments: Mapping[str, int]
    stages: Mapping[str, int]
    events: Mapping[str, vocabulary.Fields]
    profile: vocabulary.Fields


@dataclass(frozen=True, slots=True)
class Conditions:
    """Compiles conditions of one file."""

    names: Names
    needs: Accumulators

    def compile(self, node: str | written.Node, path: str) -> plan.Condition:
        """Resolve one condition; `path` is where it stands."""
        match node:
            case str():
                compiled = self.compile(self.names.lifecycle.criteria[node], f"criteria.{node}")
            case written.All():
                compiled = plan.All(of=self._each(node.all, f"{path}.all"), path=path)
            case written.AnyOf():
                compiled = plan.AnyOf(of=self._each(node.any, f"{path}.any"), path=path)
            case written.Not():
                compiled = plan.Not(of=self.compile(node.not_, f"{path}.not"), path=path)
            case written.Did() | written.DidNot() | written.Active():
                compiled = self._history(node, path)
            case written.Profile() | written.Score() | written.Last() | written.Segment():
                compiled = _join([self._entry(node, key, path) for key in _entries(node)], path)
            case _:
                compiled = self._state(node, path)
        return compiled

    def _each(self, nodes: Sequence[str | written.Node], path: str) -> tuple[plan.Condition, ...]:
        return tuple(self.compile(node, f"{path}[{i}]") for i, node in enumerate(nodes))

    def _history(self, node: written.Did | written.DidNot | written.Active, path: str) -> plan.Condition:
        match node:
            case written.Did(did=terms):
                return self._did(terms, path)
            case written.DidNot(did_not=terms):
                counter = self.needs.counter(self.names.behaviours[terms.what], None, 1)
                return plan.DidNot(counter=counter, for_ms=terms.for_, path=path)
            case written.Active(active=terms):
                behaviour = self.names.behaviours[terms.what]
                calendar = self.needs.calendar(behaviour, "week" if terms.in_weeks else "day", terms.of)
                periods = terms.in_weeks or terms.in_days or 1
                return plan.Active(calendar=calendar, periods=periods, of=terms.of, path=path)

    def _did(self, terms: written.DidTerms, path: str) -> plan.Did:
        if terms.at_most is not None:
            op, n, count = "at_most", terms.at_most, terms.at_most + 1
        else:
            n = terms.more_than + 1 if terms.more_than is not None else terms.at_least or 1
            op, count = "at_least", n
        counter = self.needs.counter(self.names.behaviours[terms.what], terms.distinct, count)
        return plan.Did(
            counter=counter,
            op="at_least" if op == "at_least" else "at_most",
            n=n,
            within_ms=terms.within,
            since=terms.since,
            path=path,
        )

    def _entry(
        self, node: written.Profile | written.Score | written.Last | written.Segment, key: str, path: str
    ) -> plan.Condition:
        names, lists = self.names, self.names.lifecycle.lists
        match node:
            case written.Profile(profile=tests):
                self.needs.profile(key)
                test = plan_test(key, tests[key], names.profile[key], lists)
                return plan.ProfileTest(test=test, path=path)
            case written.Score(score=tests):
                return _score_test(names.scores[key], tests[key], path)
            case written.Last(last=tests):
                event, _, name = key.partition(".")
                self.needs.last(event, name)
                test = plan_test(name, tests[key], names.events[event][name], lists)
                return plan.LastTest(event=event, test=test, path=path)
            case written.Segment(segment=bands):
                return plan.InBand(segment=names.segments[key], band=bands[key], path=path)

    def _state(
        self, node: written.Deal | written.Reached | written.InStageFor | written.Handoff, path: str
    ) -> plan.Condition:
        match node:
            case written.Deal():
                return self._deal(node.deal, path)
            case written.Reached():
                return plan.Reached(stage=self.names.stages[node.reached], path=path)
            case written.InStageFor():
                return plan.InStageFor(ms=node.in_stage_for, path=path)
            case written.Handoff():
                return plan.HandoffIs(status=node.handoff, path=path)

    def _deal(
        self, deal: Literal["open", "won", "all_lost"] | written.DealTests, path: str
    ) -> plan.Condition:
        if not isinstance(deal, written.DealTests):
            return plan.Deal(is_=deal, tests=(), path=path)
        lists = self.names.lifecycle.lists
        tests = tuple(
            plan_test(name, getattr(deal, name), kind, lists)
            for name, kind in vocabulary.DEAL_FIELDS.items()
            if name in deal.model_fields_set
        )
        return plan.Deal(is_="matching", tests=tests, path=path)


def _entries(node: written.Profile | written.Score | written.Last | written.Segment) -> list[str]:
    (entries,) = (getattr(node, name) for name in type(node).model_fields)
    return list(entries)


def _join(conditions: Sequence[plan.Condition], path: str) -> plan.Condition:
    return conditions[0] if len(conditions) == 1 else plan.All(of=tuple(conditions), path=path)


def _score_test(score: int, test: PointsTest | int, path: str) -> plan.ScoreTest:
    if isinstance(test, int):
        return plan.ScoreTest(score=score, op="eq", value=test, path=path)
    (op,) = test.model_fields_set
    return plan.ScoreTest(score=score, op=op, value=getattr(test, op), path=path)  # type: ignore[arg-type]  # the model's fields are the operators
