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

    def run(
        self, contacts: list[tuple[bytes, list[tuple[int, bytes | None]]]]
    ) -> list[tuple[int, str | None, bytes, int | None, list[tuple[int, bytes]]]]:
        """Do the steps of many contacts, without the interpreter's lock.

        A contact is its state and its steps: offset and bytes of a record of contact-events, or a time of
        the clock and None. Gives for each how many steps were done, why the next one was not (the reference
        has to do it, and the rest can then be asked for again), the state after them, when it is due, and
        each change with its step. A state that cannot be read comes back as it is, with no step done.
        """
