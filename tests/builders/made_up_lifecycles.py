"""Made-up lifecycle files: whatever the grammar allows, in small numbers, so that thresholds are met.

A seed decides everything. About half of them are refused, like files of people who have not read the manual.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

from processors.lifecycle.definition.load import Loaded, load
from tests.builders.made_up_conditions import Chance, Conditions
from tests.builders.made_up_words import (
    BEHAVIOURS,
    DEAL_TESTS,
    DISTINCT,
    EVENTS,
    HOURS,
    LISTS,
    PROFILE,
    PROFILE_TESTS,
    STAYS,
)


def source_of(seed: int) -> bytes:
    """Write the file of a seed: JSON is YAML, too."""
    return json.dumps(_Author(Chance(Random(seed))).lifecycle(), indent=1).encode()  # noqa: S311 - not for secrets


def loaded_from(seed: int) -> Loaded:
    """Read the file of a seed."""
    return load(source_of(seed), f"made-up-{seed}.yaml")


class _Author:
    """Writes one file."""

    def __init__(self, chance: Chance) -> None:
        self._chance, self._one = chance, chance.one
        self._stages = [f"s{number}" for number in range(chance.random.randint(1, 5))]
        self._aside = [f"aside{number}" for number in range(chance.upto(2))]
        self._side = [f"t{number}" for number in range(1 + chance.upto(2))] if chance.seldom() else []
        everywhere = (*self._stages, *self._aside, *self._side)
        self._handoffs = {name: self._handoff() for name in everywhere if chance.seldom()}
        self._conditions = Conditions(chance, everywhere)

    def lifecycle(self) -> dict[str, Any]:
        told: dict[str, Any] = {"lifecycle": 1, "id": "made-up", "version": "1.0.0"}
        told["timezone"] = self._one("UTC", "Europe/London", "America/New_York", "Asia/Kolkata")
        told["limits"] = {"dedupe_keep": self._one(16, 64, 128), "history": "400d", "future_skew": "5m"}
        if self._chance.often():
            told["business_hours"] = HOURS
        told |= {"events": EVENTS, "profile": PROFILE, "lists": LISTS, "behaviours": BEHAVIOURS}
        told["scores"] = self._all_scores()
        told["criteria"] = self._all_criteria()
        self._conditions.ends = self._ends([*self._stages, *self._aside])
        told["segments"] = self._all_segments()
        told["stages"] = self._ladder(self._stages, self._aside)
        if self._chance.seldom():
            told["company"] = self._company(told["stages"])
        if self._side:
            self._conditions.ends = self._ends(self._side)
            told["tracks"] = {"side": {"stages": self._ladder(self._side, [])}}
        return told

    def _company(self, stages: list[dict[str, Any]]) -> dict[str, Any]:
        told: dict[str, Any] = {"stage": {"max_of": self._one("contacts", "active_contacts")}}
        if self._chance.often():
            one = stages[len(self._stages) - 1]
            one["enter"] = {"any": [{"deal": self._one("open", "won")}, one["enter"]]}
            told["floor"] = "deals"
        return told

    def _ends(self, ladder: list[str]) -> tuple[str, ...]:
        """How a hand-off of a ladder may end."""
        asked = [self._handoffs[name] for name in ladder if name in self._handoffs]
        expires = any(step["do"] == "expire" for one in asked for step in one.get("on_breach", ()))
        return (("accepted", "rejected") if asked else ()) + (("expired",) if expires else ())

    def _all_scores(self) -> dict[str, Any]:
        told: dict[str, Any] = {name: self._score() for name in ("one", "two")[: self._chance.upto(2)]}
        if told and self._chance.often():
            told["fit"] = {"rules": [self._fit_rule(number) for number in range(self._chance.upto(3) + 1)]}
        self._conditions.scores = tuple(told)
        return told

    def _score(self) -> dict[str, Any]:
        rules = [self._rule(number) for number in range(1 + self._chance.upto(4))]
        told: dict[str, Any] = {"rules": rules}
        if self._chance.often():
            told["decay"] = self._decay()
        if self._chance.seldom():
            told["max"] = self._one(10, 30, 100)
        return told

    def _rule(self, number: int) -> dict[str, Any]:
        per = self._one(*BEHAVIOURS)
        points = self._one(1, 2.5, 10, 40, -5, -0.5)
        told: dict[str, Any] = {"id": f"r{number}", "per": per, "points": points}
        if self._chance.seldom():
            times = {"times": self._one(1, 2, 3), "each": self._one("day", "week", "ever")}
            told["cap"] = self._one({"points": abs(points) * self._one(1, 2, 3)}, times)
        if per in DISTINCT and self._chance.seldom():
            told["distinct"] = DISTINCT[per]
        if self._chance.seldom():
            told["decay"] = self._decay()
        return told

    def _fit_rule(self, number: int) -> dict[str, Any]:
        conditions = self._conditions
        when = self._one(
            {"profile": self._one(*PROFILE_TESTS)}, conditions.did(), {"deal": self._one(*DEAL_TESTS)},
            conditions.active(), conditions.any_of_them(1),
        )  # fmt: skip
        return {"id": f"f{number}", "when": when, "points": self._one(5, 20, -10)}

    def _decay(self) -> Any:  # noqa: ANN401 - JSON
        steps = [{"after": "7d", "keep": "50%"}, {"after": "30d", "keep": self._one("0%", "20%")}]
        return self._one(
            "none",
            {"half_life": self._one("1d", "7d", "30d")},
            {"steps": steps},
            {"expires": self._one("1d", "30d")},
        )

    def _all_segments(self) -> dict[str, Any]:
        told: dict[str, Any] = {}
        scores, condition = self._conditions.scores, self._conditions.any_of_them
        if scores and self._chance.often():
            bands = [{"id": "hot", "gte": self._one(5, 20)}, {"id": "warm", "gte": 1}]
            bands += [{"id": "cold"}] if self._chance.often() else []
            told["heat"] = {"of": self._one("total", *scores), "bands": bands}
            self._conditions.segments["heat"] = [band["id"] for band in bands]
        if self._chance.often():
            bands = [{"id": f"b{number}", "if": condition(1)} for number in range(1 + self._chance.upto(2))]
            bands += [{"id": "rest"}] if self._chance.often() else []
            told["next"] = {"when": bands}
            self._conditions.segments["next"] = [band["id"] for band in bands]
        return told

    def _all_criteria(self) -> dict[str, Any]:
        told = {}
        for number in range(self._chance.upto(3)):
            told[f"c{number}"] = self._conditions.any_of_them(2)
            self._conditions.criteria.append(f"c{number}")
        return told

    def _ladder(self, names: list[str], aside: list[str]) -> list[dict[str, Any]]:
        ladder = [self._stage(name, [*names[:rank], *aside]) for rank, name in enumerate(names)]
        for name in aside:
            way = self._one(*ladder)
            way.pop("terminal", None)
            way.setdefault("leave", []).append(self._leave([name]))
        return ladder + [self._detour(name, names) for name in aside]

    def _stage(self, name: str, away: list[str]) -> dict[str, Any]:
        told: dict[str, Any] = {"id": name, "owner": self._one("marketing", "sales")}
        if name == "s0" and self._chance.often():
            told["enter"] = {"did": {"what": "anything"}}
        else:
            told["enter"] = self._conditions.any_of_them(2)
        leave = [self._leave(away) for _ in range(self._chance.upto(3))] if away else []
        told |= {"leave": leave} if leave else {"terminal": True}
        if name in self._handoffs:
            told["handoff"] = self._handoffs[name]
        if self._chance.seldom():
            told["statuses"] = ["new", "working", "done"]
        return told

    def _handoff(self) -> dict[str, Any]:
        told: dict[str, Any] = {"to": self._one("sales", "success"), "clock": self._one("business", "wall")}
        if self._chance.often():
            told |= {"accept_within": self._one("4h", "2d"), "remind": self._one("1h", "3h")}
            second = {"after": "9d", "do": self._one("expire", "alert")}
            told["on_breach"] = [{"after": "3d", "do": self._one("expire", "escalate", "reassign")}, second]
            if told["on_breach"][0]["do"] == "expire":
                del told["on_breach"][1]
        return told

    def _detour(self, name: str, back_to: list[str]) -> dict[str, Any]:
        told: dict[str, Any] = {"id": name, "detour": True, "owner": "marketing"}
        if name in self._handoffs:
            told["handoff"] = self._handoffs[name]
        if self._chance.often():
            return told | {"leave": [self._leave(back_to)]}
        return told | {"terminal": True}

    def _leave(self, away: list[str]) -> dict[str, Any]:
        told: dict[str, Any] = {"goto": self._one(*away), "reason": "made up"}
        if self._chance.often():
            told["when"] = self._conditions.any_of_them(2)
        if "when" not in told or self._chance.seldom():
            told["after"] = self._one(*STAYS)
        if self._chance.seldom():
            told["reset"] = self._chance.random.sample([*self._conditions.scores, "counts"], 1)
        return told
