"""How far a server's clock is from this machine's, as far as one question can tell."""

from __future__ import annotations


def outside(theirs: float, asked: float, answered: float) -> float:
    """Return how far their time lies outside of the request's; 0 inside, positive past it."""
    return max(0.0, theirs - answered) or min(0.0, theirs - asked)
