"""What is to be varied, as the command line has it: `PATH=3..8`, `PATH=7d..28d step 7d`, `PATH=a,b`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING

from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 100  # combinations: each is a fold of the whole log, and all their contacts are in memory at once
_NUMBER = r"[-+]?[0-9]{1,12}(?:\.[0-9]{1,3})?"
_UNIT = r"[smhdw%]?"
_RANGE = re.compile(rf"({_NUMBER})({_UNIT})\.\.({_NUMBER})({_UNIT})(?:\s+step\s+({_NUMBER})({_UNIT}))?")
_INDEX = re.compile(r"\[([0-9]+)\]")
_HOW = "write PATH=3..8, PATH=7d..28d step 7d, or PATH=a,b,c"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vary:
    """One value of the file, and the texts that are to stand in its place."""

    path: tuple[str, ...]
    texts: tuple[str, ...]

    @property
    def name(self) -> str:
        """The path as one word."""
        return ".".join(self.path)


def read_vary(written: str) -> Vary:
    """Read `PATH=SPEC`. Raises LifecycleError with what is wrong and how it is written."""
    place, equals, spec = written.partition("=")
    path = tuple(_INDEX.sub(r".\1", place.strip()).split("."))
    if not equals or not all(path):
        raise LifecycleError(f"--vary {written}: not a path and its values; {_HOW}.")
    texts = _texts(spec.strip())
    if not texts or not all(texts):
        raise LifecycleError(f"--vary {written}: no values; {_HOW}.")
    return Vary(path=path, texts=tuple(dict.fromkeys(texts)))


def combinations(varied: Sequence[Vary]) -> list[dict[str, str]]:
    """Return every combination as name → text. Raises LifecycleError for a name twice, or too many."""
    names = [one.name for one in varied]
    if twice := {name for name in names if names.count(name) > 1}:
        raise LifecycleError(f"--vary {min(twice)}: given twice; put its values into one list.")
    count = 1
    for one in varied:
        count *= len(one.texts)
    if count > MOST:
        sizes = " by ".join(str(len(one.texts)) for one in varied)
        raise LifecycleError(
            f"{sizes} = {count:,} combinations; at most {MOST} are evaluated in one pass. Take larger steps."
        )
    return [dict(zip(names, texts, strict=True)) for texts in product(*(one.texts for one in varied))]


def _texts(spec: str) -> list[str]:
    if ".." not in spec:
        return [text.strip() for text in spec.split(",")]
    found = _RANGE.fullmatch(spec)
    if found is None:
        raise LifecycleError(f"{spec!r} is not a range of values; {_HOW}.")
    first, unit, last, unit_of_last, step, unit_of_step = found.groups()
    if unit != unit_of_last or (step is not None and unit != unit_of_step):
        raise LifecycleError(f"{spec!r} mixes units; write all of it in one, as 7d..28d step 7d.")
    return [f"{value}{unit}" for value in _steps(spec, Decimal(first), Decimal(last), Decimal(step or 1))]


def _steps(spec: str, first: Decimal, last: Decimal, step: Decimal) -> list[str]:
    if step <= 0 or last < first:
        raise LifecycleError(f"{spec!r} goes nowhere: the first value is the lowest, the step above zero.")
    count = int((last - first) / step) + 1
    if count > MOST:
        raise LifecycleError(
            f"{spec!r} has {count:,} values; at most {MOST} are evaluated. Take larger steps."
        )
    return [f"{(first + step * index).normalize():f}" for index in range(count)]
