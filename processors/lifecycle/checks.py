"""A compiled condition: whether it holds, and when time alone could change that.

`rises` and `falls` look ahead: the earliest time after `now` at which the condition may become true (asked
while it is false) or false (asked while it is true) though nothing happens. Never later than the truth; where
it is earlier, the timer fires, finds nothing changed and asks again. None says at compile time: never.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from processors.lifecycle.sums import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable

    from processors.lifecycle.contact import Contact

    Ahead = Callable[[Contact, int], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`deps` has a bit for everything the condition reads (see `inputs`)."""

    holds: Callable[[Contact, int], bool]
    deps: int
    rises: Ahead | None = None
    falls: Ahead | None = None


def negate(check: Check) -> Check:
    """Build the check that holds when this one does not."""
    holds = check.holds
    return Check(
        holds=lambda contact, now: not holds(contact, now),
        deps=check.deps,
        rises=check.falls,
        falls=check.rises,
    )


def all_of(checks: tuple[Check, ...]) -> Check:
    """Every one holds."""
    tests = tuple(check.holds for check in checks)

    def holds(contact: Contact, now: int) -> bool:
        for test in tests:  # noqa: SIM110 - `all` would make a generator each time
            if not test(contact, now):
                return False
        return True

    return Check(
        holds=holds,
        deps=_deps(checks),
        rises=_last_of(checks, rising=True),
        falls=_first_of(checks, rising=False),
    )


def any_of(checks: tuple[Check, ...]) -> Check:
    """At least one holds."""
    tests = tuple(check.holds for check in checks)

    def holds(contact: Contact, now: int) -> bool:
        for test in tests:  # noqa: SIM110
            if test(contact, now):
                return True
        return False

    return Check(
        holds=holds,
        deps=_deps(checks),
        rises=_first_of(checks, rising=True),
        falls=_last_of(checks, rising=False),
    )


def _deps(checks: tuple[Check, ...]) -> int:
    deps = 0
    for check in checks:
        deps |= check.deps
    return deps


def _ahead(check: Check, *, rising: bool) -> Ahead | None:
    return check.rises if rising else check.falls


def _first_of(checks: tuple[Check, ...], *, rising: bool) -> Ahead | None:
    """All are on one side, and one that changes is enough: the first that may."""
    aheads = tuple(ahead for check in checks if (ahead := _ahead(check, rising=rising)))
    if not aheads:
        return None
    if len(aheads) == 1:
        return aheads[0]
    return lambda contact, now: min([ahead(contact, now) for ahead in aheads])


def _last_of(checks: tuple[Check, ...], *, rising: bool) -> Ahead | None:
    """Wait for all of those on the wrong side: not before the last that may change."""
    pairs = tuple((check.holds, _ahead(check, rising=rising)) for check in checks)
    if all(ahead is None for _holds, ahead in pairs):
        return None

    def ahead(contact: Contact, now: int) -> int:
        due = now + 1
        for holds, one in pairs:
            if holds(contact, now) is not rising:
                due = max(due, NEVER if one is None else one(contact, now))
        return due

    return ahead
