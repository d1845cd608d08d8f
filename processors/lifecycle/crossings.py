"""When a score crosses a threshold though nothing happens: exact to the millisecond, cheap until it is near.

Between two steps a score is a sum of parts that fade towards zero and parts that stand still. Far from the
threshold one logarithm gives a time before which it cannot be crossed; near it the exact millisecond is found
by halving, with the best that an interval could bring (falling: positive parts at its end, negative ones at
its start) as the bound. So mixed signs, caps and maxima need no case of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from processors.lifecycle import decay
from processors.lifecycle.plan import TOTAL
from processors.lifecycle.scores import Movement
from processors.lifecycle.sums import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from processors.lifecycle.contact import Contact
    from processors.lifecycle.scores import Board, Card, Part

    Possible = Callable[[int, int], bool]

NEAR_BITS = 10  # nearer than 1/1024 of a half-life, the exact millisecond is worth finding
FIRST_INTERVAL = 4_096  # ms
BUDGET = 64  # dead ends before giving up; only signs that nearly cancel ever meet more than a few


class Outlook(NamedTuple):
    """What can still move a score: the parts that fade, how fast at most, and when the next step comes."""

    fading: int  # the parts that take it towards the threshold, in all
    steady: int  # the rest at its most favourable
    half_life: int  # shortest of those that fade
    parts: int  # how many are rounded
    step: int


def falls_below(card: Card, threshold: int, contact: Contact, now: int) -> int:
    """Earliest time after `now` at which the score may be less than `threshold`, asked while it is not."""
    outlook = _outlook(card, contact, now, sign=1)
    need = threshold - outlook.steady  # what is left of the fading parts when they cross
    if need <= 0 or not outlook.fading:
        return outlook.step
    return _crossing(outlook, need, now, lambda start, end: _extreme(card, contact, end, start) < threshold)


def rises_to(card: Card, threshold: int, contact: Contact, now: int) -> int:
    """Earliest time after `now` at which the score may be `threshold` or more, asked while it is less."""
    if not card.lifted_by_time(contact, now):
        return _next_step(card, contact, now)
    outlook = _outlook(card, contact, now, sign=-1)
    need = outlook.steady - threshold
    if need < 0 or not outlook.fading:
        return outlook.step
    return _crossing(outlook, need, now, lambda start, end: _extreme(card, contact, start, end) >= threshold)


def _crossing(outlook: Outlook, need: int, now: int, possible: Possible) -> int:
    wait = _wait(outlook, need)
    if wait > outlook.half_life >> NEAR_BITS:
        return min(now + wait, outlook.step)
    if outlook.step == now + 1:
        return outlook.step
    return _first(now + 1, min(now + outlook.half_life, outlook.step - 1), possible)


def _wait(outlook: Outlook, need: int) -> int:
    """How long the fading parts stay above `need` for certain; each part may be a rounding off."""
    start, end = outlook.fading - outlook.parts, need + outlook.parts
    if end >= start:
        return 0
    return max(0, (decay.halvings(start, end) * outlook.half_life >> decay.FRACTION_BITS) - 1)


def _first(start: int, end: int, possible: Possible) -> int:
    """First millisecond that is possible, or end + 1; once the budget is spent, one that is not after it.

    The intervals asked grow from the start, where it is likely, and are halved once one is possible.
    """
    for _ in range(BUDGET):
        middle = min(end, start + FIRST_INTERVAL)
        while middle < end and not possible(start, middle):
            start, middle = middle + 1, min(end, middle + (middle - start + 1) * 16)
        if not possible(start, middle):
            return middle + 1
        start, found = _halve(start, middle, possible)
        if found or start > end:
            return start
    return start


def _halve(start: int, end: int, possible: Possible) -> tuple[int, bool]:
    """Narrow a possible interval down to its first possible millisecond, or drop what is not."""
    while start < end:
        middle = (start + end) // 2
        if possible(start, middle):
            end = middle
        elif possible(middle + 1, end):
            start = middle + 1
        else:
            return end + 1, False
    return start, True


def _extreme(card: Card, contact: Contact, positive_at: int, negative_at: int) -> int:
    """Bound of the score: what gives points read at the one time, what takes points at the other."""
    board = card.board
    worth = board.parts_at(contact, positive_at)
    if positive_at != negative_at and any(points < 0 for points in worth.values()):
        later = board.parts_at(contact, negative_at)
        worth = {rule: points for rule, points in worth.items() if points > 0}
        worth |= {rule: points for rule, points in later.items() if points < 0}
    scores = board.under_max(worth)
    return sum(scores) if card.index == TOTAL else scores[card.index]


def _outlook(card: Card, contact: Contact, now: int, *, sign: int) -> Outlook:
    """`sign` 1: what fades takes the score down; -1: what is fading away lets it rise."""
    board = card.board
    reading = board.read(contact, now)
    fading = steady = 0
    half_life, parts = NEVER, 1
    for score in board.scores_of(card.index):
        known = reading.movements.get((score, sign))
        if known is None:
            known = reading.movements[score, sign] = _movement(board, score, reading.parts, sign)
        fading, steady = fading + known.moving, steady + known.still
        half_life, parts = min(half_life, known.half_life), parts + known.parts
    return Outlook(fading, steady, half_life, parts, _next_step(card, contact, now))


def _movement(board: Board, score: int, worth: Mapping[int, int], sign: int) -> Movement:
    moving = still = parts = 0
    half_life = NEVER
    for rule in board.rules_of[score]:
        points = worth.get(rule)
        if points:
            parts += 1
            fades = board.half_lives[rule]
            if fades and points * sign > 0:
                moving += points * sign
                half_life = min(half_life, fades)
            else:
                still += points
    moving, still = _under_max(board.maxima[score], moving, still, sign)
    return Movement(moving, still, half_life, parts)


def _under_max(limit: int | None, moving: int, still: int, sign: int) -> tuple[int, int]:
    """Tell what counts of a score whose parts exceed its max: the surplus has to fade first."""
    if limit is None or still + sign * moving <= limit:
        return moving, still
    if sign < 0 or still > limit:
        return 0, limit
    return limit - still, still


def _next_step(card: Card, contact: Contact, now: int) -> int:
    """When the next rule that ages by steps, or a rule for fit, may change."""
    if not contact.stamps and not card.board.fits_age:
        return NEVER
    return min((_step_of(part, contact, now) for part in card.stepping), default=NEVER)


def _step_of(part: Part, contact: Contact, now: int) -> int:
    if part.steps is not None:
        return part.steps.next_step(contact, now)
    if part.check is None:
        return NEVER
    ahead = part.check.falls if part.check.holds(contact, now) else part.check.rises
    return NEVER if ahead is None else ahead(contact, now)
