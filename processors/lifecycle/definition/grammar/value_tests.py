"""Tests of one value: a value alone means equal to it, a mapping has exactly one operator."""

from __future__ import annotations

from typing import Annotated

from pydantic import Discriminator, Field, Tag, model_validator

from processors.lifecycle.definition.grammar.terms import Part, Points, Scalar, Text, by_shape
from processors.strict_yaml.problem import refuse

ListReference = Annotated[str, Field(pattern=r"^\$[a-z][a-z0-9_-]*$")]


def _one_operator(part: Part) -> None:
    given = [name.rstrip("_") for name in type(part).model_fields if name in part.model_fields_set]
    if len(given) != 1:
        found = f"{len(given)} ({', '.join(given)})" if given else "none"
        raise refuse(f"a test has exactly one operator, this has {found}", "write for example {gte: 10}")


def _is_values(value: object) -> str:
    return "<reference>" if isinstance(value, str) else "<list>"


Values = Annotated[
    Annotated[ListReference, Tag("<reference>")]
    | Annotated[Annotated[list[Scalar], Field(min_length=1)], Tag("<list>")],
    Discriminator(_is_values),
]


Texts = Annotated[
    Annotated[ListReference, Tag("<reference>")]
    | Annotated[Annotated[list[Text], Field(min_length=1)], Tag("<list>")],
    Discriminator(_is_values),
]


class Test(Part):
    """A test of one value: exactly one operator."""

    __test__ = False  # not a pytest class

    eq: Scalar = None
    """Equal to this value; the same as writing the value alone."""
    ne: Scalar = None
    """Different from this value, or absent."""
    in_: Values | None = Field(default=None, alias="in")
    """One of these values, or of a list: `$name`."""
    not_in: Values | None = None
    """None of these values, nor of a list: `$name`."""
    gte: Scalar = None
    """At least this number or time."""
    gt: Scalar = None
    """More than this number, or after this time."""
    lte: Scalar = None
    """At most this number or time."""
    lt: Scalar = None
    """Less than this number, or before this time."""
    starts_with: Text | None = None
    """Text that begins so, capitals included."""
    ends_with: Text | None = None
    """Text that ends so, capitals included."""
    contains: Text | None = None
    """Text that contains this; capitals make no difference."""
    contains_any: Texts | None = None
    """Text that contains one of these; capitals make no difference."""
    path: Text | None = None
    """A glob over a URL's path: `*` within one segment, `**` over any number of them."""
    exists: bool | None = None
    """Whether there is a value."""

    @model_validator(mode="after")
    def _has_one_operator(self) -> Test:
        _one_operator(self)
        return self


class PointsTest(Part):
    """A test of a score: exactly one operator."""

    eq: Points | None = None
    """Equal to so many points; the same as writing the number alone."""
    ne: Points | None = None
    """Any other number of points."""
    gte: Points | None = None
    """At least so many points."""
    gt: Points | None = None
    """More points than this."""
    lte: Points | None = None
    """At most so many points."""
    lt: Points | None = None
    """Fewer points than this."""

    @model_validator(mode="after")
    def _has_one_operator(self) -> PointsTest:
        _one_operator(self)
        return self


TestOrScalar = Annotated[
    Annotated[Test, Tag("<test>")] | Annotated[Scalar, Tag("<scalar>")], by_shape("<test>", "<scalar>")
]
PointsTestOrScalar = Annotated[
    Annotated[PointsTest, Tag("<test>")] | Annotated[Points, Tag("<scalar>")], by_shape("<test>", "<scalar>")
]
