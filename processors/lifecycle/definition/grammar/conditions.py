"""Conditions as they are written: a criterion's name, or a mapping with one key."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from processors.lifecycle.definition.grammar.terms import (
    Count,
    CountFromZero,
    Duration,
    FieldName,
    Name,
    Part,
    by_shape,
)
from processors.lifecycle.definition.grammar.value_tests import PointsTestOrScalar, TestOrScalar
from processors.strict_yaml.problem import refuse


class DidTerms(Part):
    """How often something was done. With no number: at least once."""

    what: Name
    """A behaviour."""
    at_least: Count | None = None
    """So often or more."""
    more_than: CountFromZero | None = None
    """More often than this."""
    at_most: CountFromZero | None = None
    """No more often than this."""
    within: Duration | None = None
    """Only the time up to now counts, to the millisecond; as long as history is kept if absent."""
    since: Literal["ever", "stage_entry", "recycled"] = "ever"
    """Only what was done after this counts."""
    distinct: FieldName | None = None
    """Counts different values of this field instead of events."""

    @model_validator(mode="after")
    def _has_one_number(self) -> DidTerms:
        given = [name for name in ("at_least", "more_than", "at_most") if name in self.model_fields_set]
        if len(given) > 1:
            raise refuse(
                f"{' and '.join(given)} cannot stand together", "keep one; join two 'did' with 'all:'"
            )
        return self


class DidNotTerms(Part):
    """What was not done, and for how long."""

    what: Name
    """A behaviour."""
    for_: Duration = Field(alias="for")
    """How long it has been quiet."""


class ActiveTerms(Part):
    """Active in k of the last n weeks or days."""

    what: Name
    """A behaviour."""
    in_weeks: Count | None = None
    """So many ISO weeks, the current one included."""
    in_days: Count | None = None
    """So many calendar days, today included."""
    of: Count
    """Of the last so many."""

    @model_validator(mode="after")
    def _has_one_unit(self) -> ActiveTerms:
        if (self.in_weeks is None) == (self.in_days is None):
            raise refuse("'active' needs 'in_weeks' or 'in_days', one of them", "write {in_weeks: 3, of: 4}")
        return self


class DealTests(Part):
    """An open deal for which every test holds."""

    amount: TestOrScalar = None
    """Tests the deal's amount, in its own currency."""
    stage: TestOrScalar = None
    """Tests the deal's stage in the sales system."""

    @model_validator(mode="after")
    def _has_a_test(self) -> DealTests:
        if not self.model_fields_set:
            raise refuse(
                "a deal is tested by 'amount', 'stage' or both", "write {deal: {amount: {gte: 1000}}}"
            )
        return self


class All(Part):
    """Every one holds."""

    all: Annotated[list[Condition], Field(min_length=1)]


class AnyOf(Part):
    """At least one holds."""

    any: Annotated[list[Condition], Field(min_length=1)]


class Not(Part):
    """It does not hold."""

    not_: Condition = Field(alias="not")


class Did(Part):
    """Something was done often enough."""

    did: DidTerms


class DidNot(Part):
    """Something was not done for a time; a contact younger than that has not been quiet so long."""

    did_not: DidNotTerms


class Active(Part):
    """Something was done in k of the last n weeks or days."""

    active: ActiveTerms


class Profile(Part):
    """Profile fields pass their tests, all of them."""

    profile: Annotated[dict[FieldName, TestOrScalar], Field(min_length=1)]


class Score(Part):
    """Scores, or `total`, pass their tests, all of them."""

    score: Annotated[dict[Name, PointsTestOrScalar], Field(min_length=1)]


class Last(Part):
    """Fields of the newest event of a type (`event.field`) pass their tests, all of them."""

    last: Annotated[dict[str, TestOrScalar], Field(min_length=1)]


class Deal(Part):
    """The state of the contact's deals."""

    deal: Annotated[
        Annotated[Literal["open", "won", "all_lost"], Tag("<word>")] | Annotated[DealTests, Tag("<tests>")],
        by_shape("<tests>", "<word>"),
    ]


class Reached(Part):
    """The contact has ever entered that stage, in any cycle."""

    reached: Name


class Segment(Part):
    """The contact is in that band of a segment."""

    segment: Annotated[dict[Name, Name], Field(min_length=1)]


class InStageFor(Part):
    """So long in the present stage."""

    in_stage_for: Duration


class Handoff(Part):
    """The state of the contact's current hand-off."""

    handoff: Literal["accepted", "rejected", "expired"]


KINDS = {
    "all": All, "any": AnyOf, "not": Not, "did": Did, "did_not": DidNot, "active": Active, "profile": Profile,
    "score": Score, "last": Last, "deal": Deal, "reached": Reached, "segment": Segment,
    "in_stage_for": InStageFor, "handoff": Handoff,
}  # fmt: skip
Node = (
    All
    | AnyOf
    | Not
    | Did
    | DidNot
    | Active
    | Profile
    | Score
    | Last
    | Deal
    | Reached
    | Segment
    | InStageFor
    | Handoff
)


def _kind(value: Any) -> str | None:  # noqa: ANN401 - whatever the file has here
    if isinstance(value, str):
        return "<name>"
    if isinstance(value, dict) and len(value) == 1:
        kind = next(iter(value))
        return f"<{kind}>" if kind in KINDS else None
    return None


Condition = Annotated[
    Annotated[Name, Tag("<name>")]
    | Annotated[All, Tag("<all>")]
    | Annotated[AnyOf, Tag("<any>")]
    | Annotated[Not, Tag("<not>")]
    | Annotated[Did, Tag("<did>")]
    | Annotated[DidNot, Tag("<did_not>")]
    | Annotated[Active, Tag("<active>")]
    | Annotated[Profile, Tag("<profile>")]
    | Annotated[Score, Tag("<score>")]
    | Annotated[Last, Tag("<last>")]
    | Annotated[Deal, Tag("<deal>")]
    | Annotated[Reached, Tag("<reached>")]
    | Annotated[Segment, Tag("<segment>")]
    | Annotated[InStageFor, Tag("<in_stage_for>")]
    | Annotated[Handoff, Tag("<handoff>")],
    Discriminator(_kind, custom_error_type="condition", custom_error_message="not a condition"),
]
