"""What `processors/native` is to Python, when its wheel is installed."""

from typing import Any

class NeedsReference(Exception):
    """This back-end does not do it, the reference has to; nothing was changed. The text says why."""

class Plan:
    """A compiled plan. It tells changes as MessagePack, or with `lines` as `stageline replay` writes them."""

    def __init__(self, plan_json: str, surroundings: str, *, lines: bool = False) -> None:
        """Compile what `plan_to_json` wrote, with what `processors.backend` hands over beside it."""

    def apply(self, state: bytes, event: dict[str, Any]) -> tuple[bytes, list[bytes]]:
        """Apply one event; gives the next state, and each change as bytes."""

    def advance(self, state: bytes, clock: int) -> tuple[bytes, list[bytes]]:
        """Advance the clock (ms); gives the next state, and each change as bytes."""
