"""Scores, their rules, caps and decay; segments and their bands."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from processors.lifecycle.definition.grammar.conditions import Condition
from processors.lifecycle.definition.grammar.terms import (
    Count,
    Duration,
    FieldName,
    Name,
    Part,
    Percent,
    Points,
    by_key,
)
from processors.strict_yaml.problem import refuse


class HalfLife(Part):
    """Points fade evenly."""

    half_life: Duration
    """After this time half of the points are left."""


class Step(Part):
    """From an age on, a share of the points is left."""

    after: Duration
    """Age of the event."""
    keep: Percent
    """What is left from then on, as in 50%."""


class Steps(Part):
    """Points fade in steps."""

    steps: Annotated[list[Step], Field(min_length=1)]
    """In order of age."""


class Expires(Part):
    """Points vanish at once."""

    expires: Duration
    """Age at which they do."""


def _decay_kind(value: object) -> str | None:
    if value == "none":
        return "<none>"
    kinds = ("half_life", "steps", "expires")
    return next((f"<{kind}>" for kind in kinds if isinstance(value, dict) and kind in value), None)


Decay = Annotated[
    Annotated[Literal["none"], Tag("<none>")]
    | Annotated[HalfLife, Tag("<half_life>")]
    | Annotated[Steps, Tag("<steps>")]
    | Annotated[Expires, Tag("<expires>")],
    Discriminator(_decay_kind, custom_error_type="decay", custom_error_message="not a decay"),
]


class Cap(Part):
    """The most a rule may give: points, or so many times in each day, week or ever."""

    points: Points | None = None
    """The most points, positive; for a rule that takes points away, the most it takes."""
    times: Count | None = None
    """How many events count …"""
    each: Literal["day", "week", "ever"] | None = None
    """… in each of these: the newest ones."""

    @model_validator(mode="after")
    def _has_one_form(self) -> Cap:
        by_points = self.points is not None
        if by_points in (self.times is not None, self.each is not None):
            raise refuse(
                "a cap is by points, or by times in each period",
                "write {points: 30} or {times: 2, each: day}",
            )
        return self


class BehaviourRule(Part):
    """Points for each event of a behaviour."""

    id: Name
    """Names what is stored of the rule; unique in its score."""
    per: Name
    """A behaviour."""
    points: Points
    """For each event; negative takes away."""
    cap: Cap | None = None
    """The most the rule may give."""
    decay: Decay | None = None
    """How its points fade; the score's own decay if absent."""
    distinct: FieldName | None = None
    """Counts each value of this field once, at its newest time."""


class FitRule(Part):
    """Points while a condition holds."""

    id: Name
    """Unique in its score."""
    when: Condition
    """A condition on anything but scores and segments."""
    points: Points
    """While it holds; negative takes away."""


Rule = Annotated[
    Annotated[BehaviourRule, Tag("<per>")] | Annotated[FitRule, Tag("<when>")], by_key("when", "<per>")
]


class Score(Part):
    """A sum of rules."""

    max: Points | None = None
    """The sum is cut off above this."""
    decay: Decay | None = None
    """Default of the rules below; none if absent."""
    rules: Annotated[list[Rule], Field(min_length=1)]
    """What gives or takes points."""


class ScoreBand(Part):
    """A band of a score."""

    id: Name
    """Unique in its segment."""
    gte: Points | None = None
    """From so many points on; the last band may leave it out and takes the rest."""


class ConditionBand(Part):
    """A band given by a condition."""

    id: Name
    """Unique in its segment."""
    if_: Condition | None = Field(alias="if", default=None)
    """When it applies; the last band may leave it out and takes the rest."""


class ScoreSegment(Part):
    """Bands of a score."""

    of: Name
    """A score, or `total`."""
    bands: Annotated[list[ScoreBand], Field(min_length=1)]
    """Highest first; the first that matches."""


class ConditionSegment(Part):
    """Bands given by conditions."""

    when: Annotated[list[ConditionBand], Field(min_length=1)]
    """The first that holds."""


Segment = Annotated[
    Annotated[ScoreSegment, Tag("<of>")] | Annotated[ConditionSegment, Tag("<when>")],
    by_key("when", "<of>"),
]
