"""From the bytes of a lifecycle file to its plan, or to everything that is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from processors.lifecycle.definition.checks import check
from processors.lifecycle.definition.checks.companies import check_floor
from processors.lifecycle.definition.checks.moves import check_moves
from processors.lifecycle.definition.checks.published import check_published
from processors.lifecycle.definition.compile import compile_plan
from processors.lifecycle.definition.shape import read_shape
from processors.strict_yaml.problem import Problem, render
from processors.strict_yaml.source import read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from processors.lifecycle.definition.grammar.lifecycle import Lifecycle
    from processors.lifecycle.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What came of a file: the lifecycle and its plan, or problems in order of position."""

    name: str
    text: str
    lifecycle: Lifecycle | None
    plan: Plan | None
    problems: tuple[Problem, ...]

    @property
    def report(self) -> str:
        """The problems as a person reads them."""
        return render(self.problems, name=self.name, text=self.text)


def load(data: bytes, name: str, published: Mapping[str, str] | None = None) -> Loaded:
    """Read, check and compile a file; `name` is what reports call it.

    `published`: id@version → plan hash of versions that may not change.
    """
    source = read(data, name)
    lifecycle = None if source.problems else read_shape(source)
    if lifecycle is not None:
        check(lifecycle, source)
    plan = None
    if lifecycle is not None and not source.problems:
        plan = compile_plan(lifecycle)
        check_moves(lifecycle, plan, source)
        check_floor(plan, source)
        check_published(plan, published or {}, source)
    return Loaded(
        name=name,
        text=source.text,
        lifecycle=lifecycle,
        plan=None if source.problems else plan,
        problems=tuple(sorted(source.problems)),
    )
