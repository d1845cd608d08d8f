"""One thing that the doctor looked at, and what is to be done about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LOOK_AGAIN = "Look again in a few seconds."


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`about`: what was looked at. `remedy` is empty where nothing is to be done.

    `unknown`: it could not be looked at (a right is missing, say); that is no reason to fail.
    """

    about: str
    state: Literal["ok", "wrong", "unknown"]
    what: str
    remedy: str = ""


def ok(about: str, what: str) -> Finding:
    """Make a finding with nothing to be done."""
    return Finding(about=about, state="ok", what=what)


def wrong(about: str, what: str, remedy: str) -> Finding:
    """Make a finding of something to be mended."""
    return Finding(about=about, state="wrong", what=what, remedy=remedy)


def unknown(about: str, what: str, remedy: str) -> Finding:
    """Make a finding of something that could not be looked at."""
    return Finding(about=about, state="unknown", what=what, remedy=remedy)
