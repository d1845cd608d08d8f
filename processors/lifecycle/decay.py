"""Forward decay in integers: the same sum on every machine, in any order of arrival.

An event's weight grows with its time instead of shrinking with age: 2^(t / half-life). Weights are kept as
whole numbers per epoch (one half-life long): an event adds 2^fraction in fixed point to its epoch's sum.
Reading at `now` shifts each epoch's sum by its age and multiplies once by 2^-fraction. Sums of integers
commute, so late events cost nothing. Points are no part of the sums: a file that changes only points reads
them otherwise from the same state.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from math import isqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FRACTION_BITS = 24  # of a half-life: under 0.2 s of 30 days, and 0.000004 % of the points
HALF_BITS = 12  # a fraction is looked up as two halves: two tables of 4,096 instead of one of 16 million
WEIGHT_BITS = 40  # of a stored weight: 4 million events fit one epoch before a sum outgrows 64 bits
READ_BITS = 60  # of the factor a sum is multiplied with when read; never stored
EPOCHS = 40  # kept per sum, counted back from the newest: older points have shrunk to 2^-40
TIE_BITS = 10  # see `fade`
_MASK = (1 << HALF_BITS) - 1
_SHIFT = WEIGHT_BITS + EPOCHS + READ_BITS
_HALF = (1 << _SHIFT - 1) + (1 << _SHIFT - TIE_BITS)

Sums = dict[int, int]
"""Epoch → sum of weights."""
Shape = tuple[int, int, int, int]
"""How a rule's sums are read: half-life, points, least and most it may be worth."""
Totals = dict[int, tuple[int, int]]
"""Rule → epoch, and the points its sums come to in that epoch: remembered from one reading to the next."""


def _powers(root_steps: int, bits: int) -> tuple[int, ...]:
    """2^(k / 2^root_steps) for 4,096 values of k, rounded to `bits` after the point.

    Worked out by repeated integer square roots with 200 guard bits, so that no floating point unit and no
    C library has a say in the result.
    """
    precision = bits + 200
    root = 2 << precision
    for _ in range(root_steps):
        root = isqrt(root << precision)
    powers, power = [], 1 << precision
    for _ in range(1 << HALF_BITS):
        powers.append((power + (1 << 199)) >> 200)
        power = power * root >> precision
    return tuple(powers)


_GROW_HIGH = _powers(HALF_BITS, WEIGHT_BITS)
_GROW_LOW = _powers(FRACTION_BITS, WEIGHT_BITS)
_FINE_HIGH = _powers(HALF_BITS, READ_BITS)
_FINE_LOW = _powers(FRACTION_BITS, READ_BITS)


@lru_cache(maxsize=256)  # an event mostly counts for several rules of one half-life
def weigh(at: int, half_life: int) -> tuple[int, int]:
    """Epoch and weight of an event at that time."""
    epoch, rest = divmod(at, half_life)
    fraction = (rest << FRACTION_BITS) // half_life
    return epoch, _GROW_HIGH[fraction >> HALF_BITS] * _GROW_LOW[fraction & _MASK] >> WEIGHT_BITS


def add(sums: Sums, epoch: int, weight: int) -> None:
    """Add a weight. What is dropped depends on the newest epoch alone, so order does not matter."""
    if epoch in sums:
        sums[epoch] += weight
        return
    newest = max(sums, default=epoch)
    if epoch > newest - EPOCHS:
        sums[epoch] = weight
        for old in [kept for kept in sums if kept <= epoch - EPOCHS]:
            del sums[old]


def take(sums: Sums, epoch: int, weight: int) -> None:
    """Take a weight back out that was added before."""
    left = sums.get(epoch, 0) - weight
    if left > 0:
        sums[epoch] = left
    else:
        sums.pop(epoch, None)


def fade(rules: Mapping[int, Sums], shapes: Mapping[int, Shape], now: int, totals: Totals) -> dict[int, int]:
    """Read every rule's sums at `now`: its points for each unit of weight, decayed, rounded half up, capped.

    `totals` holds none of a rule whose sums have changed since, and is filled in here. Fixed point may land a
    hair (2^-30 of the value) under an exact half; 2^-TIE_BITS of a unit is added so that an exact half is
    still rounded up.
    """
    worth: dict[int, int] = {}
    current = epoch = shrunk = 0
    for rule, sums in rules.items():
        half_life, points, low, high = shapes[rule]
        if half_life != current:  # most often all rules have the same one
            current = half_life
            epoch, shrunk = _factor(now, half_life)
        known = totals.get(rule)
        if known is None or known[0] != epoch:
            known = totals[rule] = epoch, points * _total(sums, epoch)
        value = (known[1] * shrunk + _HALF) >> _SHIFT
        worth[rule] = low if value < low else value if value < high else high  # noqa: FURB136 - `min` is a call
    return worth


def _total(sums: Sums, epoch: int) -> int:
    """Shift every epoch's sum by its age and add them up; `EPOCHS` bits after the point."""
    total = 0
    for kept, weight in sums.items():
        age = epoch - kept
        if age <= EPOCHS:
            total += weight << (EPOCHS - age)
    return total


def _factor(now: int, half_life: int) -> tuple[int, int]:
    """Epoch and 2^-fraction of the moment of reading: the same for all rules of one half-life."""
    epoch, rest = divmod(now, half_life)
    return epoch, shrink(rest, half_life)


def shrink(rest: int, half_life: int) -> int:
    """2^-(rest / half_life) for 0 <= rest < half_life, with READ_BITS after the point.

    2^-f is 2^(1 - f) / 2, and 1 - f is in the tables of growth.
    """
    fraction = (rest << FRACTION_BITS) // half_life
    if fraction == 0:
        return 1 << READ_BITS
    fraction = (1 << FRACTION_BITS) - fraction
    return _FINE_HIGH[fraction >> HALF_BITS] * _FINE_LOW[fraction & _MASK] >> READ_BITS + 1


def halvings(start: int, end: int) -> int:
    """How many half-lives `start` takes to shrink to `end` (0 < end <= start), in 2^-24, rounded down."""
    whole = max(0, start.bit_length() - end.bit_length() - 1)
    while start >> whole + 1 >= end:
        whole += 1
    ratio = (start << READ_BITS) // (end << whole)  # 1 to 2
    high = bisect_right(_FINE_HIGH, ratio) - 1
    low = bisect_right(_FINE_LOW, (ratio << READ_BITS) // _FINE_HIGH[high]) - 1
    return (whole << FRACTION_BITS) + (high << HALF_BITS) + low
