"""What an address asks for after its question mark. Each raises QuestionError for what makes no sense."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from projections.periods import Period, span_ms

if TYPE_CHECKING:
    from starlette.requests import Request

MOMENT = re.compile(r"[0-9]{1,15}")  # ms: far beyond any time that an event can have
NUMBER = re.compile(r"[1-9][0-9]{0,3}")


class QuestionError(Exception):
    """What was asked for makes no sense; says how it is written. Next: 400."""


def number_asked(request: Request, name: str, usual: int, most: int) -> int:
    """Return a whole number from 1 to `most`."""
    given = request.query_params.get(name, str(usual))
    if not (NUMBER.fullmatch(given) and int(given) <= most):
        raise QuestionError(f"{name} is a whole number from 1 to {most}.")
    return int(given)


def within_asked(request: Request) -> int | None:
    """Return `within` in ms; None: not given."""
    given = request.query_params.get("within")
    found = None if given is None else span_ms(given)
    if given is not None and found is None:
        raise QuestionError("within is a length of time such as 90m, 36h or 30d.")
    return found


def period_asked(request: Request) -> Period:
    """Return the period from `since` to just before `until`."""
    try:
        return Period(since=_moment(request, "since"), until=_moment(request, "until"))
    except ValueError as error:
        raise QuestionError(str(error)) from error


def _moment(request: Request, name: str) -> int | None:
    given = request.query_params.get(name)
    if given is not None and not MOMENT.fullmatch(given):
        raise QuestionError(f"{name} is a time in milliseconds since 1970.")
    return None if given is None else int(given)
