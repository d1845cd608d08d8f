"""When a score crosses a threshold though nothing happens: exact to the millisecond, cheap until it is near.

Between two steps a score is a sum of parts that fade towards zero and parts that stand still. Far from the
threshold one logarithm gives a time before which it cannot be crossed; near it the exact millisecond is found
by halving, with the best that an interval could bring (falling: positive parts at its end, negative ones at
its start) as the bound. So mixed signs, caps and maxima need no case of their own. A score of which only what
was given fades can only sink, and is looked up at single moments.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from processors.lifecycle import decay
from processors.lifecycle.plan import TOTAL
from processors.lifecycle.sums import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from processors.lifecycle.contact import Contact
    from processors.lifecycle.scores import Board, Card, Movement, Part

    Possible = Callable[[int, int], bool]
    Search = Callable[[int, int, int], int]

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

    def first(start: int, end: int, wait: int) -> int:
        if card.only_sinks(contact):
            return _first_below(threshold, _as_it_fades(card, contact, now), (start, end, wait))
        return _first(start, end, lambda start, end: _extreme(card, contact, end, start) < threshold)

    return _crossing(outlook, need, now, first)


def rises_to(card: Card, threshold: int, contact: Contact, now: int) -> int:
    """Earliest time after `now` at which the score may be `threshold` or more, asked while it is less."""
    if not card.lifted_by_time(contact, now):
        return _next_step(card, contact, now)
    outlook = _outlook(card, contact, now, sign=-1)
    need = outlook.steady - threshold
    if need < 0 or not outlook.fading:
        return outlook.step

    def first(start: int, end: int, _wait: int) -> int:
        return _first(start, end, lambda start, end: _extreme(card, contact, start, end) >= threshold)

    return _crossing(outlook, need, now, first)


def _crossing(outlook: Outlook, need: int, now: int, first: Search) -> int:
    wait = _wait(outlook, need)
    if wait > outlook.half_life >> NEAR_BITS:
        return min(now + wait, outlook.step)
    if outlook.step == now + 1:
        return outlook.step
    return first(now + 1, min(now + outlook.half_life, outlook.step - 1), wait)


def _wait(outlook: Outlook, need: int) -> int:
    """How long the fading parts stay above `need` for certain; each part may be a rounding off."""
    start, end = outlook.fading - outlook.parts, need + outlook.parts
    if end >= start:
        return 0
    return max(0, (decay.halvings(start, end) * outlook.half_life >> decay.FRACTION_BITS) - 1)


def _first_below(threshold: int, score: Callable[[int], int], span: tuple[int, int, int]) -> int:
    """First millisecond of `span` at which a score that only sinks is less than `threshold`, or its end + 1.

    `span` is start, end and how long nothing is expected from the start.
    """
    start, end, wait = span
    near, interval = min(end, start + wait), FIRST_INTERVAL
    while score(near) >= threshold:
        if near >= end:
            return end + 1
        start, near, interval = near + 1, min(end, near + interval), interval * 16
    return start + bisect_left(range(start, near), -threshold + 1, key=lambda at: -score(at))


def _as_it_fades(card: Card, contact: Contact, now: int) -> Callable[[int], int]:
    """Build the score as a function of time, until something steps: only what fades is read again."""
    board, totals = card.board, contact.totals
    scores = board.scores_of(card.index)
    fading = {rule: sums for rule, sums in contact.sums.items() if board.parts[rule].score in scores}
    worth = board.read(contact, now).parts
    steady = board.summed({rule: points for rule, points in worth.items() if rule not in fading})

    def score(at: int) -> int:
        read = board.under_max(board.faded(fading, at, totals), steady)
        return sum(read) if card.index == TOTAL else read[card.index]

    return score


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
    movements = reading.movements.get(sign)
    if movements is None:
        movements = reading.movements[sign] = _movements(board, reading.parts, sign)
    step = _next_step(card, contact, now)
    if card.index != TOTAL:
        moving, still, half_life, parts = movements[card.index]
        return Outlook(moving, still, half_life, parts + 1, step)
    fading = steady = 0
    shortest, rounded = NEVER, 1
    for moving, still, half_life, parts in movements:
        fading, steady, rounded = fading + moving, steady + still, rounded + parts
        shortest = min(shortest, half_life)
    return Outlook(fading, steady, shortest, rounded, step)


def _movements(board: Board, worth: Mapping[int, int], sign: int) -> list[Movement]:
    """Tell what time does to each score."""
    score_of, half_lives = board.score_of, board.half_lives
    movements = [[0, 0, NEVER, 0] for _score in board.maxima]
    for rule, points in worth.items():
        if points:
            movement, fades = movements[score_of[rule]], half_lives[rule]
            movement[3] += 1
            if fades and points * sign > 0:
                movement[0] += points * sign
                movement[2] = min(movement[2], fades)
            else:
                movement[1] += points
    for limit, movement in zip(board.maxima, movements, strict=True):
        if limit is not None:
            movement[:2] = _under_max(limit, movement[0], movement[1], sign)
    return movements


def _under_max(limit: int, moving: int, still: int, sign: int) -> tuple[int, int]:
    """Tell what counts of a score whose parts exceed its max: the surplus has to fade first."""
    if still + sign * moving <= limit:
        return moving, still
    if sign < 0 or still > limit:
        return 0, limit
    return limit - still, still


def _next_step(card: Card, contact: Contact, now: int) -> int:
    """When the next rule that ages by steps, or a rule for fit, may change."""
    if not contact.stamps and not card.board.fits_age:
        return NEVER
    due = NEVER
    for part in card.stepping:
        if part.rule in contact.stamps or part.check is not None:
            due = min(due, _step_of(part, contact, now))
    return due


def _step_of(part: Part, contact: Contact, now: int) -> int:
    if part.steps is not None:
        return part.steps.next_step(contact, now)
    if part.check is None:
        return NEVER
    ahead = part.check.falls if part.check.holds(contact, now) else part.check.rises
    return NEVER if ahead is None else ahead(contact, now)
