from __future__ import annotations

from decimal import Decimal, localcontext
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.lifecycle import decay
from processors.lifecycle.contact import Contact
from processors.lifecycle.sums import Fading
from tests.builders.story import DAY, MONDAY

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

HALF_LIFE = 30 * DAY
times = st.integers(MONDAY - 400 * DAY, MONDAY)


def read(at: list[int], now: int, points: int = 1_000, half_life: int = HALF_LIFE) -> int:
    sums: decay.Sums = {}
    for one in at:
        decay.add(sums, *decay.weigh(one, half_life))
    shape = (half_life, points, -(1 << 62), 1 << 62)
    return decay.fade({0: sums}, {0: shape}, now, {})[0]


def test_forty_points_a_half_life_ago_and_forty_now_are_sixty() -> None:
    assert read([MONDAY - HALF_LIFE, MONDAY], MONDAY, 40_000) == 60_000


@pytest.mark.parametrize(
    ("half_lives", "left"), [(0, 5_000), (1, 2_500), (3, 625), (4, 313), (9, 10), (13, 1), (14, 0)]
)
def test_halves_are_exact_and_an_exact_half_is_rounded_up(half_lives: int, left: int) -> None:
    for off in (0, 1, 12_345, HALF_LIFE - 1):  # wherever in its epoch the event falls
        start = MONDAY + off
        assert read([start], start + half_lives * HALF_LIFE, 5_000) == left


def test_negative_points_round_half_up_too() -> None:
    assert read([MONDAY], MONDAY + 4 * HALF_LIFE, -5_000) == -312


@given(st.lists(times, max_size=40), st.randoms(use_true_random=False))
def test_the_order_of_arrival_leaves_no_trace(at: list[int], random: Random) -> None:
    shuffled = at[:]
    random.shuffle(shuffled)
    one: decay.Sums = {}
    other: decay.Sums = {}
    for time in at:
        decay.add(one, *decay.weigh(time, DAY))
    for time in shuffled:
        decay.add(other, *decay.weigh(time, DAY))
    assert one == other


@given(st.lists(times, min_size=1, max_size=20), st.integers(0, 200 * DAY), st.integers(1, 100_000))
def test_a_reading_is_the_true_value_to_less_than_a_thousandth_of_a_point(
    at: list[int], later: int, points: int
) -> None:
    now = MONDAY + later
    with localcontext() as context:
        context.prec = 40
        parts = (points * Decimal(2) ** (Decimal(time - now) / HALF_LIFE) for time in at)
        exact = sum(parts, Decimal())
    assert abs(read(at, now, points) - exact) <= Decimal("0.52")


@given(times, times)
def test_taking_back_leaves_what_was_there_before(kept: int, voided: int) -> None:
    sums: decay.Sums = {}
    decay.add(sums, *decay.weigh(kept, HALF_LIFE))
    before = dict(sums)
    decay.add(sums, *decay.weigh(voided, HALF_LIFE))
    decay.take(sums, *decay.weigh(voided, HALF_LIFE))
    assert sums == before


@given(times, st.integers(1, 10**9), st.integers(1, 50_000))
def test_a_reading_never_grows_with_time(at: int, step: int, points: int) -> None:
    assert read([at], MONDAY + step, points) <= read([at], MONDAY, points)


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_halvings_are_rounded_down_to_a_2_to_the_24th(one: int, other: int) -> None:
    start, end = max(one, other), min(one, other)
    with localcontext() as context:
        context.prec = 40
        exact = (Decimal(start) / Decimal(end)).ln() / Decimal(2).ln() * 2**24
    assert exact - Decimal("1.01") <= decay.halvings(start, end) <= exact + Decimal("0.01")


def test_what_is_older_than_forty_half_lives_is_dropped_whatever_the_order() -> None:
    old, new = MONDAY - 50 * DAY, MONDAY
    for order in ((old, new), (new, old)):
        sums: decay.Sums = {}
        for time in order:
            decay.add(sums, *decay.weigh(time, DAY))
        assert len(sums) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda fading, contact, _other: fading.add(contact, 3),
        lambda fading, contact, _other: fading.take(contact, 1),
        lambda fading, contact, other: fading.merge(contact, other),
    ],
    ids=["add", "take", "merge"],
)
def test_what_the_sums_come_to_is_worked_out_anew_after_each_change(
    change: Callable[[Fading, Contact, Contact], object],
) -> None:
    fading, shapes = Fading(0, DAY), {0: (DAY, 1_000, 0, 1 << 40)}
    contact, other = Contact(), Contact()
    fading.add(other, 5)
    fading.add(contact, 0)
    fading.add(contact, 1)
    before = decay.fade(contact.sums, shapes, 10, contact.totals)
    change(fading, contact, other)
    after = decay.fade(contact.sums, shapes, 10, contact.totals)
    assert before != after == decay.fade(contact.sums, shapes, 10, {})
