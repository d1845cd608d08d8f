"""Made-up conditions: every kind there is, over what a made-up file has named so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.builders.made_up_words import (
    BEHAVIOURS,
    DEAL_TESTS,
    DISTINCT,
    LAST_TESTS,
    PROFILE_TESTS,
    SPANS,
    STAYS,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from random import Random

    Condition = Any


class Chance:
    """Picks."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def one(self, *among: Any) -> Any:  # noqa: ANN401 - JSON
        return self.random.choice(among)

    def upto(self, most: int) -> int:
        return self.random.randint(0, most)

    def often(self) -> bool:
        return self.random.random() < 0.7

    def seldom(self) -> bool:
        return self.random.random() < 0.3


class Conditions:
    """Makes them. Scores, segments with their bands and criteria may be named once they are known.

    `ends`: how a hand-off of the ladder may end that is written at.
    """

    def __init__(self, chance: Chance, stages: Iterable[str]) -> None:
        self._chance, self._stages = chance, tuple(stages)
        self.scores: tuple[str, ...] = ()
        self.segments: dict[str, list[str]] = {}
        self.criteria: list[str] = []
        self.ends: tuple[str, ...] = ()

    def any_of_them(self, depth: int) -> Condition:
        """Make one, with at most `depth` levels of `all`, `any` and `not` around its leaves."""
        one = self._chance.one
        if depth and self._chance.random.random() < 0.35:
            inside = [self.any_of_them(depth - 1) for _ in range(1 + self._chance.upto(2))]
            return one({"all": inside}, {"any": inside}, {"not": inside[0]})
        kinds: list[Callable[[], Condition]] = [
            self.did, self.did, self.did, self.did_not, self.active,
            lambda: {"profile": one(*PROFILE_TESTS)},
            lambda: {"last": one(*LAST_TESTS)},
            lambda: {"deal": one(*DEAL_TESTS)},
            lambda: {"reached": one(*self._stages)},
            lambda: {"in_stage_for": one(*STAYS)},
        ]  # fmt: skip
        if self.ends:
            kinds.append(lambda: {"handoff": one(*self.ends)})
        if self.scores:
            kinds += [self._score, self._score]
        if self.segments:
            kinds.append(self._band)
        if self.criteria:
            kinds.append(lambda: one(*self.criteria))
        return one(*kinds)()

    def did(self) -> Condition:
        one = self._chance.one
        what = one(*BEHAVIOURS)
        told: dict[str, Any] = {"what": what}
        if self._chance.often():
            told[one("at_least", "at_least", "more_than", "at_most")] = one(1, 2, 3)
        if self._chance.often():
            told["within"] = one(*SPANS)
        if self._chance.seldom():
            told["since"] = one("ever", "stage_entry", "recycled")
        if what in DISTINCT and self._chance.seldom():
            told["distinct"] = DISTINCT[what]
        return {"did": told}

    def did_not(self) -> Condition:
        return {"did_not": {"what": self._chance.one(*BEHAVIOURS), "for": self._chance.one(*STAYS)}}

    def active(self) -> Condition:
        one = self._chance.one
        return {"active": {"what": one(*BEHAVIOURS), one("in_weeks", "in_days"): 2, "of": one(2, 3, 5)}}

    def _score(self) -> Condition:
        one = self._chance.one
        names = self._chance.random.sample(("total", *self.scores), one(1, 1, 2))
        tests = {
            name: {one("gte", "gte", "gt", "lt", "lte", "eq", "ne"): one(0, 1, 5, 10, 12.5, 20)}
            for name in names
        }
        return {"score": tests}

    def _band(self) -> Condition:
        segment = self._chance.one(*self.segments)
        return {"segment": {segment: self._chance.one(*self.segments[segment])}}
